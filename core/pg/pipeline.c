/* Many statements in flight on one libpq connection: a state, and a ring of jobs in the order sent.
 *
 * Jobs are sent in groups that a sync ends, each a transaction.  What only reads shares a group
 * with its neighbours, which saves the server an answer and a system call for each; where one fails
 * the server drops those behind it in the group, and they are sent again, each in a group of its
 * own. Everything else is a group of its own, and is answered once its transaction is over.
 *
 * Silence is told from slowness by a probe, so that a database that is gone is known to be within
 * two seconds, while a slow statement has its whole time. */
#include "pg/pipeline.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "connector.h"
#include "job_ring.h"

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LAST_MS = 1000,
    PREPARE_TIMEOUT_MS = 2000,
    /* Past the server's own statement_timeout something is wrong with the connection itself. */
    SILENCE_GRACE_MS = 2000,
    DOUBT_MS = 500,
    PROBE_MS = 800,
    HEARTBEAT_MS = 5000,
    COMPLAINT_INTERVAL_MS = 10000,
    /* The first of a group may have to wait for its last. */
    GROUP_MAX = 32,
};

enum state { STATE_AWAY, STATE_CONNECTING, STATE_PREPARING, STATE_READY };

/* A statement gives its result with an end mark (no result), and a sync. */
enum phase { PHASE_RESULT, PHASE_SYNC };

struct pg_pipeline {
    const struct pg_pipeline_settings *settings;
    struct pg_connector *connector;
    PGconn *connection; /* null until it is open */
    enum state state;
    bool flush_pending;
    struct watched {
        int descriptor;
        unsigned attempt;
        ino_t inode; /* libpq may close a socket and open another one of the same number */
    } watched;
    unsigned generation;
    int64_t next_attempt_ms, progress_ms, complaint_ms;
    struct pg_probe *probe; /* or null; may outlive the connection that it was for */
    unsigned probed_attempt;
    int64_t vouched_ms; /* when a probe said last that the database answers */
    int backoff_ms;
    int preparations_left;
    enum phase phase; /* of the job at the head */
    struct outcome {
        struct pg_rows rows;
        struct error err;
        bool is_read_only;
    } outcome; /* of the head */
    struct job_ring ring;
    int group; /* how many of the ring's last are in the group that no sync ends yet */
    /* Of the group at the head: what the server dropped. */
    int dropped_count;
    struct job dropped[GROUP_MAX];
};

struct pg_pipeline *pg_pipeline_new(const struct pg_pipeline_settings *settings)
{
    struct pg_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    if (!pipeline)
        abort();
    pipeline->settings = settings;
    job_ring_init(&pipeline->ring, settings->in_flight_max + settings->statement_count + 2);
    pipeline->connector =
        pg_connector_new(settings->uri, settings->application, settings->statement_timeout_ms);
    pipeline->watched.descriptor = -1;
    pipeline->complaint_ms = -COMPLAINT_INTERVAL_MS;
    pipeline->backoff_ms = BACKOFF_FIRST_MS;
    return pipeline;
}

static void note_descriptor(struct pg_pipeline *pipeline)
{
    struct stat status;
    struct watched now = {.attempt = pg_connector_attempt(pipeline->connector)};
    now.descriptor = pipeline->connection ? PQsocket(pipeline->connection)
                                          : pg_connector_descriptor(pipeline->connector);
    if (now.descriptor >= 0 && fstat(now.descriptor, &status) == 0)
        now.inode = status.st_ino;
    if (now.descriptor != pipeline->watched.descriptor ||
        now.attempt != pipeline->watched.attempt || now.inode != pipeline->watched.inode) {
        pipeline->watched = now;
        pipeline->generation++;
    }
}

static struct job *push_job(struct pg_pipeline *pipeline, enum job_kind kind, const char *name)
{
    struct job *job = job_ring_push(&pipeline->ring);
    job->kind = kind;
    job->name = name;
    if (pipeline->ring.depth == 1)
        pipeline->progress_ms = job->sent_ms;
    return job;
}

/* Tells the owner once; the job stays in the ring until its turn has come. */
static void answer(struct job *job, struct pg_rows *rows, const struct error *err)
{
    pg_pipeline_done_fn *done = job->done;
    job->done = NULL;
    if (done)
        done(job->argument, rows, err);
}

/* A connection that was lost is told of every time, that there is none only now and then. */
static void complain(struct pg_pipeline *pipeline, const struct error *err)
{
    int64_t now = clock_monotonic_ms();
    if (pipeline->state != STATE_CONNECTING) {
        LOG_WARNING("database_connection_lost",
                    LOG_NUMBER("in_flight", pg_pipeline_depth(pipeline)), LOG_ERROR_FIELDS(err));
    } else if (now - pipeline->complaint_ms >= COMPLAINT_INTERVAL_MS) {
        LOG_WARNING("database_unreachable", LOG_ERROR_FIELDS(err));
        pipeline->complaint_ms = now;
    }
}

static void back_off(struct pg_pipeline *pipeline)
{
    /* Some jitter, so that many loops do not come back as one. */
    int jitter = (int)(clock_monotonic_us() % (BACKOFF_FIRST_MS / 2));
    pipeline->next_attempt_ms = clock_monotonic_ms() + pipeline->backoff_ms - jitter;
    pipeline->backoff_ms =
        pipeline->backoff_ms * 2 < BACKOFF_LAST_MS ? pipeline->backoff_ms * 2 : BACKOFF_LAST_MS;
}

/* err may be the pipeline's own. */
static void fail_all(struct pg_pipeline *pipeline, const struct error *err)
{
    struct error why = *err;
    pg_rows_release(&pipeline->outcome.rows);
    pipeline->group = 0;
    while (pipeline->dropped_count > 0)
        answer(&pipeline->dropped[--pipeline->dropped_count], NULL, &why);
    while (pipeline->ring.depth > 0)
        answer(job_ring_pop(&pipeline->ring), NULL, &why);
}

static void drop_connection(struct pg_pipeline *pipeline, const struct error *err)
{
    complain(pipeline, err);
    PQfinish(pipeline->connection);
    pipeline->connection = NULL;
    pg_connector_stop(pipeline->connector);
    pipeline->state = STATE_AWAY;
    pipeline->phase = PHASE_RESULT;
    pipeline->flush_pending = false;
    pipeline->watched = (struct watched){.descriptor = -1};
    pipeline->generation++;
    back_off(pipeline);
    fail_all(pipeline, err);
    if (pipeline->settings->on_reset)
        pipeline->settings->on_reset(pipeline->settings->argument);
}

static void lose_connection(struct pg_pipeline *pipeline, const char *doing)
{
    struct error err = {0};
    pg_connection_error(pipeline->connection, doing, &err);
    drop_connection(pipeline, &err);
}

void pg_pipeline_free(struct pg_pipeline *pipeline)
{
    if (!pipeline)
        return;
    struct error err = {0};
    error_set(&err, ERROR_UNAVAILABLE, "closing");
    fail_all(pipeline, &err);
    PQfinish(pipeline->connection);
    pg_probe_free(pipeline->probe);
    pg_connector_free(pipeline->connector);
    job_ring_release(&pipeline->ring);
    free(pipeline);
}

int pg_pipeline_descriptor(const struct pg_pipeline *pipeline, unsigned *ret_generation)
{
    *ret_generation = pipeline->generation;
    return pipeline->watched.descriptor;
}

unsigned pg_pipeline_interest(const struct pg_pipeline *pipeline)
{
    switch (pipeline->state) {
    case STATE_AWAY:
        return PG_PIPELINE_NOTHING;
    case STATE_CONNECTING:
        return pg_connector_events(pipeline->connector) == POLLIN ? PG_PIPELINE_READ
                                                                  : PG_PIPELINE_WRITE;
    case STATE_PREPARING:
    case STATE_READY:
        break;
    }
    return PG_PIPELINE_READ | (pipeline->flush_pending ? PG_PIPELINE_WRITE : 0U);
}

static void flush(struct pg_pipeline *pipeline)
{
    int status = PQflush(pipeline->connection);
    pipeline->flush_pending = status == 1;
    /* A write that failed shows up on the read side too, with the server's last words. */
}

static bool send_preparation(struct pg_pipeline *pipeline, const struct pg_statement *statement)
{
    if (PQsendPrepare(pipeline->connection, statement->name, statement->sql, 0, NULL) == 0 ||
        PQpipelineSync(pipeline->connection) == 0)
        return false;
    push_job(pipeline, JOB_PREPARATION, statement->name)->ends_group = true;
    pipeline->preparations_left++;
    return true;
}

static bool send_listen(struct pg_pipeline *pipeline, const char *channel)
{
    char sql[64] = "LISTEN ";
    strncat(sql, channel, sizeof(sql) - strlen(sql) - 1);
    if (PQsendQueryParams(pipeline->connection, sql, 0, NULL, NULL, NULL, NULL, 0) == 0 ||
        PQpipelineSync(pipeline->connection) == 0)
        return false;
    push_job(pipeline, JOB_PREPARATION, "listen")->ends_group = true;
    pipeline->preparations_left++;
    return true;
}

static void begin_preparing(struct pg_pipeline *pipeline)
{
    const struct pg_pipeline_settings *settings = pipeline->settings;
    bool sent = PQsetnonblocking(pipeline->connection, 1) == 0 &&
                PQenterPipelineMode(pipeline->connection) == 1;
    pipeline->state = STATE_PREPARING;
    pipeline->preparations_left = 0;
    for (int i = 0; sent && i < settings->statement_count; i++)
        sent = send_preparation(pipeline, settings->statements[i]);
    if (sent && settings->listen_channel)
        sent = send_listen(pipeline, settings->listen_channel);
    if (!sent) {
        lose_connection(pipeline, "preparing statements");
        return;
    }
    flush(pipeline);
}

static void advance_connecting(struct pg_pipeline *pipeline)
{
    struct error err = {0};
    int status = pg_connector_advance(pipeline->connector, &pipeline->connection, &err);
    if (status < 0) {
        drop_connection(pipeline, &err);
        return;
    }
    note_descriptor(pipeline);
    if (status > 0)
        begin_preparing(pipeline);
}

static void finish_preparation(struct pg_pipeline *pipeline)
{
    if (--pipeline->preparations_left > 0)
        return;
    LOG_INFO("database_connected", LOG_TEXT("host", PQhost(pipeline->connection)),
             LOG_TEXT("port", PQport(pipeline->connection)));
    pipeline->state = STATE_READY;
    pipeline->backoff_ms = BACKOFF_FIRST_MS;
    pipeline->complaint_ms = -COMPLAINT_INTERVAL_MS;
    if (pipeline->settings->on_reset)
        pipeline->settings->on_reset(pipeline->settings->argument);
}

static bool send_query(struct pg_pipeline *pipeline, const struct pg_statement *statement,
                       const char *const *values)
{
    return PQsendQueryPrepared(pipeline->connection, statement->name, statement->parameter_count,
                               values, NULL, NULL, 0) == 1;
}

/* Ends the group that is open; the newest of the ring's jobs that are not in it yet are left out.
 */
static int close_group(struct pg_pipeline *pipeline, int newer)
{
    if (pipeline->group == 0)
        return 0;
    job_ring_at(&pipeline->ring, pipeline->ring.depth - 1 - newer)->ends_group = true;
    pipeline->group = 0;
    return PQpipelineSync(pipeline->connection) == 1 ? 0 : -1;
}

/* Each in a group of its own; their owners' time goes on from when they were sent first.  Returns
 * false where the connection is gone. */
static bool send_dropped(struct pg_pipeline *pipeline)
{
    const char *values[JOB_KEPT_PARAMETERS];
    if (pipeline->dropped_count == 0)
        return true;
    if (close_group(pipeline, 0) < 0) {
        lose_connection(pipeline, "sending");
        return false;
    }
    for (int i = 0; i < pipeline->dropped_count; i++) {
        struct job *job = job_ring_push(&pipeline->ring);
        *job = pipeline->dropped[i];
        job->ends_group = true;
        job_restore(job, values);
        if (!send_query(pipeline, job->statement, values) ||
            PQpipelineSync(pipeline->connection) != 1) {
            pipeline->dropped_count = 0;
            lose_connection(pipeline, "sending again");
            return false;
        }
    }
    pipeline->dropped_count = 0;
    flush(pipeline);
    return true;
}

/* Tells the head's owner what came of it.  Returns false where the connection is of no use. */
static bool finish_head(struct pg_pipeline *pipeline)
{
    struct outcome *outcome = &pipeline->outcome;
    struct job *job = job_ring_pop(&pipeline->ring);
    enum job_kind kind = job->kind;
    bool failed = outcome->err.code != ERROR_NONE;
    answer(job, failed ? NULL : &outcome->rows, &outcome->err);
    pg_rows_release(&outcome->rows);
    if (failed && (outcome->is_read_only || kind == JOB_PREPARATION)) {
        drop_connection(pipeline, &outcome->err);
        return false;
    }
    if (kind == JOB_PREPARATION)
        finish_preparation(pipeline);
    return true;
}

/* Takes over result.  Returns false where it is none that the head can have. */
static bool read_outcome(struct pg_pipeline *pipeline, PGresult *result)
{
    struct outcome *outcome = &pipeline->outcome;
    struct job *job = job_ring_at(&pipeline->ring, 0);
    error_clear(&outcome->err);
    outcome->is_read_only = false;
    if (PQresultStatus(result) != PGRES_PIPELINE_ABORTED) {
        outcome->is_read_only = pg_result_is_read_only(result);
        pg_result_read(result, job->name, &outcome->rows, &outcome->err);
        return true;
    }
    PQclear(result);
    if (!job->is_kept || pipeline->dropped_count == GROUP_MAX)
        return false;
    pipeline->dropped[pipeline->dropped_count++] = *job;
    job->done = NULL;
    return true;
}

/* Takes over the head's result.  Returns false where the connection is gone. */
static bool deliver(struct pg_pipeline *pipeline, PGresult *result)
{
    const struct job *job = job_ring_at(&pipeline->ring, 0);
    bool fits = read_outcome(pipeline, result);
    if (PQstatus(pipeline->connection) == CONNECTION_BAD) {
        lose_connection(pipeline, job->name);
        return false;
    }
    /* The end of the results is there with the last of them.  It is taken before done runs: libpq
     * drops it where done submits a statement after one that failed. */
    PGresult *end = PQgetResult(pipeline->connection);
    if (end || !fits) {
        PQclear(end);
        lose_connection(pipeline, "pipeline out of step");
        return false;
    }
    if (!job->ends_group)
        return finish_head(pipeline);
    pipeline->phase = PHASE_SYNC;
    return true;
}

/* The transaction of the head's group could not be committed.  Takes over result; the sync is still
 * to come. */
static bool take_refusal(struct pg_pipeline *pipeline, PGresult *result)
{
    pg_rows_release(&pipeline->outcome.rows);
    read_outcome(pipeline, result);
    PGresult *end = PQgetResult(pipeline->connection);
    PQclear(end);
    if (PQstatus(pipeline->connection) != CONNECTION_BAD && !end)
        return true;
    lose_connection(pipeline, "committing");
    return false;
}

/* Takes one step: a job's result or the end of its group.  Returns false where there is no further
 * step now. */
static bool read_step(struct pg_pipeline *pipeline)
{
    if (pipeline->ring.depth == 0 || PQisBusy(pipeline->connection))
        return false;
    PGresult *result = PQgetResult(pipeline->connection);
    pipeline->progress_ms = clock_monotonic_ms();
    if (pipeline->phase == PHASE_RESULT && result)
        return deliver(pipeline, result);
    if (pipeline->phase == PHASE_SYNC && PQresultStatus(result) == PGRES_FATAL_ERROR)
        return take_refusal(pipeline, result);
    bool synced = pipeline->phase == PHASE_SYNC && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
    if (!synced) {
        lose_connection(pipeline, "pipeline out of step");
        return false;
    }
    pipeline->phase = PHASE_RESULT;
    return finish_head(pipeline) && send_dropped(pipeline);
}

static void deliver_notifications(struct pg_pipeline *pipeline)
{
    PGnotify *notification;
    while (pipeline->connection && (notification = PQnotifies(pipeline->connection))) {
        if (pipeline->settings->on_notify)
            pipeline->settings->on_notify(pipeline->settings->argument, notification->extra);
        PQfreemem(notification);
    }
}

void pg_pipeline_advance(struct pg_pipeline *pipeline)
{
    if (pipeline->state == STATE_AWAY)
        return;
    if (pipeline->state == STATE_CONNECTING) {
        advance_connecting(pipeline);
        return;
    }
    if (pipeline->flush_pending)
        flush(pipeline);
    if (PQconsumeInput(pipeline->connection) == 0) {
        lose_connection(pipeline, "reading");
        return;
    }
    while (read_step(pipeline))
        ;
    deliver_notifications(pipeline);
}

static void give_up(struct pg_pipeline *pipeline, const char *why, int64_t silence_ms)
{
    struct error err = {0};
    error_set(&err, ERROR_DATABASE_CONNECTION, "%s after %d ms", why, (int)silence_ms);
    drop_connection(pipeline, &err);
    pg_connector_avoid(pipeline->connector);
}

/* Starts a probe when the head is silent, and takes its verdict.  One of another connection is only
 * waited for. */
static void doubt(struct pg_pipeline *pipeline, int64_t now)
{
    unsigned attempt = pg_connector_attempt(pipeline->connector);
    int64_t silence_ms = now - pipeline->progress_ms;
    bool is_suspect = silence_ms > DOUBT_MS && now - pipeline->vouched_ms > DOUBT_MS;
    if (!pipeline->probe) {
        if (is_suspect)
            pipeline->probe = pg_connector_probe(pipeline->connector, PROBE_MS);
        pipeline->probed_attempt = attempt;
        return;
    }
    enum pg_verdict verdict = pg_probe_verdict(pipeline->probe);
    if (verdict == PG_VERDICT_NONE_YET)
        return;
    pg_probe_free(pipeline->probe);
    pipeline->probe = NULL;
    if (verdict == PG_VERDICT_ANSWERS)
        pipeline->vouched_ms = now;
    else if (pipeline->probed_attempt == attempt && is_suspect)
        give_up(pipeline, "neither an answer nor another connection", silence_ms);
}

/* Requests do not wait for longer than one statement may take, however many are in front. */
static void answer_overdue(struct pg_pipeline *pipeline, int64_t now, int64_t patience_ms)
{
    struct error err = {0};
    error_set(&err, ERROR_UNAVAILABLE, "no answer for %d ms", (int)patience_ms);
    for (int i = 0; i < pipeline->ring.depth; i++) {
        struct job *job = job_ring_at(&pipeline->ring, i);
        if (now - job->sent_ms <= patience_ms)
            return;
        answer(job, NULL, &err);
    }
}

/* What nobody uses could be dead for long without anybody's noticing, and notifications with it. */
static void beat(struct pg_pipeline *pipeline)
{
    if (PQsendQueryParams(pipeline->connection, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0) == 0 ||
        PQpipelineSync(pipeline->connection) == 0) {
        lose_connection(pipeline, "heartbeat");
        return;
    }
    push_job(pipeline, JOB_HEARTBEAT, "heartbeat")->ends_group = true;
    flush(pipeline);
}

static void tick_ready(struct pg_pipeline *pipeline, int64_t now)
{
    const int64_t patience_ms = pipeline->settings->statement_timeout_ms + SILENCE_GRACE_MS;
    int64_t silence_ms = now - pipeline->progress_ms;
    if (!pg_connector_accepts(pipeline->connector, pipeline->connection)) {
        give_up(pipeline, "the server became read-only", silence_ms);
    } else if (pipeline->ring.depth == 0) {
        if (silence_ms >= HEARTBEAT_MS)
            beat(pipeline);
    } else if (silence_ms > patience_ms) {
        give_up(pipeline, "no answer", silence_ms);
    } else {
        answer_overdue(pipeline, now, patience_ms);
        doubt(pipeline, now);
    }
}

void pg_pipeline_tick(struct pg_pipeline *pipeline)
{
    int64_t now = clock_monotonic_ms();
    switch (pipeline->state) {
    case STATE_AWAY:
        if (now < pipeline->next_attempt_ms)
            return;
        pipeline->state = STATE_CONNECTING;
        pg_connector_start(pipeline->connector);
        advance_connecting(pipeline);
        return;
    case STATE_CONNECTING:
        if (now >= pg_connector_deadline_ms(pipeline->connector))
            advance_connecting(pipeline);
        return;
    case STATE_PREPARING:
        if (now - pipeline->progress_ms > PREPARE_TIMEOUT_MS)
            give_up(pipeline, "statements were not prepared", now - pipeline->progress_ms);
        return;
    case STATE_READY:
        tick_ready(pipeline, now);
        return;
    }
}

bool pg_pipeline_is_ready(const struct pg_pipeline *pipeline)
{
    return pipeline->state == STATE_READY;
}

int pg_pipeline_depth(const struct pg_pipeline *pipeline)
{
    return pipeline->ring.depth + pipeline->dropped_count;
}

static bool send_statement(struct pg_pipeline *pipeline, struct job *job,
                           const struct pg_parameters *parameters)
{
    bool shares = job->statement->effect == PG_READS && job_keep(job, parameters);
    if (!shares) {
        job->ends_group = true;
        return close_group(pipeline, 1) == 0 &&
               send_query(pipeline, job->statement, parameters->values) &&
               PQpipelineSync(pipeline->connection) == 1;
    }
    if (pipeline->group == GROUP_MAX && close_group(pipeline, 1) < 0)
        return false;
    if (!send_query(pipeline, job->statement, parameters->values))
        return false;
    pipeline->group++;
    return true;
}

int pg_pipeline_submit(struct pg_pipeline *pipeline, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                       void *argument, struct error *err)
{
    if (parameters->count != statement->parameter_count)
        abort();
    if (pipeline->state != STATE_READY)
        return error_set(err, ERROR_UNAVAILABLE, "no database connection");
    if (pg_pipeline_depth(pipeline) >= pipeline->settings->in_flight_max)
        return error_set(err, ERROR_UNAVAILABLE, "%d statements in flight",
                         pg_pipeline_depth(pipeline));
    struct job *job = push_job(pipeline, JOB_STATEMENT, statement->name);
    job->statement = statement;
    job->done = done;
    job->argument = argument;
    if (!send_statement(pipeline, job, parameters)) {
        job_ring_take_back(&pipeline->ring);
        return error_set(err, ERROR_UNAVAILABLE, "sending %s: %s", statement->name,
                         PQerrorMessage(pipeline->connection));
    }
    return 0;
}

void pg_pipeline_flush(struct pg_pipeline *pipeline)
{
    if (pipeline->state != STATE_READY)
        return;
    if (close_group(pipeline, 0) < 0)
        lose_connection(pipeline, "sending");
    else
        flush(pipeline);
}
