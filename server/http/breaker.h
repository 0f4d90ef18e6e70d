/* A circuit breaker: whether to ask somebody who has been failing.
 *
 * Closed it lets all through.  It opens where BREAKER_FAILURES_MAX in a row fail, or one that made
 * its client wait; then nobody is let through for a rest, and after it one at a time, the probe,
 * whose failure doubles the rest.  A success closes it.  A plain value, zeroed before use; time is
 * the caller's, in milliseconds. */
#ifndef SERVER_HTTP_BREAKER_H
#define SERVER_HTTP_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_FAILURES_MAX = 3, BREAKER_REST_MS = 500, BREAKER_REST_MAX_MS = 4000 };

struct breaker {
    int failures;    /* in a row */
    int64_t rest_ms; /* 0: closed */
    int64_t rests_until_ms;
    bool is_probing;
};

/* Whether one may be tried.  Each that may is to be answered by breaker_succeed or breaker_fail;
 * the latter is told whether it was the probe. */
bool breaker_admits(struct breaker *breaker, int64_t now_ms, bool *ret_is_probe);

/* Returns whether that closed it. */
bool breaker_succeed(struct breaker *breaker);

/* Returns whether that opened it. */
bool breaker_fail(struct breaker *breaker, bool is_probe, bool was_slow, int64_t now_ms);

#endif
