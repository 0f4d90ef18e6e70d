/* A ring of moments; the oldest within the window is compared with the newest. */
#include "scan_speed.h"

/* The n-th newest, from 1 on. */
static int place_of(const struct scan_speed *speed, int n)
{
    return (speed->next + SCAN_SPEED_MOMENTS - n) % SCAN_SPEED_MOMENTS;
}

void scan_speed_take(struct scan_speed *speed, int64_t at_ms, int64_t keys)
{
    if (speed->count > 0 && keys < speed->moments[place_of(speed, 1)].keys)
        speed->count = 0;
    speed->moments[speed->next].at_ms = at_ms;
    speed->moments[speed->next].keys = keys;
    speed->next = (speed->next + 1) % SCAN_SPEED_MOMENTS;
    speed->count += speed->count < SCAN_SPEED_MOMENTS;
}

int64_t scan_speed_per_second(const struct scan_speed *speed)
{
    int newest = place_of(speed, 1), oldest = newest;
    for (int n = 2; n <= speed->count; n++) {
        int place = place_of(speed, n);
        if (speed->moments[newest].at_ms - speed->moments[place].at_ms > SCAN_SPEED_WINDOW_MS)
            break;
        oldest = place;
    }
    int64_t ms = speed->moments[newest].at_ms - speed->moments[oldest].at_ms;
    if (speed->count < 2 || ms <= 0)
        return -1;
    return (speed->moments[newest].keys - speed->moments[oldest].keys) * 1000 / ms;
}
