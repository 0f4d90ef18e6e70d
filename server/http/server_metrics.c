/* Descriptions, a row each, and the one place that knows what an exchange was. */
#include "server_metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/operation.h"
#include "auth/policy.h"
#include "base/clock.h"
#include "exchange_state.h"
#include "ops/exporter.h"

#define COUNT_OF(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { US_PER_SECOND = 1000000, NAMES_MAX = POLICY_OPERATIONS_MAX + 1 };

enum status_class { CLASS_2XX, CLASS_3XX, CLASS_4XX, CLASS_5XX };

/* `POST /v2/...`, and one for what is no operation. */
static const char *operation_names[NAMES_MAX];
static const char *const classes[] = {"2xx", "3xx", "4xx", "5xx"};
static const char *const reasons[] = {
    [TURNED_AWAY_FULL] = "full",           [TURNED_AWAY_ADDRESS] = "address",
    [TURNED_AWAY_DISPLACED] = "displaced", [TURNED_AWAY_LATE] = "late",
    [TURNED_AWAY_HANDSHAKE] = "handshake", [TURNED_AWAY_REFUSED] = "refused",
    [TURNED_AWAY_SHORT_OF] = "short_of"};
static const char *const handshakes[] = {
    [HANDSHAKE_FULL] = "full", [HANDSHAKE_RESUMED] = "resumed", [HANDSHAKE_FAILED] = "failed"};
static const char *const limits[] = {
    [LIMIT_ADDRESS] = "address",   [LIMIT_CREDENTIAL] = "credential", [LIMIT_PROJECT] = "project",
    [LIMIT_CREATION] = "creation", [LIMIT_LOCKED] = "locked",         [LIMIT_STREAMS] = "streams",
    [LIMIT_LOGIN] = "login"};
static const char *const stream_ends[] = {[STREAM_END_FINISHED] = "finished",
                                          [STREAM_END_GONE] = "gone",
                                          [STREAM_END_STOPPED] = "stopped",
                                          [STREAM_END_REFUSED] = "refused"};
static const char *const stream_events[] = {
    [STREAM_EVENT_SENT] = "sent", [STREAM_EVENT_SKIPPED] = "skipped"};

static struct metric requests = {
    .name = "dcs_http_requests_total",
    .help = "Requests that were answered, by operation and class of the status.",
    .labels = {{"operation", operation_names, 0}, {"class", classes, COUNT_OF(classes)}}};
static struct metric request_seconds = {
    .name = "dcs_http_request_duration_seconds",
    .help = "From a request's complete head until its answer is ready to be sent.",
    .type = METRIC_HISTOGRAM,
    .labels = {{"operation", operation_names, 0}},
    .bounds = metric_latency_bounds,
    .bound_count = METRIC_LATENCY_BOUNDS,
    .per_unit = US_PER_SECOND};
struct metric metric_streams = {
    .name = "dcs_event_streams", .help = "Streams of events that are open.", .type = METRIC_GAUGE};
struct metric metric_stream_ends = {.name = "dcs_event_streams_ended_total",
                                    .help = "Streams of events that ended, by why.",
                                    .labels = {{"reason", stream_ends, COUNT_OF(stream_ends)}}};
struct metric metric_stream_events = {
    .name = "dcs_stream_events_total",
    .help = "Events of streams; one that a newer one overtook before it was sent is skipped.",
    .labels = {{"result", stream_events, COUNT_OF(stream_events)}}};
struct metric metric_requests_in_flight = {.name = "dcs_http_requests_in_flight",
                                           .help = "Requests that have begun and are not over.",
                                           .type = METRIC_GAUGE};
struct metric metric_connections = {
    .name = "dcs_connections", .help = "Open connections of clients.", .type = METRIC_GAUGE};
struct metric metric_connections_accepted = {.name = "dcs_connections_accepted_total",
                                             .help = "Connections of clients that were let in."};
struct metric metric_turned_away = {
    .name = "dcs_connections_turned_away_total",
    .help = "Connections that were closed unserved, or before they were served to their end.",
    .labels = {{"reason", reasons, COUNT_OF(reasons)}}};
struct metric metric_handshakes = {.name = "dcs_tls_handshakes_total",
                                   .help = "TLS handshakes, by what came of them.",
                                   .labels = {{"result", handshakes, COUNT_OF(handshakes)}}};
struct metric metric_limited = {.name = "dcs_requests_limited_total",
                                .help = "Requests refused with 429, by the limit.",
                                .labels = {{"limit", limits, COUNT_OF(limits)}}};
struct metric metric_keys_locked = {
    .name = "dcs_access_keys_locked_total",
    .help = "Times that an access key or a user was locked for an address, for wrong signatures or "
            "passwords."};
struct metric metric_locks_met = {
    .name = "dcs_requests_locked_total",
    .help = "Requests whose statement met a lock that somebody else held, and was tried again."};
struct metric metric_audit_events = {.name = "dcs_audit_events_total",
                                     .help = "Events of the audit log that came about."};
struct metric metric_audit_pending = {.name = "dcs_audit_events_pending",
                                      .help = "Events of the audit log that are not written yet.",
                                      .type = METRIC_GAUGE};
struct metric metric_audit_lost = {
    .name = "dcs_audit_events_lost_total",
    .help = "Events of the audit log that found no room and are in the server's log only."};

struct metric metric_certificate_not_after = {
    .name = "dcs_tls_certificate_not_after_seconds",
    .help =
        "When the first certificate of the server's chain ends, in seconds since 1970; 0: none.",
    .type = METRIC_GAUGE};

static struct metric *const own[] = {
    &requests,
    &request_seconds,
    &metric_requests_in_flight,
    &metric_connections,
    &metric_connections_accepted,
    &metric_turned_away,
    &metric_handshakes,
    &metric_limited,
    &metric_streams,
    &metric_stream_ends,
    &metric_stream_events,
    &metric_locks_met,
    &metric_keys_locked,
    &metric_audit_events,
    &metric_audit_pending,
    &metric_audit_lost,
    &metric_certificate_not_after,
};

static const char *make_name(const struct operation *operation)
{
    char *name;
    if (asprintf(&name, "%s %s", http_method_name(operation->method), operation->path) < 0)
        abort();
    return name;
}

const struct operations_metrics *server_metrics_list(void)
{
    static struct operations_metrics parts[SERVER_METRICS_PARTS];
    for (size_t i = 0; i < operation_count; i++)
        operation_names[i] = make_name(&operations[i]);
    operation_names[operation_count] = "none";
    requests.labels[0].count = request_seconds.labels[0].count = (int)operation_count + 1;
    parts[0] = (struct operations_metrics){own, COUNT_OF(own)};
    parts[1] = (struct operations_metrics){auth_metrics, auth_metric_count};
    parts[2] = (struct operations_metrics){pg_pipeline_metrics, pg_pipeline_metric_count};
    parts[3] = (struct operations_metrics){exporter_metrics, exporter_metric_count};
    return parts;
}

const char *server_metrics_name_of(const struct operation *operation)
{
    return operation_names[operation - operations];
}

static enum status_class class_of(int status)
{
    return status >= 500   ? CLASS_5XX
           : status >= 400 ? CLASS_4XX
           : status >= 300 ? CLASS_3XX
                           : CLASS_2XX;
}

void server_metrics_note_answer(const struct exchange *exchange, int status)
{
    const struct operation *operation = exchange->match.operation;
    int row = (int)(operation ? operation - operations : (ptrdiff_t)operation_count);
    metric_count(&requests, row, (int)class_of(status));
    metric_observe(&request_seconds, row, clock_monotonic_us() - exchange->started_us);
}
