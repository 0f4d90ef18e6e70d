/* The one place where struct scan_cost becomes text. */
#include "cost.h"

_Static_assert(SCAN_PAUSE_REASON_COUNT == 2, "a reason has no name");

static const char *const pause_reasons[SCAN_PAUSE_REASON_COUNT] = {
    [SCAN_PAUSE_GUARD] = "guard",
    [SCAN_PAUSE_CEILING] = "ceiling",
};

void cost_write(struct json_writer *json, const struct scan_outcome *outcome, const char *profile)
{
    const struct scan_cost *cost = &outcome->cost;
    json_writer_begin_object(json);
    json_writer_member_text(json, "profile", profile);
    json_writer_member_number(json, "keys_seen", outcome->keys_seen);
    json_writer_member_number(json, "commands", outcome->commands);
    json_writer_member_number(json, "expired_released", outcome->expired_released);
    json_writer_member_number(json, "duration_ms", outcome->duration_ms);
    json_writer_name(json, "pauses");
    json_writer_begin_object(json);
    for (int i = 0; i < SCAN_PAUSE_REASON_COUNT; i++)
        json_writer_member_number(json, pause_reasons[i], cost->pauses[i]);
    json_writer_end_object(json);
    json_writer_member_number(json, "paused_ms", cost->paused_ms);
    json_writer_member_number(json, "halvings", cost->halvings);
    json_writer_member_number(json, "baseline_us", cost->baseline_us);
    json_writer_member_number(json, "worst_us", cost->worst_us);
    json_writer_end_object(json);
}
