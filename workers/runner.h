/* A runner: a thread that claims a task, runs its scan, and records what came of it; then the next
 * one. */
#ifndef WORKERS_RUNNER_H
#define WORKERS_RUNNER_H

#include <pthread.h>

#include "base/pulse.h"
#include "instance/access.h"
#include "lease.h"
#include "pg/session.h"
#include "queue.h"

struct exporter;
struct operations;

/* What all runners of a worker share. */
struct worker {
    const struct config *config;
    struct instance_access access;
    struct pg_login database;
    struct outbound *webhooks; /* whom they may reach */
    const char *owner;         /* in leases: who this is */
    struct queue queue;
    struct operations *operations; /* null: nobody asks */
    struct exporter *exporter;     /* of traces; null: none are sent */
    struct lease_keeper *keeper;
};

struct runner {
    struct worker *worker;
    struct pg_session *session;
    pthread_t thread;
    int number;
    struct pulse pulse;
};

/* number tells runners apart. */
void runner_start(struct runner *runner, struct worker *worker, int number);
/* After queue_stop: waits for its scan to be given back. */
void runner_join(struct runner *runner);

#endif
