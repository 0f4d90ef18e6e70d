/* The keeper: one thread, one database session, all leases of the process. */
#include "lease.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/scope.h"
#include "model/scan_task_store.h"
#include "pg/session.h"

enum { LEASES_MAX = 256, CHECK_INTERVAL_MS = 1000, STATEMENT_TIMEOUT_MS = 5000 };

struct lease_keeper {
    const struct config *config;
    const char *owner;
    struct pg_session *session; /* the thread's */
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool stopping;
    unsigned round;
    int count;
    struct lease *leases[LEASES_MAX];
};

/* PostgreSQL's text form of the arrays that a statement takes. */
struct lease_arrays {
    struct json_writer projects, tasks, fences, keys_seen, keys_total;
};

static void append(struct json_writer *array, const char *text)
{
    json_writer_raw(array, array->length > 1 ? "," : "", array->length > 1);
    json_writer_raw(array, text, strlen(text));
}

static void append_number(struct json_writer *array, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%lld", (long long)number);
    append(array, digits);
}

static void arrays_init(struct lease_arrays *arrays)
{
    struct json_writer *all[] = {&arrays->projects, &arrays->tasks, &arrays->fences,
                                 &arrays->keys_seen, &arrays->keys_total};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        json_writer_init(all[i]);
        json_writer_raw(all[i], "{", 1);
    }
}

static void arrays_close(struct lease_arrays *arrays)
{
    struct json_writer *all[] = {&arrays->projects, &arrays->tasks, &arrays->fences,
                                 &arrays->keys_seen, &arrays->keys_total};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        json_writer_raw(all[i], "}", 1);
}

static void arrays_release(struct lease_arrays *arrays)
{
    json_writer_release(&arrays->projects);
    json_writer_release(&arrays->tasks);
    json_writer_release(&arrays->fences);
    json_writer_release(&arrays->keys_seen);
    json_writer_release(&arrays->keys_total);
}

/* Notes all leases of this moment under a new round; returns how many. */
static int collect(struct lease_keeper *keeper, struct lease_arrays *arrays)
{
    arrays_init(arrays);
    pthread_mutex_lock(&keeper->mutex);
    keeper->round++;
    for (int i = 0; i < keeper->count; i++) {
        struct lease *lease = keeper->leases[i];
        lease->round = keeper->round;
        append(&arrays->projects, lease->project.text);
        append(&arrays->tasks, lease->task.text);
        append_number(&arrays->fences, lease->fence);
        append_number(&arrays->keys_seen, atomic_load(&lease->keys_seen));
        append_number(&arrays->keys_total, atomic_load(&lease->keys_total));
    }
    int count = keeper->count;
    pthread_mutex_unlock(&keeper->mutex);
    arrays_close(arrays);
    return count;
}

static bool has_id(const struct pg_rows *rows, const char *id)
{
    for (int row = 0; row < rows->row_count; row++) {
        if (strcmp(pg_rows_string(rows, row, 0), id) == 0)
            return true;
    }
    return false;
}

/* Leases that were in the round and are not in the answer are lost. */
static void apply(struct lease_keeper *keeper, const struct pg_rows *rows, bool renewed,
                  int64_t sent_ms)
{
    pthread_mutex_lock(&keeper->mutex);
    for (int i = 0; i < keeper->count; i++) {
        struct lease *lease = keeper->leases[i];
        if (lease->round != keeper->round)
            continue;
        if (!has_id(rows, lease->task.text))
            atomic_store(&lease->lost, true);
        else if (renewed)
            atomic_store(&lease->renewed_ms, sent_ms);
    }
    pthread_mutex_unlock(&keeper->mutex);
}

static int execute(struct lease_keeper *keeper, const struct lease_arrays *arrays, bool renew,
                   struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    if (renew) {
        pg_parameters_add_reference(&parameters, keeper->owner);
        pg_parameters_add_integer(&parameters, keeper->config->lease_seconds);
    }
    pg_parameters_add_reference(&parameters, arrays->projects.text);
    pg_parameters_add_reference(&parameters, arrays->tasks.text);
    pg_parameters_add_reference(&parameters, arrays->fences.text);
    if (renew) {
        pg_parameters_add_reference(&parameters, arrays->keys_seen.text);
        pg_parameters_add_reference(&parameters, arrays->keys_total.text);
    }
    return pg_session_execute(keeper->session, renew ? &scan_task_renew : &scan_task_check,
                              &parameters, ret_rows, err);
}

/* One round.  Returns false where the database did not answer; the leases then run on by the clock.
 */
static bool keep(struct lease_keeper *keeper, bool renew)
{
    struct lease_arrays arrays;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    struct error err = {0};
    int status = 0;
    int64_t sent_ms = clock_monotonic_ms();
    if (collect(keeper, &arrays) > 0) {
        status = execute(keeper, &arrays, renew, &rows, &err);
        if (status == 0)
            apply(keeper, &rows, renew, sent_ms);
        else
            LOG_WARNING("heartbeat_failed", LOG_ERROR_FIELDS(&err));
    }
    arrays_release(&arrays);
    return status == 0;
}

static void wait_for(struct lease_keeper *keeper, int milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&keeper->mutex);
    if (!keeper->stopping)
        pthread_cond_timedwait(&keeper->changed, &keeper->mutex, &until);
    pthread_mutex_unlock(&keeper->mutex);
}

static bool is_stopping(struct lease_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    bool stopping = keeper->stopping;
    pthread_mutex_unlock(&keeper->mutex);
    return stopping;
}

static void *run(void *argument)
{
    struct lease_keeper *keeper = argument;
    int64_t next_renewal_ms = 0;
    while (!is_stopping(keeper)) {
        int64_t now = clock_monotonic_ms();
        bool renew = now >= next_renewal_ms;
        if (keep(keeper, renew) && renew)
            next_renewal_ms = now + keeper->config->heartbeat_seconds * 1000;
        wait_for(keeper, CHECK_INTERVAL_MS);
    }
    return NULL;
}

struct lease_keeper *lease_keeper_new(const struct config *config, const char *owner)
{
    struct lease_keeper *keeper = calloc(1, sizeof(*keeper));
    pthread_condattr_t attributes;
    if (!keeper)
        abort();
    keeper->config = config;
    keeper->owner = owner;
    keeper->session =
        pg_session_new(config->database_url, "dcs-worker lease", STATEMENT_TIMEOUT_MS);
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&keeper->thread, NULL, run, keeper) != 0)
        abort();
    return keeper;
}

void lease_keeper_free(struct lease_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->stopping = true;
    pthread_cond_signal(&keeper->changed);
    pthread_mutex_unlock(&keeper->mutex);
    pthread_join(keeper->thread, NULL);
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->mutex);
    pg_session_free(keeper->session);
    free(keeper);
}

void lease_add(struct lease_keeper *keeper, struct lease *lease)
{
    pthread_mutex_lock(&keeper->mutex);
    if (keeper->count == LEASES_MAX)
        abort();
    keeper->leases[keeper->count++] = lease;
    pthread_mutex_unlock(&keeper->mutex);
}

void lease_remove(struct lease_keeper *keeper, struct lease *lease)
{
    pthread_mutex_lock(&keeper->mutex);
    for (int i = 0; i < keeper->count; i++) {
        if (keeper->leases[i] == lease) {
            keeper->leases[i] = keeper->leases[--keeper->count];
            break;
        }
    }
    pthread_mutex_unlock(&keeper->mutex);
}

void lease_cancel(struct lease_keeper *keeper, const char *task)
{
    pthread_mutex_lock(&keeper->mutex);
    for (int i = 0; i < keeper->count; i++) {
        if (strcmp(keeper->leases[i]->task.text, task) == 0)
            atomic_store(&keeper->leases[i]->lost, true);
    }
    pthread_mutex_unlock(&keeper->mutex);
}

bool lease_is_held(const struct lease_keeper *keeper, struct lease *lease)
{
    /* A sixth of the lease is left for clocks that drift and for what is on its way to Redis. */
    int64_t safe_ms = keeper->config->lease_seconds * 1000 * 5 / 6;
    return !atomic_load(&lease->lost) &&
           clock_monotonic_ms() - atomic_load(&lease->renewed_ms) < safe_ms;
}
