/* The request's own conditions, for what no driver watches. */
#include "patience.h"

#include "base/clock.h"

int scan_patience_ask(void *argument, struct error *err)
{
    const struct scan_patience *patience = argument;
    const struct scan_request *request = patience->request;
    if (request->stopped && request->stopped(request->stopped_argument))
        return error_set(err, ERROR_SCAN_CANCELLED, "cancelled");
    if (clock_monotonic_ms() - patience->started >= request->timeout_ms)
        return error_set(err, ERROR_SCAN_DEADLINE, "no end within %lld ms",
                         (long long)request->timeout_ms);
    return 0;
}

int64_t scan_patience_left_ms(const struct scan_patience *patience)
{
    int64_t left = patience->started + patience->request->timeout_ms - clock_monotonic_ms();
    return left > 1 ? left : 1;
}
