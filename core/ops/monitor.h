/* The thread that finds out, once a second, whether the database is there and migrated, so that who
 * asks waits for nothing; and runs what else is to be looked at as often. */
#ifndef OPS_MONITOR_H
#define OPS_MONITOR_H

#include <stdbool.h>

#include "ops/operations.h"

enum {
    MONITOR_INTERVAL_MS = 1000,
    MONITOR_STATEMENT_MS = 2000,
    /* A finding is older than this only where the thread is stuck: a round takes five seconds for
     * each statement at most. */
    MONITOR_STALE_MS = 15000,
};

struct monitor;

/* Never null; its thread does not run yet.  each_round is called on that thread, before the
 * database is asked. */
struct monitor *monitor_new(const struct operations_settings *settings,
                            void (*each_round)(void *argument), void *argument);
void monitor_start(struct monitor *monitor);
/* Also where it was never started.  What was found stays. */
void monitor_stop(struct monitor *monitor);
void monitor_free(struct monitor *monitor);

/* What was found last; ret_why is a line that says why not, or what there is to know of a schema
 * that is good; it may be empty then.  Any thread, without waiting. */
bool monitor_database_is_good(struct monitor *monitor, char ret_why[OPERATIONS_WHY_MAX + 1]);

#endif
