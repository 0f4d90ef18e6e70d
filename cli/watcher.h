/* What commands that look at the database over and over have in common. */
#ifndef CLI_WATCHER_H
#define CLI_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

/* The same command with a session of its own, which does not wait long: whoever watches is told
 * that the database does not answer, and an interruption is not waited for.  Released by
 * watcher_release. */
void watcher_init(struct cli *watcher, const struct cli *cli);
void watcher_release(struct cli *watcher);

/* --interval in milliseconds, or what holds without it. */
int interval_option(const struct arguments *arguments, int64_t default_seconds, int64_t *ret_ms,
                    struct error *err);

/* Waits for so long, or less where an interruption has come (interrupt.h): then it returns false.
 */
bool watcher_rest(int64_t ms);

/* Whether it is the database that failed, in a way that may pass. */
bool watcher_goes_on(const struct error *err);

#endif
