/* Each sweep is short: what piled up is taken away in chunks, a bounded number at a time. */
#include "janitor.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "model/autoscan_round_store.h"
#include "model/request_store.h"
#include "model/scan_task_store.h"

enum { FORGET_INTERVAL_MS = 60000, FORGET_ROWS = 1000, FORGET_CHUNKS_MAX = 20 };

/* Fails the tasks whose last attempt was lost. */
static int give_up(struct janitor *janitor, struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, janitor->config->attempts_max);
    if (pg_session_execute(janitor->session, &scan_task_give_up, &parameters, &rows, err) < 0)
        return -1;
    for (int row = 0; row < rows.row_count; row++)
        LOG_WARNING("task_given_up", LOG_TEXT("task", pg_rows_string(&rows, row, 0)));
    return 0;
}

/* Returns how many rows were forgotten, or -1. */
static int forget_chunk(struct janitor *janitor, const struct pg_statement *statement,
                        struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, FORGET_ROWS);
    if (pg_session_execute(janitor->session, statement, &parameters, &rows, err) < 0)
        return -1;
    return rows.row_count;
}

static int forget(struct janitor *janitor, const struct pg_statement *statement, struct error *err)
{
    int count = FORGET_ROWS;
    for (int i = 0; i < FORGET_CHUNKS_MAX && count == FORGET_ROWS; i++)
        count = forget_chunk(janitor, statement, err);
    return count < 0 ? -1 : 0;
}

int janitor_sweep(struct janitor *janitor, struct error *err)
{
    int64_t now = clock_monotonic_ms();
    if (now >= janitor->give_up_ms) {
        if (give_up(janitor, err) < 0)
            return -1;
        janitor->give_up_ms = now + janitor->config->poll_seconds * 1000;
    }
    if (now >= janitor->forget_ms) {
        if (forget(janitor, &remembered_request_forget, err) < 0 ||
            forget(janitor, &autoscan_round_forget, err) < 0)
            return -1;
        janitor->forget_ms = now + FORGET_INTERVAL_MS;
    }
    return 0;
}
