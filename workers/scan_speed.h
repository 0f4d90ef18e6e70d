/* Keys per second over the last few seconds, out of how many were seen at moments of these.
 *
 * A plain value, zeroed before use; one thread at a time. */
#ifndef WORKERS_SCAN_SPEED_H
#define WORKERS_SCAN_SPEED_H

#include <stdint.h>

enum { SCAN_SPEED_MOMENTS = 16, SCAN_SPEED_WINDOW_MS = 10000 };

struct scan_speed {
    int count;
    int next;
    struct {
        int64_t at_ms, keys;
    } moments[SCAN_SPEED_MOMENTS];
};

/* So many keys were seen up to then, monotonic ms; about once a second.  Less than before is a
 * beginning. */
void scan_speed_take(struct scan_speed *speed, int64_t at_ms, int64_t keys);

/* Negative where it is not known yet. */
int64_t scan_speed_per_second(const struct scan_speed *speed);

#endif
