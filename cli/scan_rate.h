/* How fast running scans are, from what their workers wrote down: out of the last two notes of
 * each, by the worker's own clock, as its notes come at moments of their own. */
#ifndef CLI_SCAN_RATE_H
#define CLI_SCAN_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct scan_note {
    char task[UUID_TEXT_LENGTH + 1];
    int64_t keys_seen;
    int64_t scan_ms; /* what attempts have taken so far */
    int64_t rate;    /* keys a second */
};

/* Zeroed before use, released by scan_rates_release. */
struct scan_rates {
    struct scan_note *notes;
    size_t count, capacity;
};

/* Keys a second of a task: since its note before this one or, at its first, since it began; 0 where
 * that is not known, as after it began anew. */
int64_t scan_rates_take(struct scan_rates *rates, const char *task, int64_t keys_seen,
                        int64_t scan_ms);
void scan_rates_release(struct scan_rates *rates);

/* Seconds that are left at that rate, rounded up; -1 where that is not known. */
int64_t scan_seconds_left(int64_t keys_seen, int64_t keys_total, int64_t rate);

#endif
