/* Leases: what keeps a worker's tasks its own, and what tells a scan that its task is not any more.
 *
 * One keeper thread serves all scans of a worker: every heartbeat it renews all leases in one
 * statement, in between it looks every second whether the tasks are still there.  A lease is lost
 * when its task was deleted or taken over, or when the database has been silent for so long that
 * somebody else may take it over soon: by the monotonic clock, before the lease ends by the
 * database's. */
#ifndef WORKERS_LEASE_H
#define WORKERS_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/uuid.h"

/* Owned by the scan's thread, which adds and removes it; the counters and `lost` cross threads. */
struct lease {
    struct uuid project, task;
    int64_t fence;
    atomic_int_fast64_t keys_seen, keys_total;
    atomic_int_fast64_t renewed_ms; /* monotonic; when the last renewal that succeeded was sent */
    atomic_bool lost;
    unsigned round; /* the keeper's */
};

struct lease_keeper;

/* Starts the keeper thread.  config and owner must outlive it. */
struct lease_keeper *lease_keeper_new(const struct config *config, const char *owner);
/* Stops the thread; no lease may be left. */
void lease_keeper_free(struct lease_keeper *keeper);

/* renewed_ms is when the claim was sent. */
void lease_add(struct lease_keeper *keeper, struct lease *lease);
void lease_remove(struct lease_keeper *keeper, struct lease *lease);

/* A hint that this task was deleted. */
void lease_cancel(struct lease_keeper *keeper, const char *task);

/* False once the task is not this worker's any more, or soon may not be. */
bool lease_is_held(const struct lease_keeper *keeper, struct lease *lease);

#endif
