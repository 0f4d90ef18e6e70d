/* The runner: pass after pass over all migrations, each of which goes on where the records say that
 * the last one ended, until nothing is missing or patience is over.
 *
 * Whatever takes a lock that requests need is done within a fraction of a second or given up: who
 * waits for such a lock holds up all who come after it, and requests may wait for seconds only.
 * What takes long takes no such lock. */
#include "model/migration.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "migration_record.h"
#include "migration_step.h"

enum {
    LOCK_TIMEOUT_MS = 200,
    LOCK_TIMEOUT_MOST_MS = 2000,
    /* Less than requests wait for what a step has locked. */
    STATEMENT_TIMEOUT_MS = 3000,
    /* Of texts without marks, and of what locks nothing that requests need. */
    STATEMENT_TIMEOUT_WHOLE_MS = 60000,
    STATEMENT_TIMEOUT_ALONE_MS = 6 * 3600 * 1000,
    PAUSE_MS = 250,
    PAUSE_MOST_MS = 2000,
    BATCH_PAUSE_MOST_MS = 1000,
    CONFLICTS_MAX = 3,
    SQL_MAX = 256,
};

struct runner {
    struct pg_session *session;
    void (*on_applied)(const char *name);
    int64_t patience_ms;
    int64_t deadline_ms; /* moved by every step that is done */
    bool reached;        /* the database, once */
    int attempts;        /* since the last step that was done */
    int conflicts;
};

/* Never waits: who waits holds a snapshot, which an index that is made alone would wait for. */
static const struct pg_statement try_lock = {
    "migration_try_lock",
    "SELECT pg_try_advisory_lock(hashtextextended('dcs migrations of ' || current_schema(), 0))", 0,
    PG_WRITES};

static const struct pg_statement unlock = {"migration_unlock", "SELECT pg_advisory_unlock_all()", 0,
                                           PG_WRITES};

/* A vacuum of the database's own accord goes out of the way of whoever waits for deadlock_timeout,
 * and of nobody who gives up before. */
static const struct pg_statement find_vacuum = {
    "migration_find_vacuum",
    "SELECT setting::integer + $1::integer FROM pg_settings WHERE name = 'deadlock_timeout' AND "
    "(EXISTS (SELECT FROM pg_stat_progress_vacuum WHERE datname = current_database()) "
    "OR EXISTS (SELECT FROM pg_stat_progress_analyze WHERE datname = current_database()))",
    1, PG_READS};

/* Who is likely to be in the way; what others do is shown to some roles only. */
static const struct pg_statement find_oldest = {
    "migration_find_oldest",
    "SELECT pid, coalesce(application_name, ''), extract(epoch FROM now() - xact_start)::bigint "
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1",
    0, PG_READS};

static const struct pg_statement find_index = {
    "migration_find_index",
    "SELECT indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE relname = $1 AND relnamespace = current_schema()::regnamespace",
    1, PG_READS};

static void roll_back(struct pg_session *session)
{
    struct error ignored = {0};
    pg_session_script(session, "ROLLBACK", &ignored);
}

static int lock_timeout_of(struct runner *runner, int *ret_ms, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, LOCK_TIMEOUT_MS);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    *ret_ms = LOCK_TIMEOUT_MS;
    if (runner->attempts == 0)
        return 0;
    if (pg_session_execute(runner->session, &find_vacuum, &parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count > 0)
        *ret_ms = (int)pg_rows_integer(&rows, 0, 0);
    if (*ret_ms > LOCK_TIMEOUT_MOST_MS)
        *ret_ms = LOCK_TIMEOUT_MOST_MS;
    return 0;
}

static int begin(struct runner *runner, int statement_timeout_ms, struct error *err)
{
    char sql[SQL_MAX];
    int lock_timeout_ms;
    if (lock_timeout_of(runner, &lock_timeout_ms, err) < 0)
        return -1;
    snprintf(sql, sizeof(sql),
             "BEGIN; SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d; "
             "LOCK TABLE schema_migration IN EXCLUSIVE MODE",
             lock_timeout_ms, statement_timeout_ms);
    if (pg_session_script(runner->session, sql, err) == 0)
        return 0;
    roll_back(runner->session);
    return -1;
}

static int commit(struct runner *runner, struct error *err)
{
    return pg_session_script(runner->session, "COMMIT", err);
}

static void note_progress(struct runner *runner)
{
    runner->deadline_ms = clock_monotonic_ms() + runner->patience_ms;
    runner->attempts = runner->conflicts = 0;
}

struct work {
    const struct migration *migration;
    const struct migration_step *step;
    const char *sql; /* the step's, terminated */
    int number;      /* from 1 */
    bool is_last;
};

static int record(struct runner *runner, const struct work *work, struct error *err)
{
    return migration_record_step(runner->session, work->migration, work->number, work->is_last,
                                 err);
}

static int run_in_transaction(struct runner *runner, const struct work *work, struct error *err)
{
    bool whole = work->step->kind == MIGRATION_STEP_WHOLE;
    int done;
    if (begin(runner, whole ? STATEMENT_TIMEOUT_WHOLE_MS : STATEMENT_TIMEOUT_MS, err) < 0)
        return -1;
    /* Looked up again under the lock on the records. */
    int status = migration_record_find(runner->session, work->migration, &done, err);
    if (status == 0 && done >= 0 && done < work->number) {
        status = pg_session_script(runner->session, work->sql, err);
        if (status == 0)
            status = record(runner, work, err);
    }
    if (status < 0) {
        roll_back(runner->session);
        return -1;
    }
    return commit(runner, err);
}

static int run_batch(struct runner *runner, const struct work *work, int *ret_rows,
                     struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (begin(runner, STATEMENT_TIMEOUT_MS, err) < 0)
        return -1;
    if (pg_session_script_rows(runner->session, work->sql, &rows, err) < 0) {
        roll_back(runner->session);
        return -1;
    }
    *ret_rows = rows.row_count;
    return commit(runner, err);
}

/* Rests as long as it works, so that at most half of what the database can do is its own. */
static int run_batches(struct runner *runner, const struct work *work, struct error *err)
{
    int rows = 1;
    while (rows > 0) {
        int64_t began_ms = clock_monotonic_ms();
        if (run_batch(runner, work, &rows, err) < 0)
            return -1;
        note_progress(runner);
        int64_t rest_ms = clock_monotonic_ms() - began_ms;
        if (rows > 0)
            poll(NULL, 0, (int)(rest_ms < BATCH_PAUSE_MOST_MS ? rest_ms : BATCH_PAUSE_MOST_MS));
    }
    return record(runner, work, err);
}

/* Outside a transaction and for as long as it takes: requests do not wait for it, so that it may
 * wait for others as long as there is patience. */
static int run_alone(struct runner *runner, const char *sql, struct error *err)
{
    char bounds[SQL_MAX];
    snprintf(bounds, sizeof(bounds), "SET lock_timeout = %lld; SET statement_timeout = %d",
             (long long)runner->patience_ms, STATEMENT_TIMEOUT_ALONE_MS);
    if (pg_session_script(runner->session, bounds, err) < 0)
        return -1;
    pg_session_allow(runner->session, STATEMENT_TIMEOUT_ALONE_MS);
    int status = pg_session_script(runner->session, sql, err);
    pg_session_allow(runner->session, STATEMENT_TIMEOUT_WHOLE_MS);
    if (status < 0)
        return -1;
    return pg_session_script(runner->session, "RESET lock_timeout; RESET statement_timeout", err);
}

static int run_index(struct runner *runner, const struct work *work, struct error *err)
{
    struct pg_parameters parameters;
    char drop[SQL_MAX];
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, work->step->index);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (pg_session_execute(runner->session, &find_index, &parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count > 0 && pg_rows_boolean(&rows, 0, 0))
        return 0;
    snprintf(drop, sizeof(drop), "DROP INDEX CONCURRENTLY %s", work->step->index);
    if (rows.row_count > 0 && run_alone(runner, drop, err) < 0)
        return -1;
    return run_alone(runner, work->sql, err);
}

static int run_step(struct runner *runner, const struct work *work, struct error *err)
{
    switch (work->step->kind) {
    case MIGRATION_STEP_BATCHES:
        return run_batches(runner, work, err);
    case MIGRATION_STEP_INDEX:
        return run_index(runner, work, err) < 0 ? -1 : record(runner, work, err);
    case MIGRATION_STEP_ALONE:
        return run_alone(runner, work->sql, err) < 0 ? -1 : record(runner, work, err);
    default:
        return run_in_transaction(runner, work, err);
    }
}

static int apply(struct runner *runner, const struct migration *migration, struct error *err)
{
    struct migration_steps steps;
    int done;
    if (migration_record_find(runner->session, migration, &done, err) < 0 ||
        migration_steps_parse(migration, &steps, err) < 0)
        return -1;
    if (done < 0)
        return 0;
    for (int i = done; i < steps.count; i++) {
        const struct migration_step *step = &steps.steps[i];
        SCOPED(scope_free) char *sql = text_copy(step->sql.bytes, step->sql.length);
        const struct work work = {migration, step, sql, i + 1, i + 1 == steps.count};
        if (run_step(runner, &work, err) < 0)
            return steps.count == 1 ? error_prefix(err, "migration %s", migration->name)
                                    : error_prefix(err, "migration %s, step %d of %d",
                                                   migration->name, i + 1, steps.count);
        note_progress(runner);
    }
    if (runner->on_applied)
        runner->on_applied(migration->name);
    return 0;
}

/* Never of a schema that is newer: whoever made that gave more, and its programs may be at work. */
static int grant(struct runner *runner, struct error *err)
{
    /* Under the lock: two that grant at once would meet in the catalogue. */
    if (begin(runner, STATEMENT_TIMEOUT_WHOLE_MS, err) < 0)
        return -1;
    if (pg_session_script(runner->session, database_grants, err) < 0) {
        roll_back(runner->session);
        return error_prefix(err, "grants");
    }
    return commit(runner, err);
}

static int apply_all(struct runner *runner, struct error *err)
{
    if (migration_record_create(runner->session, err) < 0)
        return -1;
    runner->reached = true;
    for (size_t i = 0; i < migration_count; i++) {
        if (apply(runner, &migrations[i], err) < 0)
            return -1;
    }
    struct migration_skew newer;
    if (migrations_check(runner->session, &newer, err) < 0)
        return -1;
    if (newer.count == 0)
        return grant(runner, err);
    LOG_INFO("grants_left", LOG_TEXT("newest", newer.last));
    return 0;
}

static int grant_all(struct runner *runner, struct error *err)
{
    struct migration_skew newer;
    if (migrations_check(runner->session, &newer, err) < 0)
        return -1;
    if (newer.count == 0)
        return grant(runner, err);
    return error_set(err, ERROR_CONFIG,
                     "the schema is newer than this program, up to %s: roles are given what they "
                     "need by the newer 'dcsctl migrate'",
                     newer.last);
}

static int take_lock(struct runner *runner, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (pg_session_execute(runner->session, &try_lock, NULL, &rows, err) < 0)
        return -1;
    runner->reached = true;
    return pg_rows_boolean(&rows, 0, 0)
               ? 0
               : error_set(err, ERROR_DATABASE_LOCKED, "another 'dcsctl migrate' is at work");
}

static int pass(struct runner *runner, int (*work)(struct runner *, struct error *),
                struct error *err)
{
    struct error ignored = {0};
    if (take_lock(runner, err) < 0)
        return -1;
    int status = work(runner, err);
    pg_session_execute(runner->session, &unlock, NULL, NULL, &ignored);
    return status;
}

static bool may_pass(const struct runner *runner, const struct error *err)
{
    if (clock_monotonic_ms() >= runner->deadline_ms)
        return false;
    switch (err->code) {
    case ERROR_DATABASE_LOCKED:
        return true;
    case ERROR_DATABASE_CONFLICT:
        return runner->conflicts < CONFLICTS_MAX;
    case ERROR_DATABASE_CONNECTION:
        return runner->reached;
    default:
        return false;
    }
}

/* Longer each time, and of no fixed length: two that met do not meet again. */
static void rest(struct runner *runner, const struct error *err)
{
    int64_t most_ms = (int64_t)PAUSE_MS * (runner->attempts + 1);
    if (most_ms > PAUSE_MOST_MS)
        most_ms = PAUSE_MOST_MS;
    if (runner->attempts == 0)
        LOG_INFO("migration_waits", LOG_ERROR_FIELDS(err));
    runner->attempts++;
    runner->conflicts += err->code == ERROR_DATABASE_CONFLICT;
    poll(NULL, 0, (int)(most_ms / 2 + clock_monotonic_us() % (most_ms / 2 + 1)));
}

/* Names who is likely to be in the way. */
static int give_up(struct runner *runner, const struct error *failure, struct error *err)
{
    struct error ignored = {0};
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (failure->code != ERROR_DATABASE_LOCKED ||
        pg_session_execute(runner->session, &find_oldest, NULL, &rows, &ignored) < 0 ||
        rows.row_count == 0) {
        *err = *failure;
        return -1;
    }
    return error_set(err, failure->code, "%s; the oldest transaction: pid %lld (%s), for %lld s",
                     failure->text, (long long)pg_rows_integer(&rows, 0, 0),
                     pg_rows_string(&rows, 0, 1), (long long)pg_rows_integer(&rows, 0, 2));
}

static int run(struct runner *runner, int (*work)(struct runner *, struct error *),
               struct error *err)
{
    pg_session_allow(runner->session, STATEMENT_TIMEOUT_WHOLE_MS);
    note_progress(runner);
    for (;;) {
        struct error failure = {0};
        if (pass(runner, work, &failure) == 0)
            return 0;
        if (!may_pass(runner, &failure))
            return give_up(runner, &failure, err);
        rest(runner, &failure);
    }
}

int migrations_apply(struct pg_session *session, int64_t patience_ms,
                     void (*on_applied)(const char *name), struct error *err)
{
    struct runner runner = {
        .session = session, .on_applied = on_applied, .patience_ms = patience_ms};
    return run(&runner, apply_all, err);
}

int migrations_grant(struct pg_session *session, int64_t patience_ms, struct error *err)
{
    struct runner runner = {.session = session, .patience_ms = patience_ms};
    return run(&runner, grant_all, err);
}
