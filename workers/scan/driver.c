/* The one loop that scans: SCAN, the questions about what it found, and the next SCAN already in
 * flight.
 *
 * The next SCAN and a batch's questions are queued as soon as its keys are there, and are sent
 * while its answers are still being read, so that the server always has something to do. */
#include "driver.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "node_checkpoint.h"

enum { FLUSH_BYTES = 4096 /* commands that are not held back for more of them */ };

int driver_check_time(void *argument, struct error *err)
{
    const struct driver *driver = argument;
    const struct scan_request *request = driver->request;
    if (request->stopped && request->stopped(request->stopped_argument))
        return error_set(err, ERROR_SCAN_CANCELLED, "cancelled, %lld of %lld keys seen",
                         (long long)driver->progress.keys_seen,
                         (long long)driver->progress.keys_total);
    if (clock_monotonic_ms() - driver->started >= request->timeout_ms)
        return error_set(err, ERROR_SCAN_DEADLINE,
                         "no end within %lld ms, %lld of %lld keys seen%s%s",
                         (long long)request->timeout_ms, (long long)driver->progress.keys_seen,
                         (long long)driver->progress.keys_total, driver->retry.since ? "; " : "",
                         driver->retry.since ? driver->unready.text : "");
    return 0;
}

static int fail(const struct driver *driver, struct error *err)
{
    return error_prefix(err, "%s", redis_connection_name(driver->connection));
}

static void expect(struct driver *driver, struct scan_batch *batch)
{
    assert(driver->expected_count < DRIVER_EXPECTED_MAX);
    int place = (driver->first_expected + driver->expected_count++) % DRIVER_EXPECTED_MAX;
    driver->expected[place] = batch;
    driver->sent_us[place] = clock_monotonic_us();
    if (driver->expected_count == 1)
        driver->burst_us = driver->sent_us[place];
}

static void expect_no_more(struct driver *driver)
{
    int64_t now = clock_monotonic_us();
    pacer_take_unit(&driver->pacing.pacer, now, now - driver->sent_us[driver->first_expected]);
    driver->first_expected = (driver->first_expected + 1) % DRIVER_EXPECTED_MAX;
    if (--driver->expected_count == 0)
        pacer_take_burst(&driver->pacing.pacer, driver->burst_us, now);
}

struct scan_source driver_source(struct driver *driver)
{
    return (struct scan_source){.connection = driver->connection,
                                .database = driver->request->database,
                                .interrupt = {driver_check_time, driver},
                                .ends = driver->started + driver->request->timeout_ms};
}

static int watch(struct driver *driver, struct error *err)
{
    if (!driver->method->watch)
        return 0;
    struct scan_source source = driver_source(driver);
    int status = driver->method->watch(driver->state, &source, &driver->hurry, err);
    driver->commands += source.commands;
    pacer_hurry(&driver->pacing.pacer, driver->hurry);
    return status;
}

/* A pause can be long: whoever watches shall see it begin. */
static int ask_while_paced(void *argument, struct error *err)
{
    driver_report_progress(argument, 0);
    return driver_check_time(argument, err);
}

/* What joins others in flight does not wait. */
static int begin_burst(struct driver *driver, struct error *err)
{
    if (driver->expected_count > 0)
        return 0;
    return watch(driver, err) < 0 ? -1 : pacing_wait(&driver->pacing, err);
}

static struct scan_batch *find_free_batch(struct driver *driver)
{
    for (int i = 0; i < DRIVER_BATCHES_MAX; i++) {
        if (!driver->batches[i].busy)
            return &driver->batches[i];
    }
    abort(); /* no more SCANs are asked than there are places */
}

static int count_busy(const struct driver *driver)
{
    int busy = 0;
    for (int i = 0; i < DRIVER_BATCHES_MAX; i++)
        busy += driver->batches[i].busy;
    return busy;
}

/* Queues the next SCAN where there is one and its keys will have a place.
 *
 * Where the server's processor is the limit the SCAN goes ahead of the questions: the server has
 * something to do while they are written, and as a rule it reads and answers the SCAN by itself,
 * so that what follows the next one is there before it is through with the questions. */
static int queue_scan(struct driver *driver, struct error *err)
{
    char count[12];
    if (!driver->scan_held)
        return 0;
    pacing_listen(&driver->pacing);
    int busy = count_busy(driver);
    if (busy >= pacer_window(&driver->pacing.pacer) ||
        (busy > 0 && !redis_memory_is_ample(redis_connection_memory(driver->connection))))
        return 0;
    if (begin_burst(driver, err) < 0)
        return -1;
    snprintf(count, sizeof(count), "%d", pacer_batch(&driver->pacing.pacer));
    const struct text words[] = {TEXT("SCAN"), text_of(driver->cursor.digits), TEXT("COUNT"),
                                 text_of(count)};
    driver->scan_held = false;
    driver->commands++;
    expect(driver, NULL);
    if (redis_connection_append(driver->connection, words, 4, err) < 0)
        return -1;
    if (driver->request->profile == SCAN_FAST)
        redis_connection_flush(driver->connection);
    return 0;
}

/* Queues the batch's questions of its stage; without any the batch is done. */
static int queue_questions(struct driver *driver, struct scan_batch *batch, struct error *err)
{
    batch->asked = batch->answered = 0;
    if (begin_burst(driver, err) < 0)
        return -1;
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

void driver_report_progress(struct driver *driver, size_t keys)
{
    const struct scan_request *request = driver->request;
    const struct pacer *pacer = &driver->pacing.pacer;
    struct scan_progress *progress = &driver->progress;
    progress->keys_seen += (int64_t)keys;
    if (!request->progress)
        return;
    progress->cost = driver_cost(driver);
    if (driver->state && driver->method->touched)
        progress->cost.touched = driver->method->touched(driver->state);
    progress->commands = driver->commands;
    progress->latency_us = pacer->latency_us;
    progress->is_paused = pacer->paused;
    progress->pause = pacer->reason;
    request->progress(request->progress_argument, progress);
}

/* Whether what was asked is to be asked again, after a pause; nothing is where that has gone on for
 * too long, so that the reply becomes the failure. */
static bool is_to_repeat(const struct driver *driver, const struct redis_reply *reply)
{
    return redis_reply_passes(reply) &&
           (driver->retry.since == 0 ||
            clock_monotonic_ms() - driver->retry.since < REDIS_RETRY_MS);
}

static int await_ready(struct driver *driver, const struct redis_reply *reply, struct error *err)
{
    struct redis_interrupt interrupt = {driver_check_time, driver};
    driver->unready = (struct error){0};
    redis_reply_unexpected(reply, "it kept answering", &driver->unready);
    return redis_retry_wait(&driver->retry, reply, interrupt, err) < 0 ? -1 : 0;
}

static int take_scan(struct driver *driver, const struct redis_reply *reply, struct error *err)
{
    expect_no_more(driver);
    if (is_to_repeat(driver, reply)) {
        driver->scan_held = true;
        return await_ready(driver, reply, err) < 0 ? -1 : queue_scan(driver, err);
    }
    driver->retry = (struct redis_retry){0};
    if (!is_scan_reply(reply)) {
        redis_reply_unexpected(reply, "SCAN", err);
        return fail(driver, err);
    }
    const struct redis_reply *names = &reply->elements[1];
    struct scan_batch *batch = NULL;
    node_checkpoint_give_when_due(driver);
    if (driver->method->ask && names->count > 0) {
        batch = find_free_batch(driver);
        if (scan_batch_fill(batch, driver->db, names, err) < 0)
            return fail(driver, err);
        memcpy(batch->cursor, driver->cursor.digits, sizeof(batch->cursor));
        batch->seen_before = driver->progress.keys_seen;
    }
    driver_report_progress(driver, names->count);
    if (scan_cursor_advance(&driver->cursor, reply->elements[0].text, names->count, err) < 0)
        return fail(driver, err);
    driver->scan_held = !scan_cursor_at_end(&driver->cursor);
    if (queue_scan(driver, err) < 0)
        return -1;
    return batch ? queue_questions(driver, batch, err) : 0;
}

static int repeat(struct driver *driver, struct scan_batch *batch, const struct redis_reply *reply,
                  struct error *err)
{
    if (redis_reply_passes(reply) && await_ready(driver, reply, err) < 0)
        return -1;
    driver->commands += (int64_t)batch->repeated;
    expect(driver, batch);
    return scan_batch_ask_again(batch, err);
}

static int take_answer(struct driver *driver, struct scan_batch *batch,
                       const struct redis_reply *reply, struct error *err)
{
    const struct scan_question *question = &batch->questions[batch->answered++];
    redis_slots_add_redirect(&driver->redirected, reply);
    if (is_to_repeat(driver, reply))
        scan_batch_repeat(batch);
    else if (driver->method->answer(driver->state, batch, question->key, question->command, reply,
                                    err) < 0)
        return fail(driver, err);
    if (batch->answered < batch->asked)
        return 0;
    expect_no_more(driver);
    if (batch->repeated > 0)
        return repeat(driver, batch, reply, err);
    driver->retry = (struct redis_retry){0};
    batch->stage++;
    return queue_questions(driver, batch, err);
}

static int read_replies(struct driver *driver, struct error *err)
{
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
    if (redis_retry_call(driver->connection, words, 2, driver_source(driver).interrupt, &reply,
                         err) < 0)
        return -1;
    if (!redis_reply_is(reply, REDIS_STATUS, TEXT("OK")))
        return redis_connection_unexpected(driver->connection, reply, "SELECT", err);
    driver->db = db;
    return 0;
}

int64_t driver_duration_ms(const struct driver *driver)
{
    return driver->earlier_ms + clock_monotonic_ms() - driver->started;
}

struct scan_cost driver_cost(const struct driver *driver)
{
    struct scan_cost cost = pacer_cost(&driver->pacing.pacer, clock_monotonic_us());
    scan_cost_add(&cost, &driver->earlier_cost);
    return cost;
}

int driver_scan(struct driver *driver, int db, const char *cursor, struct error *err)
{
    int least = pacer_batch_least(&driver->pacing.pacer.limits);
    if (select_database(driver, db, err) < 0)
        return -1;
    if (scan_cursor_resume(&driver->cursor, least, text_of(cursor)) < 0)
        abort();
    driver->scan_held = true;
    return queue_scan(driver, err) < 0 ? -1 : read_replies(driver, err);
}

int driver_visit(struct driver *driver, struct scan_batch *batch, struct error *err)
{
    if (select_database(driver, batch->db, err) < 0)
        return -1;
    return queue_questions(driver, batch, err) < 0 ? -1 : read_replies(driver, err);
}

int driver_init(struct driver *driver, const struct scan_request *request, struct error *err)
{
    *driver = (struct driver){.request = request, .started = clock_monotonic_ms()};
    struct redis_interrupt interrupt = {driver_check_time, driver};
    if (redis_connection_open(&request->target, interrupt, &driver->connection, err) < 0)
        return -1;
    for (int i = 0; i < DRIVER_BATCHES_MAX; i++)
        driver->batches[i].connection = driver->connection;
    interrupt.ask = ask_while_paced;
    return pacing_init(&driver->pacing, request, driver->connection, interrupt, err);
}

void driver_release(struct driver *driver)
{
    pacing_release(&driver->pacing);
    for (int i = 0; i < DRIVER_BATCHES_MAX; i++)
        scan_batch_release(&driver->batches[i]);
    if (driver->state)
        driver->method->free(driver->state);
    redis_connection_free(driver->connection);
}
