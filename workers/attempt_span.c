/* Names of attributes are those of OpenTelemetry's semantic conventions for databases, or our own.
 */
#include "attempt_span.h"

#include "base/clock.h"

void attempt_span_begin(const struct exporter *exporter, struct claim *claim)
{
    char id[UUID_HEX_LENGTH + 1];
    if (claim->trace.id[0])
        return;
    uuid_format_hex(&claim->task, id);
    exporter_begin_trace(exporter, id, &claim->trace);
}

void attempt_span_put_node(struct exporter *exporter, const struct claim *claim,
                           const struct scan_visit *visit)
{
    struct span span;
    if (!exporter_wants(exporter, &claim->trace))
        return;
    span_init_child(&span, &claim->trace, "scan node", SPAN_CLIENT, visit->started_us);
    span.ended_us = visit->ended_us;
    span_add_constant(&span, "db.system.name", "redis");
    span_add_text(&span, "server.address", visit->node->host);
    span_add_number(&span, "server.port", visit->node->port);
    span_add_number(&span, "dcs.keys_seen", visit->keys_seen);
    span_add_number(&span, "dcs.commands", visit->commands);
    span_add_number(&span, "dcs.pauses", visit->pauses);
    span_add_number(&span, "dcs.paused_ms", visit->paused_ms);
    if (visit->failure != ERROR_NONE)
        span_fail(&span, error_describe(visit->failure)->symbol);
    exporter_put(exporter, &span);
}

void attempt_span_put_statement(struct exporter *exporter, const struct claim *claim,
                                const struct pg_statement *statement, int64_t sent_us,
                                const struct error *err)
{
    struct span span;
    if (!exporter_wants(exporter, &claim->trace))
        return;
    span_init_child(&span, &claim->trace, statement->name, SPAN_CLIENT, sent_us);
    span.ended_us = clock_monotonic_us();
    span_add_constant(&span, "db.system.name", "postgresql");
    span_add_constant(&span, "db.query.summary", statement->name);
    if (err)
        span_fail(&span, error_describe(err->code)->symbol);
    exporter_put(exporter, &span);
}

void attempt_span_end(struct exporter *exporter, const struct claim *claim,
                      const struct attempt_result *result)
{
    static const char *const names[SCAN_KIND_COUNT] = {[SCAN_KIND_BIGKEY] = "scan bigkey",
                                                       [SCAN_KIND_HOTKEY] = "scan hotkey",
                                                       [SCAN_KIND_EXPIRED] = "scan expired",
                                                       [SCAN_KIND_ANALYSIS] = "scan analysis",
                                                       [SCAN_KIND_OFFLINE] = "scan offline"};
    struct span span;
    char project[UUID_HEX_LENGTH + 1];
    if (!exporter_wants(exporter, &claim->trace))
        return;
    uuid_format_hex(&claim->project, project);
    span_init(&span, &claim->trace, names[claim->kind->id], SPAN_CONSUMER, result->started_us);
    span.ended_us = clock_monotonic_us();
    span_add_text(&span, "dcs.project_id", project);
    span_add_text(&span, "dcs.instance_id", claim->instance.text);
    span_add_text(&span, "dcs.task_id", claim->task.text);
    span_add_constant(&span, "dcs.kind", claim->kind->name);
    span_add_number(&span, "dcs.attempt", claim->attempt);
    span_add_constant(&span, "dcs.outcome", attempt_outcome_name(result->outcome));
    span_add_number(&span, "dcs.keys_seen", result->keys_seen);
    span_add_number(&span, "dcs.pauses", result->pauses);
    if (result->outcome == ATTEMPT_FAILED || result->outcome == ATTEMPT_RETRIED)
        span_fail(&span, error_describe(result->reason)->symbol);
    exporter_put(exporter, &span);
}
