/* What was sent on a pipeline's connection and is not over yet, in the order sent; for pipeline.c.
 *
 * One thread. */
#ifndef PG_JOB_RING_H
#define PG_JOB_RING_H

#include "pg/pipeline.h"

enum job_kind { JOB_STATEMENT, JOB_PREPARATION, JOB_HEARTBEAT };

/* Parameters that are kept so that a statement can be sent again; one with more is not. */
enum { JOB_KEPT_PARAMETERS = 8, JOB_KEPT_BYTES = 256 };

struct job {
    enum job_kind kind;
    const char *name;
    const struct pg_statement *statement; /* null of our own jobs */
    pg_pipeline_done_fn *done;            /* null once it was called, and of our own jobs */
    void *argument;
    int64_t sent_ms, sent_us;          /* the same moment */
    bool ends_group;                   /* a sync follows it */
    bool is_kept;                      /* only of those that may share a group */
    short places[JOB_KEPT_PARAMETERS]; /* in bytes; negative is SQL NULL */
    char bytes[JOB_KEPT_BYTES];
};

struct job_ring {
    int head, depth, capacity;
    struct job *jobs;
};

void job_ring_init(struct job_ring *ring, int capacity);
void job_ring_release(struct job_ring *ring);

/* The caller sees to it that there is room; all of it is zeros but when it was sent. */
struct job *job_ring_push(struct job_ring *ring);
/* From the oldest, which is 0. */
struct job *job_ring_at(const struct job_ring *ring, int index);
/* Takes the oldest off; valid until the next push. */
struct job *job_ring_pop(struct job_ring *ring);
/* Takes the newest off. */
void job_ring_take_back(struct job_ring *ring);

/* Copies parameters into the job where they fit, and says whether they do. */
bool job_keep(struct job *job, const struct pg_parameters *parameters);
/* The values that were kept, which point into the job. */
void job_restore(const struct job *job, const char *ret_values[JOB_KEPT_PARAMETERS]);

#endif
