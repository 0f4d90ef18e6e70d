/* Paths and their answers. */
#include "ops/operations.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/listener.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "http.h"
#include "monitor.h"
#include "process.h"

enum { OK = 200, NOT_FOUND = 404, UNAVAILABLE = 503 };

struct operations {
    struct operations_settings settings;
    struct monitor *monitor;
    struct ops_http *http;
    atomic_bool started, draining;
};

/* The text is copied. */
static void answer_text(struct ops_answer *ret_answer, int status, const char *text)
{
    ret_answer->status = status;
    ret_answer->type = "text/plain; charset=utf-8";
    ret_answer->length = strlen(text);
    ret_answer->body = strdup(text);
    if (!ret_answer->body)
        abort();
}

static void answer_health(struct operations *operations, const char *accept,
                          struct ops_answer *ret_answer)
{
    struct pulse_stuck stuck;
    char text[PULSE_NAME_MAX + 64];
    (void)operations;
    (void)accept;
    if (!pulse_find_stuck(&stuck)) {
        answer_text(ret_answer, OK, "ok\n");
        return;
    }
    snprintf(text, sizeof(text), "stuck\n%s: silent for %lld s\n", stuck.name,
             (long long)stuck.silent_ms / 1000);
    answer_text(ret_answer, UNAVAILABLE, text);
}

enum { READINESS_MAX = 4 * OPERATIONS_WHY_MAX };

/* A line more, where it is not so. */
static bool require(bool condition, const char *otherwise, char text[READINESS_MAX])
{
    size_t length = strlen(text);
    if (!condition)
        snprintf(text + length, READINESS_MAX - length, "%s\n", otherwise);
    return condition;
}

static bool can_work(const struct operations_settings *settings,
                     char ret_why[OPERATIONS_WHY_MAX + 1])
{
    return !settings->can_work || settings->can_work(settings->argument, ret_why);
}

static bool is_ready(struct operations *operations, char ret_text[READINESS_MAX])
{
    char why[OPERATIONS_WHY_MAX + 1], schema[OPERATIONS_WHY_MAX + 1];
    bool started = atomic_load(&operations->started);
    snprintf(ret_text, READINESS_MAX, "not ready\n");
    bool ready = require(started, "starting", ret_text);
    ready &= require(!atomic_load(&operations->draining), "draining", ret_text);
    ready &= require(monitor_database_is_good(operations->monitor, schema), schema, ret_text);
    if (started)
        ready &= require(can_work(&operations->settings, why), why, ret_text);
    /* A schema that is newer keeps nobody from work. */
    if (ready)
        snprintf(ret_text, READINESS_MAX, "ready\n%s%s", schema, schema[0] ? "\n" : "");
    return ready;
}

static void answer_readiness(struct operations *operations, const char *accept,
                             struct ops_answer *ret_answer)
{
    char text[READINESS_MAX];
    (void)accept;
    bool ready = is_ready(operations, text);
    answer_text(ret_answer, ready ? OK : UNAVAILABLE, text);
}

static void answer_start(struct operations *operations, const char *accept,
                         struct ops_answer *ret_answer)
{
    bool started = atomic_load(&operations->started);
    (void)accept;
    answer_text(ret_answer, started ? OK : UNAVAILABLE, started ? "started\n" : "starting\n");
}

static void answer_metrics(struct operations *operations, const char *accept,
                           struct ops_answer *ret_answer)
{
    static const char *const types[] = {
        [METRICS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
        [METRICS_OPEN] = "application/openmetrics-text; version=1.0.0; charset=utf-8"};
    char readiness[READINESS_MAX];
    enum metrics_format format =
        strstr(accept, "application/openmetrics-text") ? METRICS_OPEN : METRICS_TEXT;
    FILE *out = open_memstream(&ret_answer->body, &ret_answer->length);
    if (!out)
        abort();
    metric_set(&ops_metric_ready, 0, 0, is_ready(operations, readiness));
    metrics_write(out, format);
    if (fclose(out) != 0)
        abort();
    ret_answer->status = OK;
    ret_answer->type = types[format];
}

static const struct {
    const char *path;
    void (*answer)(struct operations *operations, const char *accept,
                   struct ops_answer *ret_answer);
} answers[] = {
    {"/healthz", answer_health},
    {"/readyz", answer_readiness},
    {"/startupz", answer_start},
    {"/metrics", answer_metrics},
};

static void on_request(void *argument, const char *path, const char *accept,
                       struct ops_answer *ret_answer)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (strcmp(path, answers[i].path) == 0) {
            answers[i].answer(argument, accept, ret_answer);
            return;
        }
    }
    answer_text(ret_answer, NOT_FOUND, "/healthz, /readyz, /startupz or /metrics\n");
}

static void on_round(void *argument)
{
    const struct operations *operations = argument;
    ops_http_end_late(operations->http);
}

int operations_open(const struct operations_settings *settings, struct operations **ret_operations,
                    struct error *err)
{
    static const char setting[] = "listen_operations";
    const char *address = settings->config->listen_operations;
    int descriptor, port = 0;
    *ret_operations = NULL;
    if (!address[0])
        return 0;
    if (listener_open(setting, address, 1, &descriptor, &port, err) < 0)
        return -1;
    struct operations *operations = calloc(1, sizeof(*operations));
    if (!operations)
        abort();
    operations->settings = *settings;
    ops_process_register(settings->program);
    for (int i = 0; i < settings->metric_count; i++)
        metrics_register(settings->metrics[i].metrics, settings->metrics[i].count);
    operations->monitor = monitor_new(&operations->settings, on_round, operations);
    if (ops_http_open(descriptor, on_request, operations, &operations->http, err) < 0) {
        operations_close(operations);
        return error_prefix(err, "%s", setting);
    }
    monitor_start(operations->monitor);
    *ret_operations = operations;
    LOG_INFO("listening", LOG_TEXT("scheme", "operations"), LOG_NUMBER("port", port));
    return 0;
}

void operations_close(struct operations *operations)
{
    if (!operations)
        return;
    monitor_stop(operations->monitor);
    ops_http_close(operations->http);
    monitor_free(operations->monitor);
    free(operations);
}

void operations_set_started(struct operations *operations)
{
    if (operations)
        atomic_store(&operations->started, true);
}

void operations_set_draining(struct operations *operations)
{
    if (operations)
        atomic_store(&operations->draining, true);
}
