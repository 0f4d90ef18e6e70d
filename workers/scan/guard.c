/* The thread owns the connection; what is shared is a few latencies under the mutex, and the time
 * of the ping in flight. */
#include "scan/guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "redis/connection.h"

enum { RETRY_MS = 1000, KEPT = 16, PINGS = 5, NS_OF_MS = 1000000, NS_OF_S = 1000000000 };

struct guard {
    const struct redis_target *target;
    pthread_t thread;
    atomic_bool stopping;
    _Atomic int64_t sent_us; /* of the ping in flight; 0: none */
    atomic_int kept;         /* changed under the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int64_t latencies[KEPT];
    int first;
};

int guard_measure(struct redis_connection *connection, int64_t *ret_least_us, int64_t *ret_usual_us,
                  struct error *err)
{
    static const struct text words[] = {{"PING", 4}};
    int64_t times[PINGS]; /* sorted */
    for (int i = 0; i < PINGS; i++) {
        const struct redis_reply *reply;
        int64_t sent = clock_monotonic_us();
        /* Any answer is one. */
        if (redis_connection_call(connection, words, 1, &reply, err) < 0)
            return -1;
        int64_t took = clock_monotonic_us() - sent;
        int place = i;
        for (; place > 0 && times[place - 1] > took; place--)
            times[place] = times[place - 1];
        times[place] = took;
    }
    *ret_least_us = times[0];
    *ret_usual_us = times[PINGS / 2];
    return 0;
}

static int ask_to_stop(void *argument, struct error *err)
{
    struct guard *guard = argument;
    return atomic_load(&guard->stopping) ? error_set(err, ERROR_SCAN_CANCELLED, "stopped") : 0;
}

static void keep(struct guard *guard, int64_t latency)
{
    pthread_mutex_lock(&guard->mutex);
    if (guard->kept == KEPT) {
        guard->first = (guard->first + 1) % KEPT;
        guard->kept--;
    }
    guard->latencies[(guard->first + guard->kept++) % KEPT] = latency;
    pthread_mutex_unlock(&guard->mutex);
}

bool guard_take(struct guard *guard, int64_t *ret_latency_us)
{
    if (atomic_load_explicit(&guard->kept, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&guard->mutex);
    *ret_latency_us = guard->latencies[guard->first];
    guard->first = (guard->first + 1) % KEPT;
    guard->kept--;
    pthread_mutex_unlock(&guard->mutex);
    return true;
}

int64_t guard_waiting_us(struct guard *guard, int64_t now_us)
{
    int64_t sent = atomic_load_explicit(&guard->sent_us, memory_order_relaxed);
    return sent > 0 && sent < now_us ? now_us - sent : 0;
}

/* Any answer is one: a server that refuses PING takes its time as well. */
static int ping(struct guard *guard, struct redis_connection *connection)
{
    static const struct text words[] = {{"PING", 4}};
    const struct redis_reply *reply;
    struct error err = {0};
    int64_t sent = clock_monotonic_us();
    atomic_store_explicit(&guard->sent_us, sent, memory_order_relaxed);
    int status = redis_connection_call(connection, words, 1, &reply, &err);
    atomic_store_explicit(&guard->sent_us, 0, memory_order_relaxed);
    if (status == 0 || err.code == ERROR_REDIS_TIMEOUT)
        keep(guard, clock_monotonic_us() - sent);
    return status;
}

/* False: it is to stop. */
static bool wait_ms(struct guard *guard, int ms)
{
    struct timespec until;
    int status = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ms % 1000) * NS_OF_MS;
    until.tv_sec += ms / 1000 + until.tv_nsec / NS_OF_S;
    until.tv_nsec %= NS_OF_S;
    pthread_mutex_lock(&guard->mutex);
    while (!atomic_load(&guard->stopping) && status == 0)
        status = pthread_cond_timedwait(&guard->changed, &guard->mutex, &until);
    pthread_mutex_unlock(&guard->mutex);
    return !atomic_load(&guard->stopping);
}

static void *watch(void *argument)
{
    struct guard *guard = argument;
    struct redis_interrupt interrupt = {ask_to_stop, guard};
    struct redis_connection *connection = NULL;
    int interval = GUARD_INTERVAL_MS;
    while (wait_ms(guard, interval)) {
        struct error err = {0};
        interval = GUARD_INTERVAL_MS;
        if (!connection && redis_connection_open(guard->target, interrupt, &connection, &err) < 0) {
            connection = NULL;
            interval = RETRY_MS;
        } else if (ping(guard, connection) < 0) {
            redis_connection_free(connection);
            connection = NULL;
        }
    }
    redis_connection_free(connection);
    return NULL;
}

static void release(struct guard *guard)
{
    pthread_cond_destroy(&guard->changed);
    pthread_mutex_destroy(&guard->mutex);
    free(guard);
}

struct guard *guard_new(const struct redis_target *target)
{
    struct guard *guard = calloc(1, sizeof(*guard));
    pthread_condattr_t attributes;
    if (!guard)
        abort();
    guard->target = target;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&guard->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&guard->mutex, NULL);
    if (pthread_create(&guard->thread, NULL, watch, guard) == 0)
        return guard;
    release(guard);
    return NULL;
}

void guard_free(struct guard *guard)
{
    if (!guard)
        return;
    pthread_mutex_lock(&guard->mutex);
    atomic_store(&guard->stopping, true);
    pthread_cond_signal(&guard->changed);
    pthread_mutex_unlock(&guard->mutex);
    pthread_join(guard->thread, NULL);
    release(guard);
}
