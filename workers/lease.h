/* Leases: what keeps a worker's tasks its own, and what tells a scan that its task is not any more.
 *
 * One keeper thread serves all scans of a worker: every heartbeat it renews all leases in one
 * statement, which also writes down how far their scans are; in between it looks every second
 * whether the tasks are still there, and tells every few seconds how their scans go on.  A lease is
 * lost when its task was deleted or taken over, or when the database has been silent for so long
 * that somebody else may take it over soon: by the monotonic clock, before the lease ends by the
 * database's. */
#ifndef WORKERS_LEASE_H
#define WORKERS_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "base/uuid.h"
#include "pg/login.h"
#include "pg/session.h"
#include "scan_speed.h"

/* A heartbeat may come late by half of the lease before a scan has to stop for it. */
enum { LEASE_HEARTBEATS_LEAST = 3 };

/* A copy of JSON text that belongs to the lease. */
struct lease_text {
    char *text; /* null: there is none */
    size_t length;
};

/* Owned by the scan's thread, which adds and removes it; what it sets before it adds it stays. */
struct lease {
    struct uuid project, task;
    int64_t fence;
    int64_t earlier_ms; /* what earlier attempts took */
    int64_t started_ms; /* monotonic; when this one began */

    /* Cross threads. */
    atomic_int_fast64_t keys_seen, keys_total;
    atomic_int_fast64_t renewed_ms; /* monotonic; when the last renewal that succeeded was sent */
    atomic_bool lost;
    atomic_bool wants_progress; /* the keeper asks for what else is told */

    /* Of the keeper, under its mutex. */
    struct lease_text checkpoint; /* the newest; only the scan's thread changes it */
    struct lease_text progress;   /* what is told of the scan beside how far it is; the same */
    struct scan_speed speed;
    unsigned number;      /* of the checkpoint, from 1 on */
    unsigned sent, saved; /* that of this round; the last one that was written */
    unsigned round, beat;
    bool closed;
};

struct lease_keeper;

/* Starts the keeper thread.  config and owner must outlive it, and the login's password. */
struct lease_keeper *lease_keeper_new(const struct config *config, const struct pg_login *database,
                                      const char *owner);
/* Stops the thread; no lease may be left. */
void lease_keeper_free(struct lease_keeper *keeper);

/* renewed_ms is when the claim was sent. */
void lease_add(struct lease_keeper *keeper, struct lease *lease);
/* Also frees what the lease owns. */
void lease_remove(struct lease_keeper *keeper, struct lease *lease);

/* A hint that this task was deleted. */
void lease_cancel(struct lease_keeper *keeper, const char *task);

/* False once the task is not this worker's any more, or soon may not be. */
bool lease_is_held(const struct lease_keeper *keeper, struct lease *lease);

/* True once it is known that the task is not this worker's any more. */
bool lease_is_lost(const struct lease *lease);

/* Where the scan could be taken up from now on; copied.  By the scan's thread. */
void lease_set_checkpoint(struct lease_keeper *keeper, struct lease *lease, const char *text,
                          size_t length);

/* Whether it is time to say how the scan goes on; asked for every batch. */
static inline bool lease_wants_progress(const struct lease *lease)
{
    return atomic_load_explicit(&lease->wants_progress, memory_order_relaxed);
}

/* What is told of the scan (task_progress.h), copied.  By the scan's thread. */
void lease_set_progress(struct lease_keeper *keeper, struct lease *lease, const char *text,
                        size_t length);

/* Writes what was told last, at once; for the end of a scan.  By the scan's thread, by a session of
 * its own. */
int lease_tell(struct lease_keeper *keeper, struct lease *lease, struct pg_session *session,
               struct error *err);

/* The scan has ended: no heartbeat writes its checkpoint any more, and none that does is on its
 * way when this returns, unless the database keeps it for long.  The checkpoint stays until the
 * lease is removed. */
void lease_close(struct lease_keeper *keeper, struct lease *lease);

/* How long the task has been scanned, earlier attempts included. */
int64_t lease_scan_ms(const struct lease *lease);

#endif
