/* Many statements in flight on one libpq connection: a state, and what groups.c sends and reads.
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
#include "groups.h"
#include "pg/metrics.h"

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
};

enum state { STATE_AWAY, STATE_CONNECTING, STATE_PREPARING, STATE_READY };

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
    int64_t next_attempt_ms, complaint_ms;
    struct pg_probe *probe; /* or null; may outlive the connection that it was for */
    unsigned probed_attempt;
    int64_t vouched_ms; /* when a probe said last that the database answers */
    int backoff_ms;
    int preparations_left;
    struct groups groups;
    int64_t said_ready, said_in_flight; /* of the metrics */
};

struct pg_pipeline *pg_pipeline_new(const struct pg_pipeline_settings *settings)
{
    struct pg_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    if (!pipeline)
        abort();
    pipeline->settings = settings;
    groups_init(&pipeline->groups, settings->in_flight_max + settings->statement_count + 2);
    pipeline->connector =
        pg_connector_new(&settings->login, settings->application, settings->statement_timeout_ms,
                         settings->lock_timeout_ms);
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

static void drop_connection(struct pg_pipeline *pipeline, const struct error *err)
{
    complain(pipeline, err);
    metric_count(&pg_metric_connections_lost,
                 pipeline->state == STATE_CONNECTING ? PG_LOST_NO_ATTEMPT : PG_LOST_IN_USE, 0);
    PQfinish(pipeline->connection);
    pipeline->connection = NULL;
    pg_connector_stop(pipeline->connector);
    pipeline->state = STATE_AWAY;
    pipeline->flush_pending = false;
    pipeline->watched = (struct watched){.descriptor = -1};
    pipeline->generation++;
    back_off(pipeline);
    groups_fail_all(&pipeline->groups, err);
    if (pipeline->settings->on_reset)
        pipeline->settings->on_reset(pipeline->settings->argument);
}

static void lose_connection(struct pg_pipeline *pipeline, const char *doing)
{
    struct error err = {0};
    pg_connection_error(pipeline->connection, doing, &err);
    drop_connection(pipeline, &err);
}

static void say_state(struct pg_pipeline *pipeline)
{
    metric_set_part(&pg_metric_connections, &pipeline->said_ready, pipeline->state == STATE_READY);
    metric_set_part(&pg_metric_in_flight, &pipeline->said_in_flight, pg_pipeline_depth(pipeline));
}

void pg_pipeline_free(struct pg_pipeline *pipeline)
{
    if (!pipeline)
        return;
    struct error err = {0};
    error_set(&err, ERROR_UNAVAILABLE, "closing");
    groups_fail_all(&pipeline->groups, &err);
    pipeline->state = STATE_AWAY;
    say_state(pipeline);
    PQfinish(pipeline->connection);
    pg_probe_free(pipeline->probe);
    pg_connector_free(pipeline->connector);
    groups_release(&pipeline->groups);
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
        !groups_submit_own(&pipeline->groups, pipeline->connection, JOB_PREPARATION,
                           statement->name))
        return false;
    pipeline->preparations_left++;
    return true;
}

static bool send_listen(struct pg_pipeline *pipeline, const char *channel)
{
    char sql[64] = "LISTEN ";
    strncat(sql, channel, sizeof(sql) - strlen(sql) - 1);
    if (PQsendQueryParams(pipeline->connection, sql, 0, NULL, NULL, NULL, NULL, 0) == 0 ||
        !groups_submit_own(&pipeline->groups, pipeline->connection, JOB_PREPARATION, "listen"))
        return false;
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

/* Returns false where there is no further step now. */
static bool read_step(struct pg_pipeline *pipeline)
{
    struct groups *groups = &pipeline->groups;
    switch (groups_read(groups, pipeline->connection)) {
    case GROUPS_NOTHING:
        return false;
    case GROUPS_READ:
        return true;
    case GROUPS_PREPARED:
        finish_preparation(pipeline);
        return true;
    case GROUPS_UNFIT:
        drop_connection(pipeline, &groups->err);
        return false;
    case GROUPS_LOST:
        break;
    }
    lose_connection(pipeline, groups->what);
    return false;
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
    pg_pipeline_flush(pipeline);
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
    int64_t silence_ms = now - pipeline->groups.progress_ms;
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

/* What nobody uses could be dead for long without anybody's noticing, and notifications with it. */
static void beat(struct pg_pipeline *pipeline)
{
    if (PQsendQueryParams(pipeline->connection, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0) == 0 ||
        !groups_submit_own(&pipeline->groups, pipeline->connection, JOB_HEARTBEAT, "heartbeat")) {
        lose_connection(pipeline, "heartbeat");
        return;
    }
    flush(pipeline);
}

static void tick_ready(struct pg_pipeline *pipeline, int64_t now)
{
    const int64_t patience_ms = pipeline->settings->statement_timeout_ms + SILENCE_GRACE_MS;
    int64_t silence_ms = now - pipeline->groups.progress_ms;
    if (!pg_connector_accepts(pipeline->connector, pipeline->connection)) {
        give_up(pipeline, "the server became read-only", silence_ms);
    } else if (pipeline->groups.ring.depth == 0) {
        if (silence_ms >= HEARTBEAT_MS)
            beat(pipeline);
    } else if (silence_ms > patience_ms) {
        give_up(pipeline, "no answer", silence_ms);
    } else {
        /* Requests do not wait for longer than one statement may take, however many are in front.
         */
        groups_fail_overdue(&pipeline->groups, now, patience_ms);
        doubt(pipeline, now);
    }
}

void pg_pipeline_tick(struct pg_pipeline *pipeline)
{
    int64_t now = clock_monotonic_ms();
    say_state(pipeline);
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
        if (now - pipeline->groups.progress_ms > PREPARE_TIMEOUT_MS)
            give_up(pipeline, "statements were not prepared", now - pipeline->groups.progress_ms);
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
    return groups_depth(&pipeline->groups);
}

static int refuse(enum pg_refusal reason, int depth, struct error *err)
{
    metric_count(&pg_metric_refused, (int)reason, 0);
    return reason == PG_REFUSED_AWAY
               ? error_set(err, ERROR_UNAVAILABLE, "no database connection")
               : error_set(err, ERROR_UNAVAILABLE, "%d statements in flight", depth);
}

int64_t pg_pipeline_silent_ms(const struct pg_pipeline *pipeline)
{
    return pg_pipeline_depth(pipeline) > 0 ? clock_monotonic_ms() - pipeline->groups.progress_ms
                                           : 0;
}

int pg_pipeline_submit(struct pg_pipeline *pipeline, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                       void *argument, struct error *err)
{
    if (parameters->count != statement->parameter_count)
        abort();
    if (pipeline->state != STATE_READY)
        return refuse(PG_REFUSED_AWAY, 0, err);
    int depth = pg_pipeline_depth(pipeline);
    if (depth >= pipeline->settings->in_flight_max)
        return refuse(PG_REFUSED_FULL, depth, err);
    metric_observe(&pg_metric_depth, 0, depth);
    if (!groups_submit(&pipeline->groups, pipeline->connection, statement, parameters, done,
                       argument))
        return error_set(err, ERROR_UNAVAILABLE, "sending %s: %s", statement->name,
                         PQerrorMessage(pipeline->connection));
    return 0;
}

void pg_pipeline_flush(struct pg_pipeline *pipeline)
{
    if (pipeline->state != STATE_READY)
        return;
    if (groups_flush(&pipeline->groups, pipeline->connection))
        flush(pipeline);
    else
        lose_connection(pipeline, "sending");
}
