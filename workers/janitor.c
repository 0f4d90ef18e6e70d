/* Each sweep is short: what piled up is taken away in chunks, a bounded number at a time. */
#include "janitor.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "model/access_key_store.h"
#include "model/analysis_store.h"
#include "model/autoscan_round_store.h"
#include "model/request_store.h"
#include "model/scan_task_store.h"
#include "model/webhook_store.h"
#include "worker_metrics.h"

enum { FORGET_INTERVAL_MS = 60000, FORGET_CHUNKS_MAX = 20 };

/* Fails the tasks whose last attempt was lost. */
static int give_up(struct janitor *janitor, struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, janitor->config->attempts_max);
    if (pg_session_execute(janitor->session, &scan_task_give_up, &parameters, &rows, err) < 0)
        return -1;
    metric_add(&metric_given_up, 0, 0, rows.row_count);
    for (int row = 0; row < rows.row_count; row++)
        LOG_WARNING("task_given_up", LOG_TEXT("task", pg_rows_string(&rows, row, 0)));
    return 0;
}

/* What is forgotten, so many rows at a time: a task takes its result along. */
struct forgotten {
    const struct pg_statement *statement;
    int chunk;
    size_t
        days; /* where in the settings the first parameter is, of how old it is; 0: there is none */
};
#define DAYS(setting) offsetof(struct config, setting)

static const struct forgotten forgotten[] = {
    {&access_key_forget, 1000, 0},
    {&remembered_request_forget, 1000, 0},
    {&autoscan_round_forget, 1000, 0},
    {&scan_task_forget, 100, DAYS(retention_days)},
    {&analysis_point_forget, 1000, DAYS(series_retention_days)},
    {&analysis_prefix_point_forget, 1000, DAYS(series_retention_days)},
    {&webhook_delivery_forget, 1000, DAYS(webhook_retention_days)},
};

static int64_t setting_at(const struct config *config, size_t place)
{
    int64_t number;
    memcpy(&number, (const char *)config + place, sizeof(number));
    return number;
}

/* Returns how many rows were forgotten, or -1. */
static int forget_chunk(struct janitor *janitor, const struct forgotten *what, struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    pulse_beat(janitor->pulse);
    pg_parameters_init(&parameters);
    if (what->days > 0)
        pg_parameters_add_integer(&parameters, setting_at(janitor->config, what->days));
    pg_parameters_add_integer(&parameters, what->chunk);
    if (pg_session_execute(janitor->session, what->statement, &parameters, &rows, err) < 0)
        return -1;
    return rows.row_count;
}

/* Sets whether there is more than a sweep may take. */
static int forget(struct janitor *janitor, const struct forgotten *what, bool *ret_more,
                  struct error *err)
{
    int count = what->chunk;
    for (int i = 0; i < FORGET_CHUNKS_MAX && count == what->chunk; i++)
        count = forget_chunk(janitor, what, err);
    *ret_more |= count == what->chunk;
    return count < 0 ? -1 : 0;
}

/* The next sweep follows at once where this one left something. */
static int forget_all(struct janitor *janitor, int64_t now, struct error *err)
{
    bool more = false;
    for (size_t i = 0; i < sizeof(forgotten) / sizeof(forgotten[0]); i++) {
        if (forget(janitor, &forgotten[i], &more, err) < 0)
            return -1;
    }
    janitor->forget_ms = more ? now : now + FORGET_INTERVAL_MS;
    return 0;
}

int janitor_sweep(struct janitor *janitor, struct error *err)
{
    int64_t now = clock_monotonic_ms();
    if (now >= janitor->give_up_ms) {
        if (give_up(janitor, err) < 0)
            return -1;
        janitor->give_up_ms = now + janitor->config->poll_seconds * 1000;
    }
    return now >= janitor->forget_ms ? forget_all(janitor, now, err) : 0;
}
