/* Rests, probes and what ends them. */
#include "breaker.h"

bool breaker_admits(struct breaker *breaker, int64_t now_ms, bool *ret_is_probe)
{
    *ret_is_probe = false;
    if (breaker->rest_ms == 0)
        return true;
    if (breaker->is_probing || now_ms < breaker->rests_until_ms)
        return false;
    *ret_is_probe = true;
    breaker->is_probing = true;
    return true;
}

bool breaker_succeed(struct breaker *breaker)
{
    bool was_open = breaker->rest_ms > 0;
    *breaker = (struct breaker){0};
    return was_open;
}

static void rest(struct breaker *breaker, int64_t rest_ms, int64_t now_ms)
{
    breaker->rest_ms = rest_ms > BREAKER_REST_MAX_MS ? BREAKER_REST_MAX_MS : rest_ms;
    breaker->rests_until_ms = now_ms + breaker->rest_ms;
    breaker->is_probing = false;
}

bool breaker_fail(struct breaker *breaker, bool is_probe, bool was_slow, int64_t now_ms)
{
    if (breaker->rest_ms > 0) {
        /* Others were let through before it opened; of them it knows already. */
        if (is_probe)
            rest(breaker, 2 * breaker->rest_ms, now_ms);
        return false;
    }
    breaker->failures += was_slow ? BREAKER_FAILURES_MAX : 1;
    if (breaker->failures < BREAKER_FAILURES_MAX)
        return false;
    rest(breaker, BREAKER_REST_MS, now_ms);
    return true;
}
