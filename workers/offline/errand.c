/* Asked and told at one moment, so that neither is forgotten. */
#include "errand.h"

#include <time.h>

#include "base/clock.h"

enum { US_OF_MS = 1000, NS_OF_US = 1000, US_OF_S = 1000000 };

void errand_init(struct errand *errand, const struct offline_request *request)
{
    *errand = (struct errand){.request = request, .started_ms = clock_monotonic_ms()};
}

int64_t errand_elapsed_ms(const struct errand *errand)
{
    return clock_monotonic_ms() - errand->started_ms;
}

int errand_ask(struct errand *errand, struct error *err)
{
    const struct offline_request *request = errand->request;
    errand->asked_ms = clock_monotonic_ms();
    if (request->stopped && request->stopped(request->stopped_argument))
        return error_set(err, ERROR_SCAN_CANCELLED, "cancelled");
    if (errand_elapsed_ms(errand) >= request->timeout_ms)
        return error_set(err, ERROR_SCAN_DEADLINE, "no end within %lld ms",
                         (long long)request->timeout_ms);
    if (request->progress)
        request->progress(request->progress_argument, &errand->progress);
    return 0;
}

int errand_check(struct errand *errand, struct error *err)
{
    return clock_monotonic_ms() - errand->asked_ms < REDIS_INTERRUPT_INTERVAL_MS
               ? 0
               : errand_ask(errand, err);
}

int errand_nap(struct errand *errand, int64_t us, struct error *err)
{
    const int64_t interval = (int64_t)REDIS_INTERRUPT_INTERVAL_MS * US_OF_MS;
    int64_t ends = clock_monotonic_us() + us;
    for (int64_t left = us; left > 0; left = ends - clock_monotonic_us()) {
        int64_t step = left < interval ? left : interval;
        const struct timespec time = {.tv_nsec = step * NS_OF_US};
        if (errand_check(errand, err) < 0)
            return -1;
        nanosleep(&time, NULL);
    }
    return 0;
}
