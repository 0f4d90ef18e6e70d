/* One node from its beginning to its end: which method runs, over what, and what is left to ask.
 *
 * SCAN's promise, that it shows what was there throughout, holds for a data set that only changes
 * by commands.  A replica that syncs anew gets another one: so whom it follows must be the same
 * before and after. */
#include "node_scan.h"

#include "base/clock.h"
#include "base/scope.h"
#include "driver.h"
#include "node_checkpoint.h"
#include "redis/retry.h"
#include "slot_reader.h"
#include "snapshot.h"

enum { SYNC_WAIT_MS = 1000, SYNC_NAP_MS = 50 };

bool node_error_passes(enum error_code code)
{
    return code == ERROR_REDIS_CONNECTION || code == ERROR_REDIS_TIMEOUT ||
           code == ERROR_REDIS_UNREADY;
}

bool node_error_ends_the_scan(enum error_code code)
{
    return code == ERROR_SCAN_CANCELLED || code == ERROR_SCAN_DEADLINE;
}

static int refuse(const struct driver *driver, enum error_code code, const char *reason,
                  struct error *err)
{
    error_set(err, code, "%s", reason);
    return error_prefix(err, "%s", redis_connection_name(driver->connection));
}

static int check_mode(const struct driver *driver, const struct node_place *place,
                      enum redis_mode mode, struct error *err)
{
    enum error_code unsupported = driver->request->kind->unsupported;
    if (mode == REDIS_MODE_SENTINEL)
        return refuse(driver, unsupported, "a sentinel: it has no keys", err);
    if (place->cluster != (mode == REDIS_MODE_CLUSTER))
        return refuse(driver, unsupported,
                      place->cluster ? "no node of a cluster, as the instance is registered"
                                     : "a node of a cluster, but the instance is not registered so",
                      err);
    return 0;
}

static int choose_method(struct driver *driver, const struct redis_probe *probe, struct error *err)
{
    const struct scan_method *const *methods = scan_methods_of(driver->request->kind->id);
    struct scan_server server = scan_server_of(driver->request, probe);
    server.no_touch = redis_connection_touches_nothing(driver->connection);
    const char *reason = NULL;
    if (driver->request->hotkeys_command && driver->request->kind->id == SCAN_KIND_HOTKEY &&
        redis_probe_has_command(driver->connection, "hotkeys", &server.hotkeys_command, err) < 0)
        return -1;
    for (; *methods; methods++) {
        reason = (*methods)->check ? (*methods)->check(&server) : NULL;
        if (reason)
            continue;
        if (!probe->in_sync)
            return refuse(driver, ERROR_REDIS_UNREADY, "a replica whose link to its master is down",
                          err);
        driver->method = *methods;
        for (int i = 0; i < DRIVER_BATCHES_MAX; i++)
            driver->batches[i].questions_each = driver->method->questions_each;
        if (driver->method->new)
            driver->state = driver->method->new (&server);
        return 0;
    }
    return refuse(driver, driver->request->kind->unsupported, reason, err);
}

static int collect(struct driver *driver, struct error *err)
{
    struct scan_batch *batch = &driver->batches[0];
    struct scan_source source = driver_source(driver);
    int status = driver->method->collect(driver->state, &source, batch, err);
    driver->commands += source.commands;
    if (status < 0)
        return -1;
    driver_report_progress(driver, batch->count);
    return driver_visit(driver, batch, err);
}

static int revisit(struct driver *driver, bool more, struct error *err)
{
    struct scan_batch *batch = &driver->batches[0];
    while (driver->method->revisit && driver->method->revisit(driver->state, more, batch)) {
        if (driver_visit(driver, batch, err) < 0)
            return -1;
    }
    return 0;
}

static int scan_databases(struct driver *driver, const struct scan_snapshot *before,
                          struct error *err)
{
    for (; driver->database < before->database_count; driver->database++) {
        bool resumed = driver->database == 0 && driver->resume_cursor[0];
        if (driver_scan(driver, before->databases[driver->database],
                        resumed ? driver->resume_cursor : "0", err) < 0 ||
            revisit(driver, true, err) < 0)
            return -1;
    }
    return 0;
}

static int read_keys(struct driver *driver, const struct node_place *place,
                     const struct scan_snapshot *before, struct redis_slots *settled,
                     struct error *err)
{
    if (place->slots)
        return slot_reader_run(driver, place->slots, settled, err);
    return driver->method->collect ? collect(driver, err) : scan_databases(driver, before, err);
}

/* Without READONLY a replica in a cluster sends all questions to its master. */
static int ask_readonly(struct driver *driver, struct error *err)
{
    const struct text words[] = {TEXT("READONLY")};
    const struct redis_reply *reply;
    if (redis_retry_call(driver->connection, words, 1, driver_source(driver).interrupt, &reply,
                         err) < 0)
        return -1;
    return redis_reply_is(reply, REDIS_STATUS, TEXT("OK"))
               ? 0
               : redis_connection_unexpected(driver->connection, reply, "READONLY", err);
}

static int take_snapshot(struct driver *driver, struct scan_snapshot *snapshot, struct error *err)
{
    return scan_snapshot_take(driver->connection, driver_source(driver).interrupt,
                              driver->request->database, snapshot, err);
}

static bool is_in_sync(const struct redis_replication *replication, const struct node_place *place)
{
    return replication->role == REDIS_ROLE_REPLICA && replication->linked &&
           replication->offset >= place->offset;
}

static int begin(struct driver *driver, const struct node_place *place,
                 struct scan_snapshot *before, struct error *err)
{
    int64_t ends = clock_monotonic_ms() + SYNC_WAIT_MS;
    if (place->cluster && place->replica && ask_readonly(driver, err) < 0)
        return -1;
    for (;;) {
        scan_snapshot_release(before);
        if (take_snapshot(driver, before, err) < 0)
            return -1;
        driver->commands++;
        if (!place->replica || is_in_sync(&before->replication, place))
            break;
        if (clock_monotonic_ms() >= ends)
            return refuse(driver, ERROR_REDIS_UNREADY, "not a replica in sync with its master",
                          err);
        if (redis_nap(SYNC_NAP_MS, driver_source(driver).interrupt, err) < 0)
            return -1;
    }
    if (place->master && before->server.role != REDIS_ROLE_MASTER)
        return refuse(driver, ERROR_REDIS_UNREADY, "not a master any more", err);
    return check_mode(driver, place, before->server.mode, err);
}

static int begin_method(struct driver *driver, const struct scan_snapshot *before,
                        struct error *err)
{
    bool careful = false;
    if (!driver->method->begin)
        return 0;
    struct scan_source source = driver_source(driver);
    int status = driver->method->begin(driver->state, &source, before, &careful, err);
    driver->commands += source.commands;
    if (careful)
        pacer_be_careful(&driver->pacing.pacer);
    return status;
}

/* A replica that was promoted keeps its data. */
static int check_end(const struct driver *driver, const struct node_place *place,
                     const struct scan_snapshot *first, const struct scan_snapshot *last,
                     struct error *err)
{
    const struct redis_replication *before = &first->replication, *after = &last->replication;
    if (!scan_snapshot_is_same_process(first, last))
        return refuse(driver, ERROR_REDIS_UNREADY, "the server was restarted during the scan", err);
    if (!place->cluster && !redis_slots_are_none(&driver->redirected))
        return refuse(driver, ERROR_REDIS_REFUSED,
                      "it sends questions about keys to other servers, as nodes of a cluster do",
                      err);
    if (after->role == REDIS_ROLE_MASTER)
        return 0;
    if (before->role == REDIS_ROLE_MASTER)
        return refuse(driver, ERROR_REDIS_UNREADY, "it became a replica during the scan", err);
    if (place->replica && (!after->linked || !redis_replication_is_same(before, after)))
        return refuse(driver, ERROR_REDIS_UNREADY, "it lost its master during the scan", err);
    return 0;
}

/* From here on there are checkpoints, but of what is not scanned by SCAN. */
static void begin_checkpoints(struct driver *driver, const struct node_place *place,
                              struct scan_snapshot *before)
{
    if (place->slots)
        return;
    node_checkpoint_resume(driver, place->resume, before);
    driver->before = before;
    driver->checkpoint_ms = clock_monotonic_ms();
}

static int run(struct driver *driver, const struct node_place *place, struct node_result *result,
               struct error *err)
{
    struct scan_outcome *outcome = &result->outcome;
    SCOPED(scan_snapshot_release) struct scan_snapshot before = {0};
    SCOPED(scan_snapshot_release) struct scan_snapshot after = {0};
    if (begin(driver, place, &before, err) < 0 || choose_method(driver, &before.server, err) < 0 ||
        begin_method(driver, &before, err) < 0)
        return -1;
    begin_checkpoints(driver, place, &before);
    driver->progress.keys_total = before.keys;
    if (read_keys(driver, place, &before, &result->settled, err) < 0 ||
        revisit(driver, false, err) < 0 || take_snapshot(driver, &after, err) < 0) {
        if (node_error_passes(err->code) || node_error_ends_the_scan(err->code))
            node_checkpoint_give(driver);
        driver->before = NULL;
        return -1;
    }
    driver->before = NULL;
    if (check_end(driver, place, &before, &after, err) < 0)
        return -1;
    driver->commands++;
    outcome->keys_before = before.keys;
    outcome->keys_after = after.keys;
    /* Somebody may have reset the counter. */
    outcome->expired_released = after.expired > before.expired ? after.expired - before.expired : 0;
    return driver->method->end ? driver->method->end(driver->state, &before, &after, outcome, err)
                               : 0;
}

static void tell_visit(const struct driver *driver, int64_t started_us, enum error_code failure)
{
    const struct scan_request *request = driver->request;
    if (!request->visited)
        return;
    const struct scan_visit visit = {.node = &request->target.endpoint,
                                     .started_us = started_us,
                                     .ended_us = clock_monotonic_us(),
                                     .keys_seen = driver->progress.keys_seen,
                                     .commands = driver->commands,
                                     .pauses = scan_progress_pauses(&driver->progress),
                                     .paused_ms = driver_cost(driver).paused_ms,
                                     .failure = failure};
    request->visited(request->visited_argument, &visit);
}

int node_scan_run(const struct scan_request *request, const struct node_place *place,
                  struct node_result *ret_result, struct error *err)
{
    SCOPED(driver_release) struct driver driver = {0};
    const int64_t started_us = clock_monotonic_us();
    struct scan_outcome *outcome = &ret_result->outcome;
    *ret_result = (struct node_result){0};
    int status = driver_init(&driver, request, err);
    if (status == 0)
        status = run(&driver, place, ret_result, err);
    tell_visit(&driver, started_us, status < 0 ? err->code : ERROR_NONE);
    if (status < 0)
        return -1;
    outcome->keys_seen = driver.progress.keys_seen;
    outcome->commands = driver.commands;
    outcome->duration_ms = driver_duration_ms(&driver);
    outcome->cost = driver_cost(&driver);
    ret_result->method = driver.method;
    ret_result->state = driver.state;
    ret_result->redirected = driver.redirected;
    redis_slots_remove(&ret_result->settled, &driver.redirected);
    driver.state = NULL;
    return 0;
}

int node_scan_run_alone(const struct scan_request *request, const struct node_place *place,
                        struct scan_outcome *ret_outcome, struct error *err)
{
    struct node_result result;
    if (node_scan_run(request, place, &result, err) < 0)
        return -1;
    *ret_outcome = result.outcome;
    result.method->finish(result.state, NULL, ret_outcome);
    node_result_release(&result);
    return 0;
}

void node_result_release(struct node_result *result)
{
    if (result->state)
        result->method->free(result->state);
    *result = (struct node_result){0};
}
