/* Names and help, a description each. */
#include "pg/metrics.h"

#include "base/clock.h"

#define COUNT_OF(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const char *const effects[] = {[PG_WRITES] = "write", [PG_READS] = "read"};
static const char *const results[] = {[PG_RESULT_OK] = "ok", [PG_RESULT_FAILED] = "failed"};
static const char *const losses[] = {[PG_LOST_IN_USE] = "lost", [PG_LOST_NO_ATTEMPT] = "not_made"};
static const char *const refusals[] = {[PG_REFUSED_AWAY] = "away", [PG_REFUSED_FULL] = "full"};
static const int64_t depths[] = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256};

struct metric pg_metric_connections = {.name = "dcs_database_connections",
                                       .help =
                                           "Database connections of event loops that are ready.",
                                       .type = METRIC_GAUGE};
struct metric pg_metric_connections_lost = {
    .name = "dcs_database_connections_lost_total",
    .help = "Database connections that were lost, and attempts that made none.",
    .labels = {{"reason", losses, COUNT_OF(losses)}}};
struct metric pg_metric_in_flight = {.name = "dcs_database_statements_in_flight",
                                     .help = "Statements sent and not answered yet.",
                                     .type = METRIC_GAUGE};
struct metric pg_metric_depth = {
    .name = "dcs_database_pipeline_depth",
    .help = "Statements that one which was sent found in front of it on its connection.",
    .type = METRIC_HISTOGRAM,
    .bounds = depths,
    .bound_count = COUNT_OF(depths)};
struct metric pg_metric_statements = {
    .name = "dcs_database_statements_total",
    .help = "Statements that event loops sent, by what came of it.",
    .labels = {{"effect", effects, COUNT_OF(effects)}, {"result", results, COUNT_OF(results)}}};
struct metric pg_metric_statement_seconds = {
    .name = "dcs_database_statement_duration_seconds",
    .help = "From a statement's submission until its end is known.",
    .type = METRIC_HISTOGRAM,
    .labels = {{"effect", effects, COUNT_OF(effects)}},
    .bounds = metric_latency_bounds,
    .bound_count = METRIC_LATENCY_BOUNDS,
    .per_unit = 1000000};
struct metric pg_metric_refused = {
    .name = "dcs_database_statements_refused_total",
    .help = "Statements that were not sent: no connection (away), or too many in flight (full).",
    .labels = {{"reason", refusals, COUNT_OF(refusals)}}};

struct metric *const pg_pipeline_metrics[] = {
    &pg_metric_connections, &pg_metric_connections_lost,  &pg_metric_in_flight, &pg_metric_depth,
    &pg_metric_statements,  &pg_metric_statement_seconds, &pg_metric_refused,
};
const int pg_pipeline_metric_count = COUNT_OF(pg_pipeline_metrics);

struct metric pg_metric_calls = {
    .name = "dcs_database_calls_total",
    .help = "Statements of sessions, by what came of it.",
    .labels = {{"effect", effects, COUNT_OF(effects)}, {"result", results, COUNT_OF(results)}}};
struct metric pg_metric_call_seconds = {
    .name = "dcs_database_call_duration_seconds",
    .help = "Of a statement of a session, connecting and repetitions included.",
    .type = METRIC_HISTOGRAM,
    .labels = {{"effect", effects, COUNT_OF(effects)}},
    .bounds = metric_latency_bounds,
    .bound_count = METRIC_LATENCY_BOUNDS,
    .per_unit = 1000000};

struct metric *const pg_session_metrics[] = {&pg_metric_calls, &pg_metric_call_seconds};
const int pg_session_metric_count = COUNT_OF(pg_session_metrics);

static enum pg_result_kind result_of(bool succeeded)
{
    return succeeded ? PG_RESULT_OK : PG_RESULT_FAILED;
}

void pg_note_statement(const struct pg_statement *statement, bool succeeded, int64_t sent_us)
{
    metric_count(&pg_metric_statements, statement->effect, result_of(succeeded));
    metric_observe(&pg_metric_statement_seconds, statement->effect, clock_monotonic_us() - sent_us);
}

void pg_note_call(const struct pg_statement *statement, bool succeeded, int64_t began_us)
{
    metric_count(&pg_metric_calls, statement->effect, result_of(succeeded));
    metric_observe(&pg_metric_call_seconds, statement->effect, clock_monotonic_us() - began_us);
}
