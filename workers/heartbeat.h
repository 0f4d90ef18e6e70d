/* One statement for all leases of a worker: what they say, as the arrays that the statement takes,
 * and which of them are still the worker's.
 *
 * A heartbeat that carries checkpoints has a bound: HEARTBEAT_CHECKPOINTS_MAX bytes of them, or a
 * single one that is larger. */
#ifndef WORKERS_HEARTBEAT_H
#define WORKERS_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "base/uuid.h"
#include "pg/session.h"

enum { HEARTBEAT_CHECKPOINTS_MAX = 8 << 20 };

struct heartbeat {
    int count;   /* of leases */
    int carried; /* of checkpoints */
    struct json_writer projects, tasks, fences, keys_seen, keys_total, scan_ms, checkpoints, rates,
        progress;
};

/* What one lease says. */
struct heartbeat_entry {
    const struct uuid *project, *task;
    int64_t fence, keys_seen, keys_total, scan_ms;
    const char *checkpoint; /* null: as it was */
    size_t checkpoint_length;
    int64_t keys_per_second; /* negative: not known yet */
    const char *progress;    /* an object (task_progress.h); null: nothing is known yet */
    size_t progress_length;
};

void heartbeat_init(struct heartbeat *beat);
void heartbeat_release(struct heartbeat *beat);

/* Whether a checkpoint of that length may be added. */
bool heartbeat_has_room(const struct heartbeat *beat, size_t checkpoint_length);
void heartbeat_add(struct heartbeat *beat, const struct heartbeat_entry *entry);
/* Nothing is added any more. */
void heartbeat_close(struct heartbeat *beat);

/* Renews the leases.  ret_rows is released by the caller. */
int heartbeat_renew(const struct heartbeat *beat, struct pg_session *session, const char *owner,
                    int64_t lease_seconds, struct pg_rows *ret_rows, struct error *err);
/* Writes how the scans go on, as far as the leases are still the worker's, and renews nothing. */
int heartbeat_tell(const struct heartbeat *beat, struct pg_session *session,
                   struct pg_rows *ret_rows, struct error *err);
/* Looks whether they are still the worker's, and writes nothing. */
int heartbeat_check(const struct heartbeat *beat, struct pg_session *session,
                    struct pg_rows *ret_rows, struct error *err);

/* Whether the answer of any of them has that lease: another one of the same task does not count. */
bool heartbeat_answer_has(const struct pg_rows *rows, const struct uuid *task, int64_t fence);

#endif
