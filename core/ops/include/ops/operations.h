/* What those who run a program ask it, on a listener of its own over plain HTTP:
 *
 *     /healthz    200 as long as no thread is stuck; else it is to be started again
 *     /readyz     200 where it can do its work now: the database answers and is migrated, the
 *                 program itself says so, and it does not drain.  Else 503, and why, a line each
 *     /startupz   200 once it has started
 *     /metrics    base/metrics.h; OpenMetrics where that is accepted
 *
 * Answers come from a thread of the listener's own and wait for nothing: what they tell of the
 * database a monitor thread has found out, which looks every second on a connection of its own.  So
 * it costs the program the same however often it is asked.  They have no secrets, names of tenants
 * or keys; whoever reaches the port may read them. */
#ifndef OPS_OPERATIONS_H
#define OPS_OPERATIONS_H

#include "base/config.h"
#include "base/metrics.h"
#include "pg/session.h"

struct operations;

enum { OPERATIONS_WHY_MAX = 127 };

/* What one part of a program counts. */
struct operations_metrics {
    struct metric *const *metrics;
    int count;
};

struct operations_settings {
    const char *program; /* dcs-server */
    const struct config *config;
    struct pg_login database; /* its password outlives operations_close */
    /* Whether the program itself can do its work; else why not, a line.  Any thread; may be null.
     */
    bool (*can_work)(void *argument, char ret_why[OPERATIONS_WHY_MAX + 1]);
    /* Once a second, while the database is there, on the monitor's thread; may be null. */
    int (*survey)(void *argument, struct pg_session *session, struct error *err);
    void *argument;
    /* Registered, beside those of the process, where there is a listener. */
    const struct operations_metrics *metrics;
    int metric_count;
};

/* Before other threads are there.  Listens, where the setting listen_operations has an address:
 * otherwise *ret_operations is null, which all of these take.  What is in settings must outlive it.
 * Fails with ERROR_CONFIG. */
int operations_open(const struct operations_settings *settings, struct operations **ret_operations,
                    struct error *err);
/* Answers to its very end. */
void operations_close(struct operations *operations);

/* The program has started, and has begun to stop.  Any thread. */
void operations_set_started(struct operations *operations);
void operations_set_draining(struct operations *operations);

#endif
