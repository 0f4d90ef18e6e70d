/* Claim, run, record.  A scan that ends because its task is not ours any more records nothing; one
 * that ends because the worker stops gives its task back; one that fails for a reason that may pass
 * is tried again later, by whoever is there. */
#include "runner.h"

#include <poll.h>
#include <stdlib.h>

#include "attempt_span.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "claim.h"
#include "cost.h"
#include "model/scan_task_store.h"
#include "offline/offline.h"
#include "scan/scan.h"
#include "task_progress.h"
#include "worker_metrics.h"

/* The last one: how long a worker that is to stop goes on trying to record. */
enum {
    STATEMENT_TIMEOUT_MS = 10000,
    STATEMENT_MOST_MS = STATEMENT_TIMEOUT_MS + PG_SESSION_GRACE_MS,
    RETRY_MS = 500,
    CLAIM_RETRY_MS = 1000,
    LAST_WORDS_MS = 5000,
};

/* A claimed task while it runs. */
struct run {
    struct worker *worker;
    struct pg_session *session;
    struct pulse *pulse;
    struct claim claim;
    struct lease lease;
    bool checkpoint_too_large; /* one was */
    bool is_counting;          /* a first progress was told */
    int64_t counted;           /* keys of the metric */
    struct attempt_result result;
};

#define LOG_RUN(run)                                                                               \
    LOG_TEXT("task", (run)->claim.task.text), LOG_TEXT("instance", (run)->claim.instance.text),    \
        LOG_TEXT("project", (run)->claim.project.text),                                            \
        LOG_TEXT_IF("trace_id", (run)->claim.trace.id),                                            \
        LOG_TEXT_IF("span_id", (run)->claim.trace.span)

static bool scan_must_stop(void *argument)
{
    struct run *run = argument;
    pulse_beat(run->pulse);
    return queue_is_stopping(&run->worker->queue) ||
           !lease_is_held(run->worker->keeper, &run->lease);
}

/* What earlier attempts saw, or is taken back, is not counted again. */
static void count_keys(struct run *run, int64_t keys_seen)
{
    if (!run->is_counting && run->claim.checkpoint)
        run->counted = keys_seen;
    run->is_counting = true;
    if (keys_seen > run->counted)
        metric_add(&metric_keys, (int)run->claim.kind->id, 0, keys_seen - run->counted);
    run->counted = keys_seen;
}

static void note_end(struct run *run, enum attempt_outcome outcome)
{
    run->result.outcome = outcome;
    metric_count(&metric_attempts_ended, (int)run->claim.kind->id, (int)outcome);
}

static const char *profile_name_of(const struct run *run)
{
    const char *own = run->claim.target.scan_profile;
    return own ? own : run->worker->config->scan_profile;
}

static void tell(struct run *run, const struct scan_progress *progress)
{
    SCOPED(json_writer_release) struct json_writer text;
    json_writer_init(&text);
    task_progress_write(&text, progress, profile_name_of(run));
    lease_set_progress(run->worker->keeper, &run->lease, text.text, text.length);
}

static void on_progress(void *argument, const struct scan_progress *progress)
{
    struct run *run = argument;
    count_keys(run, progress->keys_seen);
    run->result.keys_seen = progress->keys_seen;
    run->result.pauses = scan_progress_pauses(progress);
    atomic_store_explicit(&run->lease.keys_seen, progress->keys_seen, memory_order_relaxed);
    atomic_store_explicit(&run->lease.keys_total, progress->keys_total, memory_order_relaxed);
    if (progress->shard_count > 0 || lease_wants_progress(&run->lease))
        tell(run, progress);
}

static void on_checkpoint(void *argument, const char *text, size_t length)
{
    struct run *run = argument;
    if (text) {
        lease_set_checkpoint(run->worker->keeper, &run->lease, text, length);
        return;
    }
    if (!run->checkpoint_too_large)
        LOG_WARNING("checkpoint_too_large", LOG_RUN(run));
    run->checkpoint_too_large = true;
}

static void on_visited(void *argument, const struct scan_visit *visit)
{
    const struct run *run = argument;
    attempt_span_put_node(run->worker->exporter, &run->claim, visit);
}

static enum scan_layout layout_of(const struct instance_target *target)
{
    if (instance_target_is_cluster(target))
        return SCAN_CLUSTER;
    return instance_target_is_replicated(target) ? SCAN_REPLICATED : SCAN_ONE_SERVER;
}

/* Both sources were checked: by the schema and by main. */
static enum scan_profile profile_of(const struct run *run)
{
    enum scan_profile profile = SCAN_GENTLE;
    scan_profile_parse(profile_name_of(run), &profile);
    return profile;
}

/* What a tenant configured counts for its automatic scans, up to what scan.h allows. */
static int batch_of(const struct claim *claim, const struct config *config)
{
    if (claim->batch_keys > 0)
        return claim->batch_keys < SCAN_BATCH_KEYS_MOST ? claim->batch_keys : SCAN_BATCH_KEYS_MOST;
    return (int)(claim->kind->id == SCAN_KIND_EXPIRED ? config->expired_batch_keys
                                                      : config->scan_batch_keys);
}

static int64_t timeout_ms_of(const struct claim *claim, const struct config *config)
{
    int64_t usual = claim->kind->id == SCAN_KIND_OFFLINE ? config->offline_timeout_seconds
                                                         : config->scan_timeout_seconds;
    return (claim->timeout_seconds > 0 ? claim->timeout_seconds : usual) * 1000;
}

static int scan(struct run *run, int64_t timeout_ms, struct scan_outcome *ret_outcome,
                struct error *err)
{
    const struct config *config = run->worker->config;
    struct scan_request request = {
        .kind = run->claim.kind,
        .target = run->claim.target.redis,
        .layout = layout_of(&run->claim.target),
        .endpoints = run->claim.target.endpoints,
        .address_map = run->claim.target.address_map_text,
        .sentinel_master = run->claim.target.sentinel_master,
        .nodes_at_once = (int)config->scan_nodes_at_once,
        .batch_keys = batch_of(&run->claim, config),
        .timeout_ms = timeout_ms,
        .profile = profile_of(run),
        .guard_factor = (int)config->scan_guard_factor,
        .guard_ms = (int)config->scan_guard_ms,
        .ceiling_ms = (int)config->scan_ceiling_ms,
        .hotkeys_command = run->claim.target.hotkeys_command,
        .analysis = &run->claim.analysis,
        .stopped = scan_must_stop,
        .stopped_argument = run,
        .progress = on_progress,
        .progress_argument = run,
        .visited = exporter_wants(run->worker->exporter, &run->claim.trace) ? on_visited : NULL,
        .visited_argument = run,
        .resume = run->claim.checkpoint,
        .resume_length = run->claim.checkpoint_length,
        .checkpoint = on_checkpoint,
        .checkpoint_argument = run,
    };
    return scan_run(&request, ret_outcome, err);
}

/* It has no checkpoint: what was broken off is begun anew. */
static int analyse_offline(struct run *run, int64_t timeout_ms, struct scan_outcome *ret_outcome,
                           struct error *err)
{
    const struct config *config = run->worker->config;
    struct offline_request request = {
        .target = run->claim.target.redis,
        .backup_root = config->backup_root,
        .backup_directory = run->claim.backup_directory,
        .backup_id = run->claim.backup_id,
        .analysis = &run->claim.analysis,
        .timeout_ms = timeout_ms,
        .bytes_per_second = config->offline_bytes_per_second,
        .fork_memory_percent = (int)config->offline_fork_memory_percent,
        .profile = profile_of(run),
        .guard_factor = (int)config->scan_guard_factor,
        .guard_ms = (int)config->scan_guard_ms,
        .ceiling_ms = (int)config->scan_ceiling_ms,
        .stopped = scan_must_stop,
        .stopped_argument = run,
        .progress = on_progress,
        .progress_argument = run,
    };
    return offline_run(&request, ret_outcome, err);
}

static int run_kind(struct run *run, struct scan_outcome *ret_outcome, struct error *err)
{
    int64_t left_ms = timeout_ms_of(&run->claim, run->worker->config) - run->claim.scan_ms;
    int status;
    if (left_ms <= 0)
        status = error_set(err, ERROR_SCAN_DEADLINE, "no time is left");
    else if (run->claim.kind->id == SCAN_KIND_OFFLINE)
        status = analyse_offline(run, left_ms, ret_outcome, err);
    else
        status = scan(run, left_ms, ret_outcome, err);
    if (status < 0 && err->code == ERROR_SCAN_DEADLINE && run->claim.scan_ms > 0)
        error_prefix(err, "after %lld ms of earlier attempts", (long long)run->claim.scan_ms);
    return status;
}

static void add_task(const struct run *run, struct pg_parameters *parameters)
{
    pg_parameters_init(parameters);
    pg_parameters_add_reference(parameters, run->claim.project.text);
    pg_parameters_add_reference(parameters, run->claim.task.text);
    pg_parameters_add_integer(parameters, run->claim.fence);
}

/* Whether it is worth trying again to write the end of a run, after a moment. */
static bool wait_for_database(struct run *run, const struct error *err, int64_t *last_words_until)
{
    if (!error_describe(err->code)->retryable || !lease_is_held(run->worker->keeper, &run->lease))
        return false;
    if (queue_is_stopping(&run->worker->queue) && *last_words_until == 0)
        *last_words_until = clock_monotonic_ms() + LAST_WORDS_MS;
    if (*last_words_until > 0 && clock_monotonic_ms() >= *last_words_until)
        return false;
    poll(NULL, 0, RETRY_MS);
    return true;
}

/* Writes the end of a run.  While the database is away it is tried again, for there is nothing else
 * to do: where nobody has taken the task over by then, nothing is lost.  Fails where the database
 * refuses it. */
static int record(struct run *run, const struct pg_statement *statement,
                  const struct pg_parameters *parameters, struct error *err)
{
    int64_t last_words_until = 0;
    for (;;) {
        SCOPED(pg_rows_release) struct pg_rows rows = {0};
        error_clear(err);
        pulse_beat(run->pulse);
        int64_t sent_us = clock_monotonic_us();
        int status = pg_session_execute(run->session, statement, parameters, &rows, err);
        attempt_span_put_statement(run->worker->exporter, &run->claim, statement, sent_us,
                                   status < 0 ? err : NULL);
        if (status == 0) {
            metric_add(&metric_fenced, 0, 0, rows.row_count == 0);
            if (rows.row_count == 0)
                LOG_WARNING("write_fenced", LOG_RUN(run), LOG_TEXT("statement", statement->name));
            return 0;
        }
        metric_count(&metric_failures, UNIT_RECORD, 0);
        LOG_WARNING("record_failed", LOG_RUN(run), LOG_ERROR_FIELDS(err));
        if (!wait_for_database(run, err, &last_words_until))
            return error_describe(err->code)->retryable ? 0 : -1;
    }
}

static void record_failure(struct run *run, const struct error *reason)
{
    struct pg_parameters parameters;
    struct error err = {0};
    add_task(run, &parameters);
    pg_parameters_add_reference(&parameters, reason->text);
    pg_parameters_add_integer(&parameters, 0);
    pg_parameters_add_integer(&parameters, lease_scan_ms(&run->lease));
    pg_parameters_add_reference(&parameters, error_describe(reason->code)->symbol);
    LOG_WARNING("scan_failed", LOG_RUN(run), LOG_ERROR_FIELDS(reason));
    run->result.reason = reason->code;
    note_end(run, ATTEMPT_FAILED);
    record(run, &scan_task_fail, &parameters, &err);
}

/* What only a scan for expired keys has to tell. */
static void log_expiry(const struct run *run, const struct scan_outcome *outcome)
{
    static const char *const lazy[] = {[SCAN_LAZY_FREE_ON] = "yes",
                                       [SCAN_LAZY_FREE_UNKNOWN] = "unknown",
                                       [SCAN_LAZY_FREE_OFF] = "no"};
    if (run->claim.kind->id != SCAN_KIND_EXPIRED)
        return;
    LOG_INFO("expired_keys_released", LOG_RUN(run), LOG_NUMBER("num", outcome->num),
             LOG_NUMBER("usual", outcome->expiry.usual),
             LOG_NUMBER("keys_before", outcome->keys_before),
             LOG_NUMBER("keys_after", outcome->keys_after),
             LOG_NUMBER("counter_resets", outcome->expiry.resets),
             LOG_NUMBER("hurries", outcome->expiry.hurries),
             LOG_TEXT("lazy_free", lazy[outcome->expiry.lazy_free]));
}

/* The cost is recorded with the result; what only a cluster tells is not, and was told last a while
 * ago.  Without it a result is as good. */
static void tell_end(struct run *run)
{
    struct error err = {0};
    if (layout_of(&run->claim.target) == SCAN_CLUSTER &&
        lease_tell(run->worker->keeper, &run->lease, run->session, &err) < 0)
        LOG_WARNING("progress_not_told", LOG_RUN(run), LOG_ERROR_FIELDS(&err));
}

static void record_success(struct run *run, const struct scan_outcome *outcome)
{
    const char *note = outcome->note;
    tell_end(run);
    SCOPED(json_writer_release) struct json_writer cost;
    json_writer_init(&cost);
    struct pg_parameters parameters;
    add_task(run, &parameters);
    pg_parameters_add_integer(&parameters, outcome->num > INT32_MAX ? INT32_MAX : outcome->num);
    pg_parameters_add_reference(&parameters, outcome->keys);
    pg_parameters_add_integer(&parameters, outcome->keys_seen);
    cost_write(&cost, outcome, profile_name_of(run));
    pg_parameters_add_reference(&parameters, cost.text);
    pg_parameters_add_integer(&parameters, lease_scan_ms(&run->lease));
    pg_parameters_add_reference(&parameters, outcome->members);
    LOG_INFO("scan_succeeded", LOG_RUN(run), LOG_TEXT("kind", run->claim.kind->name),
             LOG_NUMBER("num", outcome->num), LOG_NUMBER("keys_seen", outcome->keys_seen),
             LOG_NUMBER("commands", outcome->commands),
             LOG_NUMBER("expired_released", outcome->expired_released),
             LOG_NUMBER("duration_ms", outcome->duration_ms),
             LOG_TEXT("profile", profile_name_of(run)),
             LOG_NUMBER("halvings", outcome->cost.halvings),
             LOG_NUMBER("pauses_guard", outcome->cost.pauses[SCAN_PAUSE_GUARD]),
             LOG_NUMBER("pauses_ceiling", outcome->cost.pauses[SCAN_PAUSE_CEILING]),
             LOG_NUMBER("paused_ms", outcome->cost.paused_ms),
             LOG_NUMBER("latency_baseline_us", outcome->cost.baseline_us),
             LOG_NUMBER("latency_worst_us", outcome->cost.worst_us),
             LOG_NUMBER("touched", outcome->cost.touched), LOG_TEXT("note", note));
    log_expiry(run, outcome);
    struct error err = {0};
    if (record(run, &scan_task_succeed, &parameters, &err) == 0) {
        note_end(run, ATTEMPT_SUCCEEDED);
        return;
    }
    error_prefix(&err, "the result is not taken");
    record_failure(run, &err);
}

static void add_progress(const struct run *run, struct pg_parameters *parameters)
{
    pg_parameters_add_reference(parameters, run->lease.checkpoint.text);
    pg_parameters_add_integer(parameters, lease_scan_ms(&run->lease));
}

static void give_back(struct run *run)
{
    struct pg_parameters parameters;
    struct error err = {0};
    add_task(run, &parameters);
    add_progress(run, &parameters);
    if (!lease_is_held(run->worker->keeper, &run->lease))
        LOG_WARNING("scan_stopped", LOG_RUN(run),
                    LOG_TEXT("reason", "the task may be another worker's soon"));
    LOG_INFO("scan_given_back", LOG_RUN(run),
             LOG_NUMBER("checkpoint_bytes", (int64_t)run->lease.checkpoint.length));
    note_end(run, ATTEMPT_GIVEN_BACK);
    record(run, &scan_task_release, &parameters, &err);
}

static void try_again(struct run *run, const struct error *reason)
{
    struct pg_parameters parameters;
    struct error err = {0};
    add_task(run, &parameters);
    add_progress(run, &parameters);
    pg_parameters_add_reference(&parameters, reason->text);
    pg_parameters_add_integer(&parameters, run->worker->config->retry_seconds);
    pg_parameters_add_integer(&parameters, run->worker->config->retry_seconds_max);
    LOG_WARNING("scan_to_be_tried_again", LOG_RUN(run), LOG_NUMBER("attempt", run->claim.attempt),
                LOG_ERROR_FIELDS(reason));
    run->result.reason = reason->code;
    note_end(run, ATTEMPT_RETRIED);
    record(run, &scan_task_retry, &parameters, &err);
}

/* A reason that may pass is given as many chances as a worker that is lost. */
static void settle_failure(struct run *run, const struct error *reason, bool may_pass)
{
    const int attempt = run->claim.attempt;
    struct error last = *reason;
    if (may_pass && attempt < run->worker->config->attempts_max) {
        try_again(run, reason);
        return;
    }
    if (may_pass && attempt > 1)
        error_prefix(&last, "given up after %d attempts", attempt);
    record_failure(run, &last);
}

/* What becomes of a scan that did not succeed. */
static void settle(struct run *run, const struct error *err)
{
    if (err->code != ERROR_SCAN_CANCELLED) {
        settle_failure(run, err, error_describe(err->code)->retryable);
    } else if (lease_is_lost(&run->lease)) {
        note_end(run, ATTEMPT_STOPPED);
        LOG_INFO("scan_stopped", LOG_RUN(run), LOG_TEXT("reason", "the task is not ours any more"));
    } else {
        give_back(run);
    }
}

static void run_claim(struct run *run, const struct error *unusable)
{
    struct lease_keeper *keeper = run->worker->keeper;
    struct error err = {0};
    struct scan_outcome outcome = {0};
    run->result.started_us = clock_monotonic_us();
    LOG_INFO("scan_started", LOG_RUN(run), LOG_NUMBER("attempt", run->claim.attempt),
             LOG_NUMBER("fence", run->claim.fence),
             LOG_NUMBER("checkpoint_bytes", (int64_t)run->claim.checkpoint_length));
    metric_count(&metric_attempts, (int)run->claim.kind->id, 0);
    metric_add(&metric_rescues, 0, 0, run->claim.was_lost);
    metric_add(&metric_scans_running, 0, 0, 1);
    run->lease.started_ms = clock_monotonic_ms();
    lease_add(keeper, &run->lease);
    bool usable = unusable->code == ERROR_NONE;
    bool succeeded = usable && run_kind(run, &outcome, &err) == 0;
    pulse_beat(run->pulse);
    metric_add(&metric_scans_running, 0, 0, -1);
    metric_observe(&metric_attempt_seconds, (int)run->claim.kind->id,
                   clock_monotonic_ms() - run->lease.started_ms);
    lease_close(keeper, &run->lease);
    if (succeeded)
        record_success(run, &outcome);
    else if (usable)
        settle(run, &err);
    else
        settle_failure(run, unusable, unusable->code == ERROR_SECRET_KEY);
    attempt_span_end(run->worker->exporter, &run->claim, &run->result);
    if (succeeded)
        scan_outcome_release(&outcome);
    lease_remove(keeper, &run->lease);
}

/* Returns whether there may be more. */
static bool work_once(struct runner *runner)
{
    struct worker *worker = runner->worker;
    struct run run = {.worker = worker, .session = runner->session, .pulse = &runner->pulse};
    struct error unusable = {0}, err = {0};
    int64_t sent_ms = clock_monotonic_ms();
    int found =
        claim_next(runner->session, &worker->access, worker->owner, &run.claim, &unusable, &err);
    if (found < 0) {
        metric_count(&metric_failures, UNIT_CLAIM, 0);
        LOG_WARNING("claim_failed", LOG_ERROR_FIELDS(&err));
        queue_wait(&worker->queue, CLAIM_RETRY_MS);
        return true;
    }
    if (found == 0)
        return false;
    attempt_span_begin(worker->exporter, &run.claim);
    /* There may be more: call a colleague before this one is busy. */
    queue_ring(&worker->queue);
    run.lease.project = run.claim.project;
    run.lease.task = run.claim.task;
    run.lease.fence = run.claim.fence;
    run.lease.earlier_ms = run.claim.scan_ms;
    atomic_store(&run.lease.renewed_ms, sent_ms);
    run_claim(&run, &unusable);
    claim_release(&run.claim);
    return true;
}

static void *run_tasks(void *argument)
{
    struct runner *runner = argument;
    struct queue *queue = &runner->worker->queue;
    const struct config *config = runner->worker->config;
    pulse_begin(&runner->pulse, "scans", runner->number,
                (config->stuck_seconds + config->poll_seconds) * 1000 + STATEMENT_MOST_MS);
    while (!queue_is_stopping(queue)) {
        pulse_beat(&runner->pulse);
        if (!work_once(runner))
            queue_wait(queue, (int)runner->worker->config->poll_seconds * 1000);
    }
    pulse_end(&runner->pulse);
    return NULL;
}

void runner_start(struct runner *runner, struct worker *worker, int number)
{
    runner->worker = worker;
    runner->number = number;
    runner->session = pg_session_new(&worker->database, "dcs-worker", STATEMENT_TIMEOUT_MS);
    if (pthread_create(&runner->thread, NULL, run_tasks, runner) != 0)
        abort();
}

void runner_join(struct runner *runner)
{
    pthread_join(runner->thread, NULL);
    pg_session_free(runner->session);
}
