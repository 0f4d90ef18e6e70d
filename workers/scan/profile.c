/* The profiles' names, and what scans cost: sums, and the one form in which it is written. */
#include "scan/profile.h"

#include <string.h>

#include "scan/scan.h"

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

int64_t scan_progress_pauses(const struct scan_progress *progress)
{
    return progress->cost.pauses[SCAN_PAUSE_GUARD] + progress->cost.pauses[SCAN_PAUSE_CEILING];
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

_Static_assert(SCAN_PAUSE_REASON_COUNT == 2, "a reason has no name");

const char *scan_pause_reason_name(enum scan_pause_reason reason)
{
    static const char *const names[SCAN_PAUSE_REASON_COUNT] = {
        [SCAN_PAUSE_GUARD] = "guard", [SCAN_PAUSE_CEILING] = "ceiling"};
    return names[reason];
}

void scan_cost_write(struct json_writer *json, const struct scan_cost *cost)
{
    json_writer_name(json, "pauses");
    json_writer_begin_object(json);
    for (int i = 0; i < SCAN_PAUSE_REASON_COUNT; i++)
        json_writer_member_number(json, scan_pause_reason_name((enum scan_pause_reason)i),
                                  cost->pauses[i]);
    json_writer_end_object(json);
    json_writer_member_number(json, "paused_ms", cost->paused_ms);
    json_writer_member_number(json, "halvings", cost->halvings);
    json_writer_member_number(json, "baseline_us", cost->baseline_us);
    json_writer_member_number(json, "worst_us", cost->worst_us);
    json_writer_member_number(json, "touched", cost->touched);
}
