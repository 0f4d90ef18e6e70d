/* One batch at a time: filled from the ring, sent until it is taken or given up. */
#include "ops/exporter.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/log.h"
#include "collector.h"
#include "export_batch.h"
#include "export_rest.h"
#include "span_ring.h"

#define COUNT_OF(table) ((int)(sizeof(table) / sizeof((table)[0])))

struct exporter {
    struct trace_settings *settings;
    struct span_ring *ring;
    struct collector *collector;
    atomic_int_fast64_t end_ms; /* INT64_MAX until it is to stop */
    pthread_t thread;

    /* The thread's. */
    struct export_batch batch;
    struct export_rest rest;
    int64_t offset_us; /* of the wall clock */
    bool is_failing;
};

enum drop_reason { DROP_FULL, DROP_REFUSED, DROP_REJECTED, DROP_LATE, DROP_STOP };

static const char *const drop_reasons[] = {[DROP_FULL] = "full",
                                           [DROP_REFUSED] = "refused",
                                           [DROP_REJECTED] = "rejected",
                                           [DROP_LATE] = "late",
                                           [DROP_STOP] = "stop"};
static const char *const results[] = {
    [COLLECTOR_TAKEN] = "taken", [COLLECTOR_LATER] = "later", [COLLECTOR_REFUSED] = "refused"};

static struct metric exported = {.name = "dcs_trace_spans_exported_total",
                                 .help = "Spans that the collector of traces took."};
static struct metric dropped = {.name = "dcs_trace_spans_dropped_total",
                                .help = "Spans that no collector took, by reason.",
                                .labels = {{"reason", drop_reasons, COUNT_OF(drop_reasons)}}};
static struct metric exports = {.name = "dcs_trace_exports_total",
                                .help = "Requests to the collector of traces, by what came of it.",
                                .labels = {{"result", results, COUNT_OF(results)}}};

struct metric *const exporter_metrics[] = {&exported, &dropped, &exports};
const int exporter_metric_count = COUNT_OF(exporter_metrics);

void exporter_begin_trace(const struct exporter *exporter, const char *id, struct trace *trace)
{
    if (exporter)
        trace_begin(trace, id, exporter->settings->ratio);
}

void exporter_put(struct exporter *exporter, const struct span *span)
{
    if (!exporter)
        return;
    size_t count = span_ring_put(exporter->ring, span);
    if (count == 0)
        metric_count(&dropped, DROP_FULL, 0);
    else if (count % EXPORTER_BATCH_MAX == 0)
        collector_wake(exporter->collector);
}

static bool is_stopping(struct exporter *exporter)
{
    return atomic_load(&exporter->end_ms) != INT64_MAX;
}

/* The clocks drift apart by some microseconds a second: followed at once, a child could seem to
 * begin before its parent, which was sent a moment ago. */
static void follow_clock(struct exporter *exporter)
{
    enum { MOST_US = 1000 };
    int64_t offset_us = clock_unix_us() - clock_monotonic_us();
    int64_t change_us = offset_us - exporter->offset_us;
    if (change_us > MOST_US || change_us < -MOST_US)
        exporter->offset_us = offset_us;
}

/* Unless there is one still.  Returns whether there is one then. */
static bool fill_batch(struct exporter *exporter)
{
    struct export_batch *batch = &exporter->batch;
    struct span span;
    if (batch->count > 0)
        return true;
    if (span_ring_count(exporter->ring) == 0)
        return false;
    follow_clock(exporter);
    export_batch_begin(batch, exporter->settings);
    while (batch->count < EXPORTER_BATCH_MAX && span_ring_take(exporter->ring, &span))
        export_batch_add(batch, &span, exporter->offset_us);
    export_batch_end(batch);
    return batch->count > 0;
}

static void drop_batch(struct exporter *exporter, enum drop_reason reason)
{
    metric_add(&dropped, (int)reason, 0, exporter->batch.count);
    export_batch_release(&exporter->batch);
}

/* Once when it begins, and once when it is over. */
static void say(struct exporter *exporter, const struct error *err)
{
    bool fails = err->code != ERROR_NONE;
    if (fails && !exporter->is_failing)
        LOG_WARNING("traces_not_exported", LOG_ERROR_FIELDS(err));
    else if (!fails && exporter->is_failing)
        LOG_INFO("traces_exported_again");
    exporter->is_failing = fails;
}

static void take_success(struct exporter *exporter, int64_t rejected)
{
    int count = exporter->batch.count;
    int lost = rejected < count ? (int)rejected : count;
    metric_add(&exported, 0, 0, count - lost);
    metric_add(&dropped, DROP_REJECTED, 0, lost);
    export_rest_clear(&exporter->rest);
    export_batch_release(&exporter->batch);
}

static void take_failure(struct exporter *exporter, const struct collector_verdict *verdict)
{
    const int64_t now_ms = clock_monotonic_ms();
    export_rest_begin(&exporter->rest, now_ms, exporter->settings->interval_ms,
                      verdict->retry_after_ms, clock_monotonic_us());
    if (verdict->result == COLLECTOR_REFUSED)
        drop_batch(exporter, DROP_REFUSED);
    else if (now_ms - exporter->batch.begun_ms >= EXPORTER_PATIENCE_MS)
        drop_batch(exporter, DROP_LATE);
}

/* Returns whether the collector took it. */
static bool send_batch(struct exporter *exporter)
{
    struct error err = {0};
    struct text body = {exporter->batch.json.text, exporter->batch.json.length};
    struct collector_verdict verdict = collector_post(exporter->collector, body, &err);
    metric_count(&exports, (int)verdict.result, 0);
    say(exporter, &err);
    if (verdict.result == COLLECTOR_TAKEN)
        take_success(exporter, verdict.rejected);
    else
        take_failure(exporter, &verdict);
    return verdict.result == COLLECTOR_TAKEN;
}

/* Until there may be something to do. */
static void wait_for_work(struct exporter *exporter)
{
    const int64_t next_ms = clock_monotonic_ms() + exporter->settings->interval_ms;
    while (!is_stopping(exporter)) {
        const int64_t now_ms = clock_monotonic_ms(), rest_ms = exporter->rest.until_ms;
        bool is_enough = span_ring_count(exporter->ring) >= EXPORTER_BATCH_MAX;
        int64_t until_ms = is_enough ? now_ms : next_ms;
        if (until_ms < rest_ms)
            until_ms = rest_ms;
        if (until_ms <= now_ms)
            return;
        collector_sleep(exporter->collector, until_ms - now_ms);
    }
}

/* Tries it once more where the collector has not asked to be left alone. */
static void flush(struct exporter *exporter)
{
    struct span span;
    bool goes_on = !exporter->rest.is_asked_for || exporter->rest.until_ms <= clock_monotonic_ms();
    while (goes_on && clock_monotonic_ms() < atomic_load(&exporter->end_ms) && fill_batch(exporter))
        goes_on = send_batch(exporter);
    drop_batch(exporter, DROP_STOP);
    while (span_ring_take(exporter->ring, &span))
        metric_count(&dropped, DROP_STOP, 0);
}

/* A peer that is gone must not end the process. */
static void block_sigpipe(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void *run(void *argument)
{
    struct exporter *exporter = argument;
    block_sigpipe();
    for (;;) {
        wait_for_work(exporter);
        if (is_stopping(exporter))
            break;
        if (fill_batch(exporter))
            send_batch(exporter);
    }
    flush(exporter);
    return NULL;
}

int exporter_check(const struct config *config, struct error *err)
{
    struct trace_settings *settings = NULL;
    int status = trace_settings_load(config, "", "", &settings, err);
    trace_settings_free(settings);
    return status;
}

int exporter_open(const struct config *config, const char *program, const char *instance,
                  struct exporter **ret_exporter, struct error *err)
{
    struct trace_settings *settings;
    *ret_exporter = NULL;
    if (trace_settings_load(config, program, instance, &settings, err) < 0)
        return -1;
    if (!settings)
        return 0;
    struct exporter *exporter = calloc(1, sizeof(*exporter));
    if (!exporter || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    exporter->settings = settings;
    exporter->ring = span_ring_new(EXPORTER_SPANS_MAX);
    exporter->collector = collector_new(settings);
    atomic_init(&exporter->end_ms, INT64_MAX);
    if (pthread_create(&exporter->thread, NULL, run, exporter) != 0)
        abort();
    *ret_exporter = exporter;
    return 0;
}

void exporter_close(struct exporter *exporter)
{
    if (!exporter)
        return;
    const int64_t end_ms = clock_monotonic_ms() + EXPORTER_LAST_WORDS_MS;
    atomic_store(&exporter->end_ms, end_ms);
    collector_end(exporter->collector, end_ms);
    pthread_join(exporter->thread, NULL);
    export_batch_release(&exporter->batch);
    collector_free(exporter->collector);
    span_ring_free(exporter->ring);
    trace_settings_free(exporter->settings);
    free(exporter);
    curl_global_cleanup();
}
