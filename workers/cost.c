/* Beside what every scan tells, a note and the bytes of a dump only where there are any. */
#include "cost.h"

void cost_write(struct json_writer *json, const struct scan_outcome *outcome, const char *profile)
{
    json_writer_begin_object(json);
    json_writer_member_text(json, "profile", profile);
    json_writer_member_number(json, "keys_seen", outcome->keys_seen);
    json_writer_member_number(json, "commands", outcome->commands);
    if (outcome->bytes_read > 0)
        json_writer_member_number(json, "bytes_read", outcome->bytes_read);
    json_writer_member_number(json, "expired_released", outcome->expired_released);
    json_writer_member_number(json, "duration_ms", outcome->duration_ms);
    scan_cost_write(json, &outcome->cost);
    if (outcome->note[0])
        json_writer_member_text(json, "note", outcome->note);
    json_writer_end_object(json);
}
