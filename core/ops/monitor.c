/* Look, note what was found, wait. */
#include "monitor.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/migration.h"

struct monitor {
    const struct operations_settings *settings;
    void (*each_round)(void *argument);
    void *argument;
    struct pg_session *session; /* the thread's */
    pthread_t thread;
    bool running;          /* the thread, to be joined */
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool stopping;
    bool is_good;
    int64_t found_ms; /* 0: nothing yet */
    char why[OPERATIONS_WHY_MAX + 1];
};

/* Whoever asks is nobody in particular: hosts and the like are for the log.  Empty where there is
 * nothing to say. */
static void describe(const struct error *err, const struct migration_skew *newer,
                     char ret_why[OPERATIONS_WHY_MAX + 1])
{
    ret_why[0] = '\0';
    if (err->code == ERROR_NONE && newer->count > 0)
        snprintf(ret_why, OPERATIONS_WHY_MAX + 1,
                 "migrations: %d newer than this program, up to %s", newer->count, newer->last);
    else if (err->code == ERROR_NONE)
        return;
    else if (err->code == ERROR_CONFIG)
        snprintf(ret_why, OPERATIONS_WHY_MAX + 1, "migrations: %.100s", err->text);
    else if (err->code == ERROR_DATABASE_STATEMENT)
        snprintf(ret_why, OPERATIONS_WHY_MAX + 1, "migrations: cannot be read");
    else
        snprintf(ret_why, OPERATIONS_WHY_MAX + 1, "database: not reachable");
}

static void note(struct monitor *monitor, const struct error *err,
                 const struct migration_skew *newer)
{
    bool is_good = err->code == ERROR_NONE;
    pthread_mutex_lock(&monitor->mutex);
    bool changed = monitor->found_ms == 0 ? !is_good : is_good != monitor->is_good;
    monitor->is_good = is_good;
    monitor->found_ms = clock_monotonic_ms();
    describe(err, newer, monitor->why);
    pthread_mutex_unlock(&monitor->mutex);
    if (changed && is_good)
        LOG_INFO("database_good_again");
    else if (changed)
        LOG_WARNING("database_not_good", LOG_ERROR_FIELDS(err));
}

static void look(struct monitor *monitor)
{
    struct error err = {0}, ignored = {0};
    struct migration_skew newer = {0};
    const struct operations_settings *settings = monitor->settings;
    monitor->each_round(monitor->argument);
    int status = migrations_check(monitor->session, &newer, &err);
    note(monitor, &err, &newer);
    if (status == 0 && settings->survey &&
        settings->survey(settings->argument, monitor->session, &ignored) < 0)
        LOG_DEBUG("survey_failed", LOG_ERROR_FIELDS(&ignored));
}

/* Returns false where it is to stop. */
static bool rest(struct monitor *monitor)
{
    int64_t until_ms = clock_monotonic_ms() + MONITOR_INTERVAL_MS;
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int status = 0;
    pthread_mutex_lock(&monitor->mutex);
    while (!monitor->stopping && status == 0)
        status = pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until);
    bool stopping = monitor->stopping;
    pthread_mutex_unlock(&monitor->mutex);
    return !stopping;
}

static void *run(void *argument)
{
    struct monitor *monitor = argument;
    do {
        look(monitor);
    } while (rest(monitor));
    return NULL;
}

struct monitor *monitor_new(const struct operations_settings *settings,
                            void (*each_round)(void *argument), void *argument)
{
    struct monitor *monitor = calloc(1, sizeof(*monitor));
    pthread_condattr_t attributes;
    char name[64];
    if (!monitor)
        abort();
    monitor->settings = settings;
    monitor->each_round = each_round;
    monitor->argument = argument;
    snprintf(name, sizeof(name), "%s operations", settings->program);
    monitor->session = pg_session_new(&settings->database, name, MONITOR_STATEMENT_MS);
    pthread_mutex_init(&monitor->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&monitor->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return monitor;
}

void monitor_start(struct monitor *monitor)
{
    if (pthread_create(&monitor->thread, NULL, run, monitor) != 0)
        abort();
    monitor->running = true;
}

void monitor_stop(struct monitor *monitor)
{
    if (!monitor->running)
        return;
    pthread_mutex_lock(&monitor->mutex);
    monitor->stopping = true;
    pthread_cond_broadcast(&monitor->changed);
    pthread_mutex_unlock(&monitor->mutex);
    pthread_join(monitor->thread, NULL);
    monitor->running = false;
}

void monitor_free(struct monitor *monitor)
{
    pthread_cond_destroy(&monitor->changed);
    pthread_mutex_destroy(&monitor->mutex);
    pg_session_free(monitor->session);
    free(monitor);
}

bool monitor_database_is_good(struct monitor *monitor, char ret_why[OPERATIONS_WHY_MAX + 1])
{
    pthread_mutex_lock(&monitor->mutex);
    int64_t age_ms = clock_monotonic_ms() - monitor->found_ms;
    bool is_good = monitor->is_good && age_ms <= MONITOR_STALE_MS;
    if (monitor->found_ms == 0)
        snprintf(ret_why, OPERATIONS_WHY_MAX + 1, "database: not asked yet");
    else if (age_ms > MONITOR_STALE_MS)
        snprintf(ret_why, OPERATIONS_WHY_MAX + 1, "database: not asked for %lld s",
                 (long long)age_ms / 1000);
    else
        memcpy(ret_why, monitor->why, sizeof(monitor->why));
    pthread_mutex_unlock(&monitor->mutex);
    return is_good;
}
