/* A scan from its beginning to its end: which method runs, over what, and what is left to ask. */
#include "scan/scan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/scope.h"
#include "driver.h"
#include "snapshot.h"

static int refuse(const struct driver *driver, const char *reason, struct error *err)
{
    error_set(err, driver->request->kind->unsupported, "%s", reason);
    return error_prefix(err, "%s", redis_connection_name(driver->connection));
}

static int choose_method(struct driver *driver, const struct redis_probe *probe, struct error *err)
{
    const struct scan_method *const *methods = scan_methods_of(driver->request->kind->id);
    struct scan_server server = {.probe = probe};
    const char *reason = NULL;
    if (probe->mode != REDIS_MODE_STANDALONE)
        return refuse(driver,
                      probe->mode == REDIS_MODE_CLUSTER ? "a node of a cluster: not supported yet"
                                                        : "a sentinel: it has no keys",
                      err);
    if (driver->request->hotkeys_command && driver->request->kind->id == SCAN_KIND_HOTKEY &&
        redis_probe_has_command(driver->connection, "hotkeys", &server.hotkeys_command, err) < 0)
        return -1;
    for (; *methods; methods++) {
        reason = (*methods)->check ? (*methods)->check(&server) : NULL;
        if (reason)
            continue;
        if (!probe->in_sync) {
            error_set(err, ERROR_REDIS_CONNECTION, "a replica whose link to its master is down");
            return error_prefix(err, "%s", redis_connection_name(driver->connection));
        }
        driver->method = *methods;
        if (driver->method->new)
            driver->state = driver->method->new ();
        return 0;
    }
    return refuse(driver, reason, err);
}

static int collect(struct driver *driver, struct error *err)
{
    struct scan_batch *batch = &driver->batches[0];
    struct scan_source source = {.connection = driver->connection,
                                 .interrupt = {driver_check_time, driver},
                                 .ends = driver->started + driver->request->timeout_ms};
    int status = driver->method->collect(driver->state, &source, batch, err);
    driver->commands += source.commands;
    if (status < 0)
        return -1;
    driver_report_progress(driver, batch->count);
    return driver_visit(driver, batch, err);
}

static int scan_databases(struct driver *driver, const struct scan_snapshot *before,
                          struct error *err)
{
    for (int i = 0; i < before->database_count; i++) {
        if (driver_scan(driver, before->databases[i], err) < 0)
            return -1;
    }
    return 0;
}

static int revisit(struct driver *driver, struct error *err)
{
    struct scan_batch *batch = &driver->batches[0];
    while (driver->method->revisit && driver->method->revisit(driver->state, batch)) {
        if (driver_visit(driver, batch, err) < 0)
            return -1;
    }
    return 0;
}

static int run(struct driver *driver, struct scan_outcome *outcome, struct error *err)
{
    SCOPED(scan_snapshot_release) struct scan_snapshot before = {0};
    SCOPED(scan_snapshot_release) struct scan_snapshot after = {0};
    if (scan_snapshot_take(driver->connection, &before, err) < 0 ||
        choose_method(driver, &before.server, err) < 0)
        return -1;
    driver->progress.keys_total = before.keys;
    if ((driver->method->collect ? collect(driver, err) : scan_databases(driver, &before, err)) <
            0 ||
        revisit(driver, err) < 0 || scan_snapshot_take(driver->connection, &after, err) < 0)
        return -1;
    driver->commands += 2;
    outcome->keys_before = before.keys;
    outcome->keys_after = after.keys;
    /* A restart in between sets the counter back. */
    outcome->expired_released = after.expired > before.expired ? after.expired - before.expired : 0;
    return 0;
}

int scan_run(const struct scan_request *request, struct scan_outcome *ret_outcome,
             struct error *err)
{
    SCOPED(driver_release) struct driver driver = {0};
    struct scan_outcome outcome = {0};
    assert(request->batch_keys >= SCAN_BATCH_KEYS_LEAST &&
           request->batch_keys <= SCAN_BATCH_KEYS_MOST);
    if (driver_init(&driver, request, err) < 0 || run(&driver, &outcome, err) < 0)
        return -1;
    outcome.keys_seen = driver.progress.keys_seen;
    outcome.commands = driver.commands;
    outcome.duration_ms = clock_monotonic_ms() - driver.started;
    driver.method->finish(driver.state, &outcome);
    *ret_outcome = outcome;
    return 0;
}

void scan_outcome_release(struct scan_outcome *outcome)
{
    free(outcome->keys);
    *outcome = (struct scan_outcome){0};
}
