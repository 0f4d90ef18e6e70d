/* Advance while there is more, then wait a second.  A batch is a statement, and fails as a whole:
 * then its schedules are taken one by one, and one that cannot be moved is set aside, so that what
 * is wrong with it is nobody else's business. */
#include "schedule.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/pulse.h"
#include "base/scope.h"
#include "base/uuid.h"
#include "model/autoscan_round_store.h"
#include "pg/session.h"
#include "worker_metrics.h"

/* A batch is a transaction of some tens of milliseconds, in which its rows are locked. */
enum {
    BATCH = AUTOSCAN_ADVANCE_MOST,
    LOOK_INTERVAL_MS = 1000,
    STATEMENT_TIMEOUT_MS = 30000,
    STATEMENTS_MOST_MS = 2 * (STATEMENT_TIMEOUT_MS + PG_SESSION_GRACE_MS), /* without a beat */
};

struct scheduler {
    const struct config *config;
    struct pg_session *session; /* the thread's */
    pthread_t thread;
    struct pulse pulse;
    atomic_bool stopping;
    int wake; /* an eventfd, readable once it is to stop */
};

static bool is_stopping(struct scheduler *scheduler)
{
    return atomic_load(&scheduler->stopping);
}

/* Ids for as many tasks, in PostgreSQL's text form of an array. */
static void write_ids(struct json_writer *array, int count)
{
    for (int i = 0; i < count; i++) {
        struct uuid id;
        uuid_generate(&id);
        json_writer_raw(array, i == 0 ? "{" : ",", 1);
        json_writer_raw(array, id.text, UUID_TEXT_LENGTH);
    }
    json_writer_raw(array, "}", 1);
}

/* Names one; the texts are somebody else's. */
struct schedule {
    const char *project, *instance, *kind;
};

static void add_schedule(const struct schedule *schedule, struct pg_parameters *parameters)
{
    pg_parameters_add_reference(parameters, schedule->project);
    pg_parameters_add_reference(parameters, schedule->instance);
    pg_parameters_add_reference(parameters, schedule->kind);
}

static void log_batch(const struct pg_rows *rows)
{
    int64_t started = pg_rows_integer(rows, 0, AUTOSCAN_ADVANCE_STARTED);
    int64_t skipped = pg_rows_integer(rows, 0, AUTOSCAN_ADVANCE_SKIPPED);
    int64_t missed = pg_rows_integer(rows, 0, AUTOSCAN_ADVANCE_MISSED);
    metric_add(&metric_rounds, ROUND_STARTED, 0, started);
    metric_add(&metric_rounds, ROUND_SKIPPED, 0, skipped);
    metric_add(&metric_rounds, ROUND_MISSED, 0, missed);
    if (started + skipped > 0)
        LOG_INFO("rounds_decided", LOG_NUMBER("started", started), LOG_NUMBER("skipped", skipped),
                 LOG_NUMBER("missed", missed));
}

/* A batch, or one schedule where that is given.  Returns how many were taken, or -1. */
static int64_t advance(struct scheduler *scheduler, const struct schedule *one, struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    SCOPED(json_writer_release) struct json_writer ids;
    json_writer_init(&ids);
    write_ids(&ids, one ? 1 : BATCH);
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, ids.text);
    pg_parameters_add_integer(&parameters, scheduler->config->schedule_spread_seconds);
    pg_parameters_add_reference(&parameters, NULL);
    if (one)
        add_schedule(one, &parameters);
    if (pg_session_execute(scheduler->session, one ? &autoscan_advance_one : &autoscan_advance,
                           &parameters, &rows, err) < 0)
        return -1;
    log_batch(&rows);
    return pg_rows_integer(&rows, 0, AUTOSCAN_ADVANCE_TAKEN);
}

/* Where not even that can be written, the others are gone on with all the same. */
static void set_aside(struct scheduler *scheduler, const struct schedule *schedule,
                      const struct error *reason)
{
    struct pg_parameters parameters;
    struct error err = {0};
    pg_parameters_init(&parameters);
    add_schedule(schedule, &parameters);
    LOG_WARNING("schedule_set_aside", LOG_TEXT("project", schedule->project),
                LOG_TEXT("instance", schedule->instance), LOG_TEXT("kind", schedule->kind),
                LOG_NUMBER("seconds", AUTOSCAN_ASIDE_SECONDS), LOG_ERROR_FIELDS(reason));
    if (pg_session_execute(scheduler->session, &autoscan_set_aside, &parameters, NULL, &err) < 0)
        LOG_WARNING("scheduler_waits", LOG_ERROR_FIELDS(&err));
}

/* What was in the batch that failed, schedule by schedule.  Returns how many were taken, or -1
 * where the database went away. */
static int64_t advance_singly(struct scheduler *scheduler, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows due = {0};
    int64_t all = 0;
    if (pg_session_execute(scheduler->session, &autoscan_list_due, NULL, &due, err) < 0)
        return -1;
    for (int row = 0; row < due.row_count && !is_stopping(scheduler); row++) {
        pulse_beat(&scheduler->pulse);
        struct schedule one = {pg_rows_string(&due, row, AUTOSCAN_DUE_PROJECT_ID),
                               pg_rows_string(&due, row, AUTOSCAN_DUE_INSTANCE_ID),
                               pg_rows_string(&due, row, AUTOSCAN_DUE_KIND)};
        struct error reason = {0};
        int64_t taken = advance(scheduler, &one, &reason);
        if (taken < 0 && reason.code == ERROR_DATABASE_CONNECTION) {
            *err = reason;
            return -1;
        }
        if (taken < 0)
            set_aside(scheduler, &one, &reason);
        else
            all += taken;
    }
    return all;
}

/* Returns how many schedules were taken, or -1 where the database does not answer. */
static int64_t advance_all(struct scheduler *scheduler, struct error *err)
{
    struct error failure = {0};
    int64_t taken = advance(scheduler, NULL, &failure);
    if (taken >= 0)
        return taken;
    if (failure.code == ERROR_DATABASE_CONNECTION) {
        *err = failure;
        return -1;
    }
    LOG_WARNING("schedules_taken_singly", LOG_ERROR_FIELDS(&failure));
    return advance_singly(scheduler, err);
}

static void *run(void *argument)
{
    struct scheduler *scheduler = argument;
    pulse_begin(&scheduler->pulse, "scheduler", -1,
                scheduler->config->stuck_seconds * 1000 + STATEMENTS_MOST_MS);
    while (!is_stopping(scheduler)) {
        struct pollfd wake = {.fd = scheduler->wake, .events = POLLIN};
        pulse_beat(&scheduler->pulse);
        struct error err = {0};
        int64_t taken = advance_all(scheduler, &err);
        metric_add(&metric_failures, UNIT_SCHEDULER, 0, taken < 0);
        if (taken < 0)
            LOG_WARNING("scheduler_waits", LOG_ERROR_FIELDS(&err));
        if (taken < BATCH)
            poll(&wake, 1, LOOK_INTERVAL_MS);
    }
    pulse_end(&scheduler->pulse);
    return NULL;
}

struct scheduler *scheduler_new(const struct config *config, const struct pg_login *database)
{
    struct scheduler *scheduler = calloc(1, sizeof(*scheduler));
    if (!scheduler)
        abort();
    scheduler->config = config;
    scheduler->session = pg_session_new(database, "dcs-worker schedule", STATEMENT_TIMEOUT_MS);
    scheduler->wake = eventfd(0, EFD_CLOEXEC);
    if (scheduler->wake < 0 || pthread_create(&scheduler->thread, NULL, run, scheduler) != 0)
        abort();
    return scheduler;
}

void scheduler_free(struct scheduler *scheduler)
{
    atomic_store(&scheduler->stopping, true);
    eventfd_write(scheduler->wake, 1);
    pthread_join(scheduler->thread, NULL);
    close(scheduler->wake);
    pg_session_free(scheduler->session);
    free(scheduler);
}
