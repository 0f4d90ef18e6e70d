/* Pauses double up to a second: a script ends within milliseconds, loading takes minutes. */
#include "redis/retry.h"

#include <time.h>

#include "base/clock.h"

int redis_nap(int64_t ms, struct redis_interrupt interrupt, struct error *err)
{
    int64_t ends = clock_monotonic_ms() + ms;
    for (int64_t left = ms; left > 0; left = ends - clock_monotonic_ms()) {
        int64_t step = left < REDIS_INTERRUPT_INTERVAL_MS ? left : REDIS_INTERRUPT_INTERVAL_MS;
        const struct timespec time = {.tv_nsec = step * 1000000};
        if (interrupt.ask && interrupt.ask(interrupt.argument, err) < 0)
            return -1;
        nanosleep(&time, NULL);
    }
    return 0;
}

int redis_retry_wait(struct redis_retry *retry, const struct redis_reply *reply,
                     struct redis_interrupt interrupt, struct error *err)
{
    if (!redis_reply_passes(reply)) {
        *retry = (struct redis_retry){0};
        return 0;
    }
    int64_t now = clock_monotonic_ms();
    if (retry->since == 0)
        *retry = (struct redis_retry){now, REDIS_RETRY_NAP_LEAST_MS};
    if (now - retry->since >= REDIS_RETRY_MS)
        return 0;
    if (redis_nap(retry->nap_ms, interrupt, err) < 0)
        return -1;
    retry->nap_ms *= 2;
    if (retry->nap_ms > REDIS_RETRY_NAP_MOST_MS)
        retry->nap_ms = REDIS_RETRY_NAP_MOST_MS;
    return 1;
}

int redis_retry_call(struct redis_connection *connection, const struct text *words, int count,
                     struct redis_interrupt interrupt, const struct redis_reply **ret_reply,
                     struct error *err)
{
    struct redis_retry retry = {0};
    int again = 1;
    while (again > 0) {
        if (redis_connection_call(connection, words, count, ret_reply, err) < 0)
            return -1;
        again = redis_retry_wait(&retry, *ret_reply, interrupt, err);
    }
    return again;
}
