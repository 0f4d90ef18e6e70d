/* The cursor of SCAN: text that a server gives and takes, and the proof that it does not go in
 * circles.
 *
 * The cursor of an honest server never comes back within one iteration: its bits below the table's
 * size, read in reverse, only grow, also while the table grows or shrinks (dict.c, dictScan; with a
 * slot in front in a cluster).  So a cursor that was seen before means that the iteration has no
 * end. */
#ifndef SCAN_CURSOR_H
#define SCAN_CURSOR_H

#include "base/error.h"
#include "base/text.h"

enum { SCAN_CURSOR_DIGITS_MAX = 20 }; /* of 2^64 - 1 */

/* Keys that a database can have (redis.io/docs, FAQ), and buckets that its table is trusted to
 * have. */
#define SCAN_KEYS_MAX ((int64_t)1 << 32)

struct scan_cursor {
    char digits[SCAN_CURSOR_DIGITS_MAX + 1];
    char seen[SCAN_CURSOR_DIGITS_MAX + 1]; /* the cursor at the last power of two of steps */
    int64_t steps;
    int64_t empty_steps; /* without a key, in a row */
    int64_t empty_steps_max;
};

/* At the start, for SCAN with that COUNT. */
void scan_cursor_init(struct scan_cursor *cursor, int count);

/* The same where the iteration goes on from a cursor that it had got to.  Returns -1 where the text
 * is none. */
int scan_cursor_resume(struct scan_cursor *cursor, int count, struct text digits);

/* Takes the cursor of a reply with that many keys.  ERROR_REDIS_PROTOCOL where it is no cursor or
 * the iteration does not end. */
int scan_cursor_advance(struct scan_cursor *cursor, struct text next, size_t keys,
                        struct error *err);

bool scan_cursor_at_end(const struct scan_cursor *cursor);

#endif
