/* The pacer of a scan that runs: what it is told, by the clock and by the guard. */
#ifndef SCAN_PACING_H
#define SCAN_PACING_H

#include "pacer.h"
#include "redis/connection.h"
#include "scan/guard.h"

struct scan_request;

struct pacing {
    struct pacer pacer;
    struct guard *guard;
    struct redis_interrupt interrupt;
    int64_t asked_us;      /* the interrupt, last */
    struct scan_cost said; /* of the metrics */
};

/* Measures the round trip on the connection, where nothing may be in flight, and starts the guard.
 * The request must live as long as the pacing, which is released whether or not this succeeds. */
int pacing_init(struct pacing *pacing, const struct scan_request *request,
                struct redis_connection *connection, struct redis_interrupt interrupt,
                struct error *err);
void pacing_release(struct pacing *pacing);

/* Tells the pacer what the guard has measured. */
void pacing_listen(struct pacing *pacing);

/* Waits until the next burst may begin, as the interrupt allows. */
int pacing_wait(struct pacing *pacing, struct error *err);

#endif
