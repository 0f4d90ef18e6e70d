/* Asking again while a server says that it will answer soon.
 *
 * For what may be repeated only: SCAN with the same cursor, and questions that change nothing.  The
 * wait is bounded for each time that the server is not ready, not for a scan as a whole. */
#ifndef REDIS_RETRY_H
#define REDIS_RETRY_H

#include "redis/connection.h"

enum { REDIS_RETRY_MS = 60 * 1000, REDIS_RETRY_NAP_LEAST_MS = 50, REDIS_RETRY_NAP_MOST_MS = 1000 };

struct redis_retry {
    int64_t since; /* monotonic ms of the first such reply; 0: the server answers */
    int nap_ms;
};

/* To be called with each reply.  Returns 1 where it says that the server will answer soon, after a
 * pause which grows, during which the interrupt is asked: ask again.  Returns 0 where the reply is
 * any other, or REDIS_RETRY_MS have passed since the first of these in a row, and -1 where the
 * interrupt says so. */
int redis_retry_wait(struct redis_retry *retry, const struct redis_reply *reply,
                     struct redis_interrupt interrupt, struct error *err);

/* Sleeps, and asks the interrupt at least every REDIS_INTERRUPT_INTERVAL_MS; its failure ends that.
 */
int redis_nap(int64_t ms, struct redis_interrupt interrupt, struct error *err);

/* redis_connection_call, again while redis_retry_wait says so.  For questions that change nothing;
 * where time runs out the reply is the last refusal. */
int redis_retry_call(struct redis_connection *connection, const struct text *words, int count,
                     struct redis_interrupt interrupt, const struct redis_reply **ret_reply,
                     struct error *err);

#endif
