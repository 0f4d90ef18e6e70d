/* Advance while there is more, then wait a second. */
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
#include "base/scope.h"
#include "base/uuid.h"
#include "model/autoscan_round_store.h"
#include "pg/session.h"

/* A batch is a transaction of some tens of milliseconds, in which its rows are locked. */
enum { BATCH = AUTOSCAN_ADVANCE_MOST, LOOK_INTERVAL_MS = 1000, STATEMENT_TIMEOUT_MS = 30000 };

struct scheduler {
    const struct config *config;
    struct pg_session *session; /* the thread's */
    pthread_t thread;
    atomic_bool stopping;
    int wake; /* an eventfd, readable once it is to stop */
};

static bool is_stopping(struct scheduler *scheduler)
{
    return atomic_load(&scheduler->stopping);
}

/* Ids for as many tasks as a batch can make, in PostgreSQL's text form of an array. */
static void write_ids(struct json_writer *array)
{
    for (int i = 0; i < BATCH; i++) {
        struct uuid id;
        uuid_generate(&id);
        json_writer_raw(array, i == 0 ? "{" : ",", 1);
        json_writer_raw(array, id.text, UUID_TEXT_LENGTH);
    }
    json_writer_raw(array, "}", 1);
}

static void log_batch(const struct pg_rows *rows)
{
    int64_t started = pg_rows_integer(rows, 0, AUTOSCAN_ADVANCE_STARTED);
    int64_t skipped = pg_rows_integer(rows, 0, AUTOSCAN_ADVANCE_SKIPPED);
    if (started + skipped > 0)
        LOG_INFO("rounds_decided", LOG_NUMBER("started", started), LOG_NUMBER("skipped", skipped),
                 LOG_NUMBER("missed", pg_rows_integer(rows, 0, AUTOSCAN_ADVANCE_MISSED)));
}

/* Returns whether there may be more that is due, or -1 where the database does not answer. */
static int advance(struct scheduler *scheduler, struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    SCOPED(json_writer_release) struct json_writer ids;
    json_writer_init(&ids);
    write_ids(&ids);
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, ids.text);
    pg_parameters_add_integer(&parameters, scheduler->config->schedule_spread_seconds);
    pg_parameters_add_reference(&parameters, NULL);
    if (pg_session_execute(scheduler->session, &autoscan_advance, &parameters, &rows, err) < 0)
        return -1;
    log_batch(&rows);
    return pg_rows_integer(&rows, 0, AUTOSCAN_ADVANCE_TAKEN) == BATCH;
}

static void *run(void *argument)
{
    struct scheduler *scheduler = argument;
    while (!is_stopping(scheduler)) {
        struct pollfd wake = {.fd = scheduler->wake, .events = POLLIN};
        struct error err = {0};
        int more = advance(scheduler, &err);
        if (more < 0)
            LOG_WARNING("scheduler_waits", LOG_ERROR_FIELDS(&err));
        if (more <= 0)
            poll(&wake, 1, LOOK_INTERVAL_MS);
    }
    return NULL;
}

struct scheduler *scheduler_new(const struct config *config)
{
    struct scheduler *scheduler = calloc(1, sizeof(*scheduler));
    if (!scheduler)
        abort();
    scheduler->config = config;
    scheduler->session =
        pg_session_new(config->database_url, "dcs-worker schedule", STATEMENT_TIMEOUT_MS);
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
