/* A group at a time: a result for each of its jobs with an end mark (no result), and a sync. */
#include "groups.h"

#include "base/clock.h"
#include "pg/metrics.h"

/* Behind so many a further group would only wait at the server. */
enum { GROUPS_AHEAD = 2 };

void groups_init(struct groups *groups, int capacity)
{
    *groups = (struct groups){0};
    job_ring_init(&groups->ring, capacity);
}

void groups_release(struct groups *groups)
{
    job_ring_release(&groups->ring);
}

int groups_depth(const struct groups *groups)
{
    return groups->ring.depth + groups->dropped_count;
}

static struct job *push(struct groups *groups, enum job_kind kind, const char *name)
{
    struct job *job = job_ring_push(&groups->ring);
    job->kind = kind;
    job->name = name;
    if (groups->ring.depth == 1)
        groups->progress_ms = job->sent_ms;
    return job;
}

/* Tells the owner once; the job stays in the ring until its turn has come. */
static void answer(struct job *job, struct pg_rows *rows, const struct error *err)
{
    pg_pipeline_done_fn *done = job->done;
    job->done = NULL;
    if (!done)
        return;
    pg_note_statement(job->statement, rows != NULL, job->sent_us);
    done(job->argument, rows, err);
}

static bool sync(struct groups *groups, PGconn *connection)
{
    groups->sent++;
    return PQpipelineSync(connection) == 1;
}

static bool send_query(PGconn *connection, const struct pg_statement *statement,
                       const char *const *values)
{
    return PQsendQueryPrepared(connection, statement->name, statement->parameter_count, values,
                               NULL, NULL, 0) == 1;
}

/* Sends the open group; the newest of the ring's jobs that are not in it are left out.  libpq is
 * given nothing of it before: it would send that on, and where one fails the server tells so at
 * once, before the group has an end. */
static bool close_group(struct groups *groups, PGconn *connection, int newer)
{
    const char *values[JOB_KEPT_PARAMETERS];
    int end = groups->ring.depth - newer, begin = end - groups->open;
    if (groups->open == 0)
        return true;
    groups->last = groups->open;
    groups->open = 0;
    for (int i = begin; i < end; i++) {
        struct job *job = job_ring_at(&groups->ring, i);
        job->ends_group = i == end - 1;
        job_restore(job, values);
        if (!send_query(connection, job->statement, values))
            return false;
    }
    return sync(groups, connection);
}

static bool send_job(struct groups *groups, PGconn *connection, struct job *job,
                     const struct pg_parameters *parameters)
{
    bool shares = job->statement->effect == PG_READS && job_keep(job, parameters);
    if (!shares || groups->open == GROUP_MAX) {
        if (!close_group(groups, connection, 1))
            return false;
    }
    if (shares) {
        groups->open++;
        return true;
    }
    job->ends_group = true;
    return send_query(connection, job->statement, parameters->values) && sync(groups, connection);
}

bool groups_submit(struct groups *groups, PGconn *connection, const struct pg_statement *statement,
                   const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                   void *argument)
{
    struct job *job = push(groups, JOB_STATEMENT, statement->name);
    job->statement = statement;
    if (!send_job(groups, connection, job, parameters)) {
        job_ring_take_back(&groups->ring);
        return false;
    }
    job->done = done;
    job->argument = argument;
    return true;
}

bool groups_submit_own(struct groups *groups, PGconn *connection, enum job_kind kind,
                       const char *name)
{
    push(groups, kind, name)->ends_group = true;
    return sync(groups, connection);
}

bool groups_flush(struct groups *groups, PGconn *connection)
{
    bool would_wait =
        groups->sent >= GROUPS_AHEAD || (groups->sent > 0 && groups->open < groups->last);
    return would_wait || close_group(groups, connection, 0);
}

/* Each in a group of its own; their owners' time goes on from when they were sent first. */
static bool send_dropped(struct groups *groups, PGconn *connection)
{
    const char *values[JOB_KEPT_PARAMETERS];
    if (groups->dropped_count == 0)
        return true;
    if (!close_group(groups, connection, 0))
        return false;
    while (groups->dropped_count > 0) {
        struct job *job = job_ring_push(&groups->ring);
        *job = groups->dropped[--groups->dropped_count];
        job->ends_group = true;
        job_restore(job, values);
        if (!send_query(connection, job->statement, values) || !sync(groups, connection))
            return false;
    }
    return true;
}

/* Takes over result.  Returns false where it is none that the head can have. */
static bool read_outcome(struct groups *groups, PGresult *result)
{
    struct job *job = job_ring_at(&groups->ring, 0);
    error_clear(&groups->err);
    groups->what = job->name;
    groups->is_read_only = false;
    if (PQresultStatus(result) != PGRES_PIPELINE_ABORTED) {
        groups->is_read_only = pg_result_is_read_only(result);
        pg_result_read(result, job->name, &groups->rows, &groups->err);
        return true;
    }
    PQclear(result);
    if (!job->is_kept || groups->dropped_count == GROUP_MAX)
        return false;
    groups->dropped[groups->dropped_count++] = *job;
    job->done = NULL;
    return true;
}

static enum groups_step finish_head(struct groups *groups)
{
    struct job *job = job_ring_pop(&groups->ring);
    enum job_kind kind = job->kind;
    bool failed = groups->err.code != ERROR_NONE;
    answer(job, failed ? NULL : &groups->rows, &groups->err);
    pg_rows_release(&groups->rows);
    if (failed && (groups->is_read_only || kind == JOB_PREPARATION))
        return GROUPS_UNFIT;
    return kind == JOB_PREPARATION ? GROUPS_PREPARED : GROUPS_READ;
}

/* The end of the results is there with the last of them.  It is taken before done runs: libpq drops
 * it where done submits a statement after one that failed. */
static bool take_end(PGconn *connection)
{
    if (PQstatus(connection) == CONNECTION_BAD)
        return false;
    PGresult *end = PQgetResult(connection);
    PQclear(end);
    return !end;
}

/* Takes over the head's result. */
static enum groups_step take_result(struct groups *groups, PGconn *connection, PGresult *result)
{
    if (!read_outcome(groups, result) || !take_end(connection))
        return GROUPS_LOST;
    if (!job_ring_at(&groups->ring, 0)->ends_group)
        return finish_head(groups);
    groups->awaits_sync = true;
    return GROUPS_READ;
}

/* The transaction of the head's group could not be committed; takes over the result that says so.
 * The sync is still to come. */
static enum groups_step take_refusal(struct groups *groups, PGconn *connection, PGresult *result)
{
    pg_rows_release(&groups->rows);
    return read_outcome(groups, result) && take_end(connection) ? GROUPS_READ : GROUPS_LOST;
}

static enum groups_step take_sync(struct groups *groups, PGconn *connection, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_FATAL_ERROR)
        return take_refusal(groups, connection, result);
    PQclear(result);
    if (status != PGRES_PIPELINE_SYNC)
        return GROUPS_LOST;
    groups->awaits_sync = false;
    groups->sent--;
    enum groups_step step = finish_head(groups);
    if (step == GROUPS_UNFIT)
        return step;
    return send_dropped(groups, connection) ? step : GROUPS_LOST;
}

enum groups_step groups_read(struct groups *groups, PGconn *connection)
{
    groups->what = "pipeline out of step";
    if (groups->sent == 0 || PQisBusy(connection))
        return GROUPS_NOTHING;
    PGresult *result = PQgetResult(connection);
    groups->progress_ms = clock_monotonic_ms();
    if (groups->awaits_sync)
        return take_sync(groups, connection, result);
    return result ? take_result(groups, connection, result) : GROUPS_LOST;
}

void groups_fail_overdue(struct groups *groups, int64_t now_ms, int64_t patience_ms)
{
    struct error err = {0};
    error_set(&err, ERROR_UNAVAILABLE, "no answer for %d ms", (int)patience_ms);
    for (int i = 0; i < groups->ring.depth; i++) {
        struct job *job = job_ring_at(&groups->ring, i);
        /* What was sent again is older than what is in front of it. */
        if (now_ms - job->sent_ms > patience_ms)
            answer(job, NULL, &err);
    }
}

void groups_fail_all(struct groups *groups, const struct error *err)
{
    struct error why = *err;
    pg_rows_release(&groups->rows);
    groups->open = 0;
    groups->sent = 0;
    groups->awaits_sync = false;
    while (groups->dropped_count > 0)
        answer(&groups->dropped[--groups->dropped_count], NULL, &why);
    while (groups->ring.depth > 0)
        answer(job_ring_pop(&groups->ring), NULL, &why);
}
