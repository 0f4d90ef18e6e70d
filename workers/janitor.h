/* The janitor: what has to be done now and then and belongs to nobody's request.  Every worker does
 * it; doing it twice is harmless. */
#ifndef WORKERS_JANITOR_H
#define WORKERS_JANITOR_H

#include <stdint.h>

#include "base/config.h"
#include "base/pulse.h"
#include "pg/session.h"

struct janitor {
    const struct config *config;
    struct pulse *pulse;           /* beaten for every statement */
    struct pg_session *session;    /* of the thread that sweeps */
    int64_t give_up_ms, forget_ms; /* monotonic; when each is due */
};

/* Does what is due: fails tasks whose last attempt was lost, removes temporary access keys that
 * have ended, forgets requests that are older than a day, rounds that are older than a week, tasks
 * that ended retention_days ago and what analyses came to series_retention_days ago.  Takes a
 * bounded number of short statements. */
int janitor_sweep(struct janitor *janitor, struct error *err);

#endif
