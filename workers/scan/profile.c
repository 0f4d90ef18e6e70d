/* The profiles' names, and sums of what scans cost. */
#include "scan/profile.h"

#include <string.h>

int scan_profile_parse(const char *name, enum scan_profile *ret_profile)
{
    static const char *const names[SCAN_PROFILE_COUNT] = {
        [SCAN_GENTLE] = "gentle", [SCAN_BALANCED] = "balanced", [SCAN_FAST] = "fast"};
    for (int i = 0; i < SCAN_PROFILE_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_profile = (enum scan_profile)i;
            return 0;
        }
    }
    return -1;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void scan_cost_add(struct scan_cost *sum, const struct scan_cost *cost)
{
    for (int i = 0; i < SCAN_PAUSE_REASON_COUNT; i++)
        sum->pauses[i] += cost->pauses[i];
    sum->paused_ms += cost->paused_ms;
    sum->halvings += cost->halvings;
    sum->touched += cost->touched;
    sum->baseline_us = larger(sum->baseline_us, cost->baseline_us);
    sum->worst_us = larger(sum->worst_us, cost->worst_us);
}
