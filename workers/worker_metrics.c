/* Descriptions, a row each, and the queue's state as the database tells it. */
#include "worker_metrics.h"

#include "base/clock.h"
#include "base/scope.h"
#include "model/queue_store.h"
#include "ops/exporter.h"
#include "pg/metrics.h"
#include "scan/metrics.h"
#include "webhook_transfer.h"

#define COUNT_OF(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { MS_PER_SECOND = 1000, KINDS = SCAN_KIND_COUNT, COUNTED_MAX = 10000 };

static const char *kinds[KINDS];
static const char *const outcomes[] = {[ATTEMPT_SUCCEEDED] = "succeeded",
                                       [ATTEMPT_FAILED] = "failed",
                                       [ATTEMPT_RETRIED] = "retried",
                                       [ATTEMPT_GIVEN_BACK] = "given_back",
                                       [ATTEMPT_STOPPED] = "stopped"};
static const char *const units[] = {
    [UNIT_CLAIM] = "claim",    [UNIT_RECORD] = "record", [UNIT_LEASE] = "lease",
    [UNIT_UPKEEP] = "upkeep",  [UNIT_PROBER] = "prober", [UNIT_SCHEDULER] = "scheduler",
    [UNIT_WEBHOOK] = "webhook"};
static const char *const webhook_results[WEBHOOK_RESULT_COUNT] = {[WEBHOOK_DELIVERED] = "delivered",
                                                                  [WEBHOOK_UNREACHED] = "address",
                                                                  [WEBHOOK_UNCONNECTED] =
                                                                      "connection",
                                                                  [WEBHOOK_TLS] = "tls",
                                                                  [WEBHOOK_TIMEOUT] = "timeout",
                                                                  [WEBHOOK_REDIRECTED] = "redirect",
                                                                  [WEBHOOK_GONE] = "gone",
                                                                  [WEBHOOK_REFUSED] = "refused",
                                                                  [WEBHOOK_BROKEN] = "broken",
                                                                  [WEBHOOK_UNSIGNED] = "unsigned"};
static const char *const probe_results[] = {
    [PROBE_SUCCEEDED] = "succeeded", [PROBE_FAILED] = "failed"};
static const char *const round_outcomes[] = {
    [ROUND_STARTED] = "started", [ROUND_SKIPPED] = "skipped", [ROUND_MISSED] = "missed"};
static const int64_t durations[] = {100, 1000, 10000, 60000, 300000, 1800000, 3600000, 21600000};

static struct metric waiting = {
    .name = "dcs_tasks_waiting",
    .help = "Tasks of all projects that wait; 10000 stands for that many or more.",
    .type = METRIC_GAUGE};
static struct metric running = {
    .name = "dcs_tasks_running",
    .help = "Tasks of all projects that run or rest between two attempts; counted up to 10000.",
    .type = METRIC_GAUGE};
static struct metric oldest = {
    .name = "dcs_tasks_oldest_waiting_seconds",
    .help = "How long the oldest waiting task could have been claimed by now.",
    .type = METRIC_GAUGE,
    .per_unit = MS_PER_SECOND};
static struct metric lost = {
    .name = "dcs_tasks_oldest_unclaimed_seconds",
    .help = "How long the oldest task of a lost worker, or after a rest, could have been taken up.",
    .type = METRIC_GAUGE,
    .per_unit = MS_PER_SECOND};
static struct metric schedule_lag = {
    .name = "dcs_schedule_lag_seconds",
    .help = "How long ago the oldest round fell due that nobody has made.",
    .type = METRIC_GAUGE,
    .per_unit = MS_PER_SECOND};
static struct metric webhooks_pending = {
    .name = "dcs_webhook_deliveries_pending",
    .help = "Deliveries of all projects that wait, rest or are on their way; counted up to 10000.",
    .type = METRIC_GAUGE};
static struct metric webhooks_oldest = {
    .name = "dcs_webhook_deliveries_oldest_due_seconds",
    .help = "How long ago the oldest attempt fell due that nobody has made.",
    .type = METRIC_GAUGE,
    .per_unit = MS_PER_SECOND};
static struct metric surveyed = {
    .name = "dcs_queue_survey_timestamp_seconds",
    .help = "When the database told of the queue last, in seconds since 1970; 0 is never.",
    .type = METRIC_GAUGE,
    .per_unit = MS_PER_SECOND};

struct metric metric_scan_threads = {.name = "dcs_scan_threads",
                                     .help = "Scans that this worker may run at a time.",
                                     .type = METRIC_GAUGE};
struct metric metric_scans_running = {
    .name = "dcs_scans_running", .help = "Scans that this worker runs.", .type = METRIC_GAUGE};
struct metric metric_keys = {.name = "dcs_scan_keys_total",
                             .help = "Keys that scans have seen.",
                             .labels = {{"kind", kinds, KINDS}}};
struct metric metric_attempts = {.name = "dcs_task_attempts_total",
                                 .help = "Tasks that were taken up.",
                                 .labels = {{"kind", kinds, KINDS}}};
struct metric metric_attempts_ended = {
    .name = "dcs_task_attempts_ended_total",
    .help = "Attempts that ended, by what became of them.",
    .labels = {{"kind", kinds, KINDS}, {"outcome", outcomes, COUNT_OF(outcomes)}}};
struct metric metric_attempt_seconds = {.name = "dcs_task_attempt_duration_seconds",
                                        .help = "How long an attempt's scan took.",
                                        .type = METRIC_HISTOGRAM,
                                        .labels = {{"kind", kinds, KINDS}},
                                        .bounds = durations,
                                        .bound_count = COUNT_OF(durations),
                                        .per_unit = MS_PER_SECOND};
struct metric metric_rescues = {.name = "dcs_tasks_rescued_total",
                                .help = "Tasks taken over from a worker that was lost."};
struct metric metric_given_up = {.name = "dcs_tasks_given_up_total",
                                 .help = "Tasks that failed as every attempt's worker was lost."};
struct metric metric_leases_lost = {
    .name = "dcs_leases_lost_total",
    .help = "Tasks that were found deleted or taken over while they ran."};
struct metric metric_fenced = {.name = "dcs_writes_fenced_total",
                               .help = "Ends of runs that the database refused, as too late."};
struct metric metric_failures = {
    .name = "dcs_worker_database_failures_total",
    .help = "Times that a part of the worker did not get its answer from the database.",
    .labels = {{"unit", units, COUNT_OF(units)}}};
struct metric metric_probes = {.name = "dcs_probes_total",
                               .help = "Probes of instances, by what came of them.",
                               .labels = {{"result", probe_results, COUNT_OF(probe_results)}}};
struct metric metric_rounds = {
    .name = "dcs_schedule_rounds_total",
    .help = "Rounds of automatic analyses that were decided, and earlier ones that were missed.",
    .labels = {{"outcome", round_outcomes, COUNT_OF(round_outcomes)}}};
struct metric metric_webhook_attempts = {
    .name = "dcs_webhook_attempts_total",
    .help = "Attempts to deliver, by what came of them.",
    .labels = {{"result", webhook_results, COUNT_OF(webhook_results)}}};
struct metric metric_webhooks_given_up = {
    .name = "dcs_webhook_deliveries_given_up_total",
    .help = "Deliveries that this worker gave up, after a day or as their receiver is gone."};

static struct metric *const own[] = {
    &waiting,
    &running,
    &oldest,
    &lost,
    &schedule_lag,
    &webhooks_pending,
    &webhooks_oldest,
    &surveyed,
    &metric_scan_threads,
    &metric_scans_running,
    &metric_keys,
    &metric_attempts,
    &metric_attempts_ended,
    &metric_attempt_seconds,
    &metric_rescues,
    &metric_given_up,
    &metric_leases_lost,
    &metric_fenced,
    &metric_failures,
    &metric_probes,
    &metric_rounds,
    &metric_webhook_attempts,
    &metric_webhooks_given_up,
};

const struct operations_metrics *worker_metrics_list(void)
{
    static struct operations_metrics parts[WORKER_METRICS_PARTS];
    for (int i = 0; i < SCAN_KIND_COUNT; i++)
        kinds[i] = scan_kinds[i].name;
    parts[0] = (struct operations_metrics){own, COUNT_OF(own)};
    parts[1] = (struct operations_metrics){scan_metrics, scan_metric_count};
    parts[2] = (struct operations_metrics){pg_session_metrics, pg_session_metric_count};
    parts[3] = (struct operations_metrics){exporter_metrics, exporter_metric_count};
    return parts;
}

const char *attempt_outcome_name(enum attempt_outcome outcome)
{
    return outcomes[outcome];
}

int worker_metrics_survey(void *argument, struct pg_session *session, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    struct pg_parameters parameters;
    (void)argument;
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, COUNTED_MAX);
    if (pg_session_execute(session, &queue_survey, &parameters, &rows, err) < 0)
        return -1;
    metric_set(&waiting, 0, 0, pg_rows_integer(&rows, 0, QUEUE_SURVEY_WAITING));
    metric_set(&running, 0, 0, pg_rows_integer(&rows, 0, QUEUE_SURVEY_RUNNING));
    metric_set(&oldest, 0, 0, pg_rows_integer(&rows, 0, QUEUE_SURVEY_WAITING_MS));
    metric_set(&lost, 0, 0, pg_rows_integer(&rows, 0, QUEUE_SURVEY_LOST_MS));
    metric_set(&schedule_lag, 0, 0, pg_rows_integer(&rows, 0, QUEUE_SURVEY_SCHEDULE_MS));
    metric_set(&webhooks_pending, 0, 0, pg_rows_integer(&rows, 0, QUEUE_SURVEY_WEBHOOKS));
    metric_set(&webhooks_oldest, 0, 0, pg_rows_integer(&rows, 0, QUEUE_SURVEY_WEBHOOKS_MS));
    metric_set(&surveyed, 0, 0, clock_unix_ms());
    return 0;
}
