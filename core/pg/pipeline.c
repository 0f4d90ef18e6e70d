/* Many statements in flight on one libpq connection: a state, and a ring of jobs in the order sent.
 */
#include "pg/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "libpq.h"

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LAST_MS = 2000,
    CONNECT_TIMEOUT_MS = 5000,
    /* Past the server's own statement_timeout something is wrong with the connection itself. */
    SILENCE_GRACE_MS = 5000,
};

enum state { STATE_AWAY, STATE_CONNECTING, STATE_PREPARING, STATE_READY };

/* A statement gives its result with an end mark (no result), and a sync. */
enum phase { PHASE_RESULT, PHASE_SYNC };

struct job {
    const char *name;
    pg_pipeline_done_fn
        *done; /* null for our own preparations, whose failure is the connection's */
    void *argument;
};

struct pg_pipeline {
    const struct pg_pipeline_settings *settings;
    PGconn *connection;
    enum state state;
    PostgresPollingStatusType polling;
    bool flush_pending;
    unsigned generation;
    int socket;
    int64_t next_attempt_ms, progress_ms;
    int backoff_ms;
    int preparations_left;
    enum phase phase; /* of the job at the head */
    int head, depth, capacity;
    struct job jobs[];
};

struct pg_pipeline *pg_pipeline_new(const struct pg_pipeline_settings *settings)
{
    int capacity = settings->in_flight_max + settings->statement_count + 1;
    struct pg_pipeline *pipeline =
        calloc(1, sizeof(*pipeline) + (size_t)capacity * sizeof(pipeline->jobs[0]));
    if (!pipeline)
        abort();
    pipeline->settings = settings;
    pipeline->capacity = capacity;
    pipeline->socket = -1;
    pipeline->backoff_ms = BACKOFF_FIRST_MS;
    return pipeline;
}

static void note_socket(struct pg_pipeline *pipeline)
{
    int socket = pipeline->connection ? PQsocket(pipeline->connection) : -1;
    if (socket != pipeline->socket) {
        pipeline->socket = socket;
        pipeline->generation++;
    }
}

static struct job pop_job(struct pg_pipeline *pipeline)
{
    struct job job = pipeline->jobs[pipeline->head];
    pipeline->head = (pipeline->head + 1) % pipeline->capacity;
    pipeline->depth--;
    return job;
}

static void push_job(struct pg_pipeline *pipeline, struct job job)
{
    if (pipeline->depth == 0)
        pipeline->progress_ms = clock_monotonic_ms();
    pipeline->jobs[(pipeline->head + pipeline->depth) % pipeline->capacity] = job;
    pipeline->depth++;
}

static void drop_connection(struct pg_pipeline *pipeline, const struct error *err)
{
    bool answered = pipeline->phase != PHASE_RESULT;
    LOG_WARNING("database_connection_lost", LOG_NUMBER("in_flight", pipeline->depth),
                LOG_ERROR_FIELDS(err));
    PQfinish(pipeline->connection);
    pipeline->connection = NULL;
    pipeline->state = STATE_AWAY;
    pipeline->phase = PHASE_RESULT;
    pipeline->flush_pending = false;
    pipeline->generation++;
    pipeline->socket = -1;
    pipeline->next_attempt_ms = clock_monotonic_ms() + pipeline->backoff_ms;
    pipeline->backoff_ms =
        pipeline->backoff_ms * 2 < BACKOFF_LAST_MS ? pipeline->backoff_ms * 2 : BACKOFF_LAST_MS;
    while (pipeline->depth > 0) {
        struct job job = pop_job(pipeline);
        if (job.done && !answered)
            job.done(job.argument, NULL, err);
        answered = false;
    }
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
    while (pipeline->depth > 0) {
        struct job job = pop_job(pipeline);
        if (job.done)
            job.done(job.argument, NULL, &err);
    }
    PQfinish(pipeline->connection);
    free(pipeline);
}

int pg_pipeline_descriptor(const struct pg_pipeline *pipeline, unsigned *ret_generation)
{
    *ret_generation = pipeline->generation;
    return pipeline->socket;
}

unsigned pg_pipeline_interest(const struct pg_pipeline *pipeline)
{
    switch (pipeline->state) {
    case STATE_AWAY:
        return PG_PIPELINE_NOTHING;
    case STATE_CONNECTING:
        return pipeline->polling == PGRES_POLLING_READING ? PG_PIPELINE_READ : PG_PIPELINE_WRITE;
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
    push_job(pipeline, (struct job){.name = statement->name});
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
    push_job(pipeline, (struct job){.name = "listen"});
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
    pipeline->polling = PQconnectPoll(pipeline->connection);
    note_socket(pipeline);
    if (pipeline->polling == PGRES_POLLING_FAILED)
        lose_connection(pipeline, "connecting");
    else if (pipeline->polling == PGRES_POLLING_OK)
        begin_preparing(pipeline);
}

static void finish_preparation(struct pg_pipeline *pipeline)
{
    if (--pipeline->preparations_left > 0)
        return;
    pipeline->state = STATE_READY;
    pipeline->backoff_ms = BACKOFF_FIRST_MS;
    if (pipeline->settings->on_reset)
        pipeline->settings->on_reset(pipeline->settings->argument);
}

/* Hands the head's result to its owner.  Returns false where the connection is gone. */
static bool deliver(struct pg_pipeline *pipeline, PGresult *result)
{
    struct job job = pipeline->jobs[pipeline->head];
    struct pg_rows rows = {0};
    struct error err = {0};
    int status = pg_result_read(result, job.name, &rows, &err);
    if (PQstatus(pipeline->connection) == CONNECTION_BAD) {
        pg_rows_release(&rows);
        lose_connection(pipeline, job.name);
        return false;
    }
    /* The end of the results is there with the last of them.  It is taken before done runs: libpq
     * drops it where done submits a statement after one that failed. */
    PGresult *end = PQgetResult(pipeline->connection);
    if (end) {
        PQclear(end);
        pg_rows_release(&rows);
        lose_connection(pipeline, "pipeline out of step");
        return false;
    }
    pipeline->phase = PHASE_SYNC;
    if (job.done) {
        job.done(job.argument, status < 0 ? NULL : &rows, &err);
        pg_rows_release(&rows);
        return true;
    }
    pg_rows_release(&rows);
    if (status < 0) {
        drop_connection(pipeline, &err);
        return false;
    }
    finish_preparation(pipeline);
    return true;
}

/* Takes one step of the head's two.  Returns false where there is no further step now. */
static bool read_step(struct pg_pipeline *pipeline)
{
    if (pipeline->depth == 0 || PQisBusy(pipeline->connection))
        return false;
    PGresult *result = PQgetResult(pipeline->connection);
    pipeline->progress_ms = clock_monotonic_ms();
    if (pipeline->phase == PHASE_RESULT && result)
        return deliver(pipeline, result);
    bool synced = pipeline->phase == PHASE_SYNC && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
    if (!synced) {
        lose_connection(pipeline, "pipeline out of step");
        return false;
    }
    pipeline->phase = PHASE_RESULT;
    pop_job(pipeline);
    return true;
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

static void begin_connecting(struct pg_pipeline *pipeline)
{
    const struct pg_pipeline_settings *settings = pipeline->settings;
    pipeline->connection = pg_connection_start(settings->uri, settings->application,
                                               settings->statement_timeout_ms, false);
    if (!pipeline->connection)
        abort();
    pipeline->state = STATE_CONNECTING;
    pipeline->polling = PGRES_POLLING_WRITING;
    pipeline->progress_ms = clock_monotonic_ms();
    note_socket(pipeline);
    if (PQstatus(pipeline->connection) == CONNECTION_BAD)
        lose_connection(pipeline, "connecting");
}

void pg_pipeline_tick(struct pg_pipeline *pipeline)
{
    int64_t now = clock_monotonic_ms();
    if (pipeline->state == STATE_AWAY) {
        if (now >= pipeline->next_attempt_ms)
            begin_connecting(pipeline);
        return;
    }
    int64_t patience = pipeline->state == STATE_READY
                           ? pipeline->settings->statement_timeout_ms + SILENCE_GRACE_MS
                           : CONNECT_TIMEOUT_MS;
    if ((pipeline->state == STATE_CONNECTING || pipeline->depth > 0) &&
        now - pipeline->progress_ms > patience) {
        struct error err = {0};
        error_set(&err, ERROR_DATABASE_CONNECTION, "no answer for %d ms", (int)patience);
        drop_connection(pipeline, &err);
    }
}

bool pg_pipeline_is_ready(const struct pg_pipeline *pipeline)
{
    return pipeline->state == STATE_READY;
}

int pg_pipeline_depth(const struct pg_pipeline *pipeline)
{
    return pipeline->depth;
}

int pg_pipeline_submit(struct pg_pipeline *pipeline, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                       void *argument, struct error *err)
{
    if (parameters->count != statement->parameter_count)
        abort();
    if (pipeline->state != STATE_READY)
        return error_set(err, ERROR_UNAVAILABLE, "no database connection");
    if (pipeline->depth >= pipeline->settings->in_flight_max)
        return error_set(err, ERROR_UNAVAILABLE, "%d statements in flight", pipeline->depth);
    if (PQsendQueryPrepared(pipeline->connection, statement->name, parameters->count,
                            parameters->values, NULL, NULL, 0) == 0 ||
        PQpipelineSync(pipeline->connection) == 0)
        return error_set(err, ERROR_UNAVAILABLE, "sending %s: %s", statement->name,
                         PQerrorMessage(pipeline->connection));
    push_job(pipeline, (struct job){statement->name, done, argument});
    flush(pipeline);
    return 0;
}
