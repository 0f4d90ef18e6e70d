/* dcsctl top: the scans that run, drawn over and over on a terminal; written once elsewhere, or
 * every --interval seconds where that is asked for. */
#include <stdio.h>

#include "base/clock.h"
#include "base/scope.h"
#include "interrupt.h"
#include "lookup.h"
#include "model/scan_task_store.h"
#include "progress.h"
#include "report_rows.h"
#include "scan_rate.h"
#include "screen.h"
#include "style.h"
#include "watcher.h"

enum { INTERVAL_SECONDS = 2, SCANS_MAX = 1000, LINES_AROUND = 4, LEFT_MAX = 32, SHARDS_MAX = 48 };

static const struct report_column columns[] = {
    {"project_id", NULL, REPORT_TEXT},
    {"project", "PROJECT", REPORT_TEXT},
    {"instance_id", NULL, REPORT_TEXT},
    {"instance", "INSTANCE", REPORT_TEXT},
    {"kind", "KIND", REPORT_TEXT},
    {"keys_seen", "SEEN", REPORT_NUMBER},
    {"keys_total", "KEYS", REPORT_NUMBER},
    {"percent", "%", REPORT_NUMBER},
    {"keys_per_second", "KEYS/S", REPORT_NUMBER},
    {"seconds_left", NULL, REPORT_NUMBER},
    {NULL, "LEFT", REPORT_NUMBER},
    {"pause", "PAUSE", REPORT_TEXT},
    {"pauses", NULL, REPORT_NUMBER},
    {"shards_done", NULL, REPORT_NUMBER},
    {"shards", NULL, REPORT_NUMBER},
    {NULL, "SHARDS", REPORT_NUMBER},
    {"attempt", "TRY", REPORT_NUMBER},
    {"owner", "WORKER", REPORT_TEXT},
    {"id", "TASK", REPORT_TEXT},
};

struct top {
    struct cli *cli;
    struct uuid project;
    const char *project_parameter; /* null: all projects */
    struct scan_rates rates;
    bool drawn; /* on a terminal */
};

static void add_left(struct report *report, int64_t seconds)
{
    char left[LEFT_MAX];
    if (seconds < 0) {
        report_add_text(report, NULL);
        report_add_text(report, NULL);
        return;
    }
    report_add_number(report, seconds);
    progress_format_seconds(seconds, left, sizeof(left));
    report_add_text(report, left);
}

/* What its worker told last; of shards nothing where it is no cluster. */
static void add_told(struct report *report, const struct pg_rows *rows, int row)
{
    enum { FIRST = SCAN_TASK_RUNNING_TOLD };
    const int64_t done = pg_rows_integer(rows, row, FIRST + SCAN_TASK_TOLD_SHARDS_DONE);
    const int64_t all = pg_rows_integer(rows, row, FIRST + SCAN_TASK_TOLD_SHARDS);
    char shards[SHARDS_MAX];
    report_add_text(report, pg_rows_string(rows, row, FIRST + SCAN_TASK_TOLD_PAUSE));
    report_add_number(report, pg_rows_integer(rows, row, FIRST + SCAN_TASK_TOLD_PAUSES));
    if (all == 0) {
        for (int i = 0; i < 3; i++)
            report_add_text(report, NULL);
        return;
    }
    report_add_number(report, done);
    report_add_number(report, all);
    snprintf(shards, sizeof(shards), "%lld/%lld", (long long)done, (long long)all);
    report_add_text(report, shards);
}

/* Its worker knows better what the last few seconds brought. */
static int64_t rate_of(struct scan_rates *rates, const char *task, int64_t seen,
                       const struct pg_rows *rows, int row)
{
    const int told = SCAN_TASK_RUNNING_TOLD + SCAN_TASK_TOLD_KEYS_PER_SECOND;
    const int64_t noted =
        scan_rates_take(rates, task, seen, pg_rows_integer(rows, row, SCAN_TASK_RUNNING_SCAN_MS));
    return pg_rows_is_null(rows, row, told) ? noted : pg_rows_integer(rows, row, told);
}

static void add_scan(struct report *report, struct scan_rates *rates, const struct pg_rows *rows,
                     int row)
{
    struct scan_task task;
    scan_task_read(rows, row, 0, &task);
    const int64_t seen = pg_rows_integer(rows, row, SCAN_TASK_SURVEY_KEYS_SEEN);
    const int64_t total = pg_rows_integer(rows, row, SCAN_TASK_SURVEY_KEYS_TOTAL);
    const int64_t rate = rate_of(rates, task.id, seen, rows, row);
    report_add_project(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_PROJECT_ID));
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_PROJECT_NAME));
    report_add_text(report, task.instance_id);
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_INSTANCE_NAME));
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_KIND));
    report_add_number(report, seen);
    report_add_number(report, total);
    if (total > 0)
        report_add_number(report, progress_percent(seen, total));
    else
        report_add_text(report, NULL);
    report_add_number(report, rate);
    add_left(report, scan_seconds_left(seen, total, rate));
    add_told(report, rows, row);
    report_add_number(report, pg_rows_integer(rows, row, SCAN_TASK_SURVEY_ATTEMPT));
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_OWNER));
    report_add_text(report, task.id);
}

static int read_scans(const struct top *top, int64_t most, struct pg_rows *ret_rows,
                      struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, top->project_parameter);
    pg_parameters_add_integer(&parameters, most);
    return cli_execute(top->cli, &scan_task_running, &parameters, ret_rows, err);
}

static void write_heading(const struct pg_rows *rows)
{
    char now[CLOCK_ISO_LENGTH + 1];
    const int64_t waiting = pg_rows_integer(rows, 0, SCAN_TASK_RUNNING_WAITING);
    clock_format_iso(clock_unix_ms(), now);
    printf("%s%.19sZ: %lld running, %lld%s waiting%s\n", style_on(STYLE_HEADING), now,
           (long long)pg_rows_integer(rows, 0, SCAN_TASK_RUNNING_COUNT), (long long)waiting,
           waiting == SCAN_TASK_WAITING_COUNTED ? " or more" : "", style_off(STYLE_HEADING));
}

/* A row without a task holds the counts alone. */
static int look(struct top *top, struct error *err)
{
    const int lines = top->drawn ? screen_lines() - LINES_AROUND : SCANS_MAX;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (read_scans(top, lines > 1 ? lines : 1, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, columns, sizeof(columns) / sizeof(columns[0]));
    for (int row = 0; row < rows.row_count; row++) {
        if (!pg_rows_is_null(&rows, row, 0))
            add_scan(&report, &top->rates, &rows, row);
    }
    screen_clear();
    if (!top->cli->json)
        write_heading(&rows);
    report_write_list(&report, top->cli->json, "scans", "No scan runs.");
    return 0;
}

/* Once it has been seen, a database that is away is waited for: that is when people look. */
static int look_over_and_over(struct top *top, int64_t interval_ms, struct error *err)
{
    do {
        struct error failure = {0};
        if (look(top, &failure) < 0) {
            if (!watcher_goes_on(&failure)) {
                *err = failure;
                return -1;
            }
            screen_clear();
            fputs("The database does not answer; it is asked again.\n",
                  top->drawn ? stdout : stderr);
        }
        screen_show();
    } while (watcher_rest(interval_ms));
    return 0;
}

static int run(struct top *top, int64_t interval_ms, struct error *err)
{
    interrupt_listen();
    top->drawn = !top->cli->json && screen_open();
    int status;
    if (top->drawn || arguments_have(top->cli->arguments, OPTION_INTERVAL))
        status = look_over_and_over(top, interval_ms, err);
    else
        status = look(top, err);
    screen_close();
    return status;
}

int command_top(struct cli *cli, struct error *err)
{
    SCOPED(watcher_release) struct cli watcher;
    struct top top = {.cli = &watcher};
    int64_t interval_ms;
    watcher_init(&watcher, cli);
    if (interval_option(cli->arguments, INTERVAL_SECONDS, &interval_ms, err) < 0 ||
        project_option(&watcher, &top.project, &top.project_parameter, err) < 0)
        return -1;
    int status = run(&top, interval_ms, err);
    scan_rates_release(&top.rates);
    return status;
}
