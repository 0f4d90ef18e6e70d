/* The one loop that scans: SCAN, the questions about what it found, and the next SCAN already in
 * flight.
 *
 * Replies come in the order of the commands, so a queue of what is expected says whose a reply is.
 * A batch's questions and the next SCAN are queued as soon as its keys are there, and are sent
 * while its answers are still being read, so that the server always has something to do.  What is
 * in flight never leaves the database that is selected. */
#include "scan/scan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/scope.h"
#include "cursor.h"
#include "method.h"
#include "snapshot.h"

enum {
    BATCHES_MAX = 3,
    FLUSH_BYTES = 4096, /* commands that are not held back for more of them */
    EXPECTED_MAX = BATCHES_MAX + 1
};

struct driver {
    const struct scan_request *request;
    const struct scan_method *method;
    void *state; /* the method's */
    struct redis_connection *connection;
    int64_t started; /* monotonic ms */
    int64_t commands;
    struct scan_progress progress;

    int db;
    char count[12]; /* COUNT as text */
    struct scan_cursor cursor;
    bool scan_held; /* the next SCAN waits for a batch that is free */
    struct scan_batch batches[BATCHES_MAX];
    struct scan_batch *expected[EXPECTED_MAX]; /* whose replies come; null: the SCAN's */
    int first_expected;
    int expected_count;
};

static int check_time(void *argument, struct error *err)
{
    const struct driver *driver = argument;
    const struct scan_request *request = driver->request;
    if (request->stopped && request->stopped(request->stopped_argument))
        return error_set(err, ERROR_SCAN_CANCELLED, "cancelled, %lld of %lld keys seen",
                         (long long)driver->progress.keys_seen,
                         (long long)driver->progress.keys_total);
    if (clock_monotonic_ms() - driver->started >= request->timeout_ms)
        return error_set(err, ERROR_SCAN_DEADLINE, "no end within %lld ms, %lld of %lld keys seen",
                         (long long)request->timeout_ms, (long long)driver->progress.keys_seen,
                         (long long)driver->progress.keys_total);
    return 0;
}

static int fail(const struct driver *driver, struct error *err)
{
    return error_prefix(err, "%s", redis_connection_name(driver->connection));
}

static void expect(struct driver *driver, struct scan_batch *batch)
{
    assert(driver->expected_count < EXPECTED_MAX);
    int place = (driver->first_expected + driver->expected_count++) % EXPECTED_MAX;
    driver->expected[place] = batch;
}

static void expect_no_more(struct driver *driver)
{
    driver->first_expected = (driver->first_expected + 1) % EXPECTED_MAX;
    driver->expected_count--;
}

static struct scan_batch *find_free_batch(struct driver *driver)
{
    for (int i = 0; i < BATCHES_MAX; i++) {
        if (!driver->batches[i].busy)
            return &driver->batches[i];
    }
    return NULL;
}

/* Queues the next SCAN where there is one and its keys will have a place. */
static int queue_scan(struct driver *driver, struct error *err)
{
    const struct text words[] = {TEXT("SCAN"), text_of(driver->cursor.digits), TEXT("COUNT"),
                                 text_of(driver->count)};
    if (!driver->scan_held || !find_free_batch(driver))
        return 0;
    driver->scan_held = false;
    driver->commands++;
    expect(driver, NULL);
    return redis_connection_append(driver->connection, words, 4, err);
}

/* Queues the batch's questions of its stage; without any the batch is done. */
static int queue_questions(struct driver *driver, struct scan_batch *batch, struct error *err)
{
    batch->asked = batch->answered = 0;
    if (driver->method->ask(driver->state, batch, err) < 0)
        return -1;
    driver->commands += (int64_t)batch->asked;
    if (batch->asked > 0) {
        expect(driver, batch);
        return 0;
    }
    scan_batch_reset(batch);
    return queue_scan(driver, err);
}

static bool is_scan_reply(const struct redis_reply *reply)
{
    if (reply->kind != REDIS_ARRAY || reply->count != 2 ||
        reply->elements[0].kind != REDIS_STRING || reply->elements[1].kind != REDIS_ARRAY)
        return false;
    for (size_t i = 0; i < reply->elements[1].count; i++) {
        if (reply->elements[1].elements[i].kind != REDIS_STRING)
            return false;
    }
    return true;
}

static void report_progress(struct driver *driver, size_t keys)
{
    const struct scan_request *request = driver->request;
    driver->progress.keys_seen += (int64_t)keys;
    if (request->progress)
        request->progress(request->progress_argument, &driver->progress);
}

static int take_scan(struct driver *driver, const struct redis_reply *reply, struct error *err)
{
    expect_no_more(driver);
    if (!is_scan_reply(reply)) {
        redis_reply_unexpected(reply, "SCAN", err);
        return fail(driver, err);
    }
    const struct redis_reply *names = &reply->elements[1];
    report_progress(driver, names->count);
    if (scan_cursor_advance(&driver->cursor, reply->elements[0].text, names->count, err) < 0)
        return fail(driver, err);
    struct scan_batch *batch = NULL;
    if (driver->method->ask && names->count > 0) {
        batch = find_free_batch(driver);
        scan_batch_fill(batch, driver->db, names);
    }
    driver->scan_held = !scan_cursor_at_end(&driver->cursor);
    if (queue_scan(driver, err) < 0)
        return -1;
    return batch ? queue_questions(driver, batch, err) : 0;
}

static int take_answer(struct driver *driver, struct scan_batch *batch,
                       const struct redis_reply *reply, struct error *err)
{
    const struct scan_question *question = &batch->questions[batch->answered++];
    if (driver->method->answer(driver->state, batch, question->key, question->command, reply, err) <
        0)
        return fail(driver, err);
    if (batch->answered < batch->asked)
        return 0;
    expect_no_more(driver);
    batch->stage++;
    return queue_questions(driver, batch, err);
}

static int scan_selected(struct driver *driver, struct error *err)
{
    scan_cursor_init(&driver->cursor, driver->request->batch_keys);
    driver->scan_held = true;
    if (queue_scan(driver, err) < 0)
        return -1;
    while (driver->expected_count > 0) {
        const struct redis_reply *reply;
        struct scan_batch *batch = driver->expected[driver->first_expected];
        if (redis_connection_unsent(driver->connection) >= FLUSH_BYTES)
            redis_connection_flush(driver->connection);
        if (redis_connection_next(driver->connection, &reply, err) < 0)
            return -1;
        if (batch ? take_answer(driver, batch, reply, err) : take_scan(driver, reply, err))
            return -1;
    }
    return 0;
}

static int select_database(struct driver *driver, int db, struct error *err)
{
    char number[12];
    const struct redis_reply *reply;
    snprintf(number, sizeof(number), "%d", db);
    const struct text words[] = {TEXT("SELECT"), text_of(number)};
    if (db == driver->db)
        return 0;
    driver->commands++;
    if (redis_connection_call(driver->connection, words, 2, &reply, err) < 0)
        return -1;
    if (!redis_reply_is(reply, REDIS_STATUS, TEXT("OK")))
        return redis_connection_unexpected(driver->connection, reply, "SELECT", err);
    driver->db = db;
    return 0;
}

static int check_server(struct driver *driver, const struct redis_probe *server, struct error *err)
{
    const char *reason = NULL;
    if (server->mode != REDIS_MODE_STANDALONE)
        reason = server->mode == REDIS_MODE_CLUSTER ? "a node of a cluster: not supported yet"
                                                    : "a sentinel: it has no keys";
    else if (driver->method->check)
        reason = driver->method->check(server);
    if (!reason && server->in_sync)
        return 0;
    if (reason)
        error_set(err, driver->request->kind->unsupported, "%s", reason);
    else
        error_set(err, ERROR_REDIS_CONNECTION, "a replica whose link to its master is down");
    return fail(driver, err);
}

static int scan_databases(struct driver *driver, struct scan_outcome *outcome, struct error *err)
{
    SCOPED(scan_snapshot_release) struct scan_snapshot before = {0};
    SCOPED(scan_snapshot_release) struct scan_snapshot after = {0};
    if (scan_snapshot_take(driver->connection, &before, err) < 0 ||
        check_server(driver, &before.server, err) < 0)
        return -1;
    driver->progress.keys_total = before.keys;
    for (int i = 0; i < before.database_count; i++) {
        if (select_database(driver, before.databases[i], err) < 0 || scan_selected(driver, err) < 0)
            return -1;
    }
    if (scan_snapshot_take(driver->connection, &after, err) < 0)
        return -1;
    driver->commands += 2;
    outcome->keys_before = before.keys;
    outcome->keys_after = after.keys;
    /* A restart in between sets the counter back. */
    outcome->expired_released = after.expired > before.expired ? after.expired - before.expired : 0;
    return 0;
}

static void driver_release(struct driver *driver)
{
    for (int i = 0; i < BATCHES_MAX; i++)
        scan_batch_release(&driver->batches[i]);
    if (driver->state)
        driver->method->free(driver->state);
    redis_connection_free(driver->connection);
}

int scan_run(const struct scan_request *request, struct scan_outcome *ret_outcome,
             struct error *err)
{
    SCOPED(driver_release)
    struct driver driver = {.request = request,
                            .method = scan_method_of(request->kind->id),
                            .started = clock_monotonic_ms()};
    struct redis_interrupt interrupt = {check_time, &driver};
    struct scan_outcome outcome = {0};
    assert(request->batch_keys >= SCAN_BATCH_KEYS_LEAST &&
           request->batch_keys <= SCAN_BATCH_KEYS_MOST);
    snprintf(driver.count, sizeof(driver.count), "%d", request->batch_keys);
    if (redis_connection_open(&request->target, interrupt, &driver.connection, err) < 0)
        return -1;
    for (int i = 0; i < BATCHES_MAX; i++)
        driver.batches[i].connection = driver.connection;
    if (driver.method->new)
        driver.state = driver.method->new ();
    if (scan_databases(&driver, &outcome, err) < 0)
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
