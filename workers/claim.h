/* A claim: one task taken from the queue, with the fence that guards every write on it and the way
 * to reach its Redis. */
#ifndef WORKERS_CLAIM_H
#define WORKERS_CLAIM_H

#include "base/trace.h"
#include "base/uuid.h"
#include "instance/target.h"
#include "model/analysis_options.h"
#include "model/scan_kind.h"
#include "pg/session.h"

struct claim {
    struct uuid project, instance, task;
    int64_t fence;
    int attempt;
    const struct scan_kind *kind;
    int batch_keys;          /* the tenant's bound of COUNT for an automatic scan; 0: none */
    int64_t timeout_seconds; /* and its longest run; 0: none */
    int64_t scan_ms;         /* what earlier attempts took */
    bool was_lost;           /* the worker that had it was */
    char *checkpoint;        /* where the scan can be taken up; null: at the beginning */
    size_t checkpoint_length;
    struct scan_analysis_options analysis; /* of an analysis: what it was asked to measure */
    char *backup_id, *backup_directory; /* of an offline one; null: from the replication stream */
    struct trace trace; /* a span of its own, of the trace of who asked; empty: none */
    struct instance_target target;
};

/* Takes a task that is due: 1, or 0 where none is, or -1.  After 1 the claim is released by
 * claim_release.  Where the instance cannot be dialled (its secrets do not open, its endpoint is
 * malformed) the task is claimed all the same and ret_unusable says why: it must be recorded as
 * failed.  The target's endpoint is the node's of an offline analysis. */
int claim_next(struct pg_session *session, const struct instance_access *access, const char *owner,
               struct claim *ret_claim, struct error *ret_unusable, struct error *err);
void claim_release(struct claim *claim);

#endif
