/* dcsctl schedule: when instances are analysed without being asked, and what became of it. */
#include "base/scope.h"
#include "lookup.h"
#include "model/autoscan_round_store.h"
#include "report_rows.h"

static const struct report_column list_columns[] = {
    {"project_id", NULL, REPORT_TEXT},      {"project", "PROJECT", REPORT_TEXT},
    {"instance_id", NULL, REPORT_TEXT},     {"instance", "INSTANCE", REPORT_TEXT},
    {"kind", "KIND", REPORT_TEXT},          {"enabled", "ENABLED", REPORT_FLAG},
    {"next_at", "NEXT", REPORT_TEXT},       {"deferred_until", "WAITS UNTIL", REPORT_TEXT},
    {"last_slot", "LAST", REPORT_TEXT},     {"last_outcome", "OUTCOME", REPORT_TEXT},
    {"last_reason", "REASON", REPORT_TEXT}, {"last_missed", "MISSED", REPORT_NUMBER},
    {"last_task_id", NULL, REPORT_TEXT},
};

static const struct report_column round_columns[] = {
    {"project_id", NULL, REPORT_TEXT},      {"project", "PROJECT", REPORT_TEXT},
    {"instance_id", NULL, REPORT_TEXT},     {"instance", "INSTANCE", REPORT_TEXT},
    {"kind", "KIND", REPORT_TEXT},          {"slot", "ROUND", REPORT_TEXT},
    {"outcome", "OUTCOME", REPORT_STATE},   {"reason", "REASON", REPORT_TEXT},
    {"missed", "MISSED", REPORT_NUMBER},    {"task_id", "TASK", REPORT_TEXT},
    {"decided_at", "DECIDED", REPORT_TEXT},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add_text(struct report *report, const struct pg_rows *rows, int row, int column)
{
    report_add_text(report, pg_rows_string(rows, row, column));
}

static void add_number(struct report *report, const struct pg_rows *rows, int row, int column)
{
    if (pg_rows_is_null(rows, row, column))
        report_add_text(report, NULL);
    else
        report_add_number(report, pg_rows_integer(rows, row, column));
}

static void add_schedule(struct report *report, const struct pg_rows *rows, int row)
{
    report_add_project(report, pg_rows_string(rows, row, AUTOSCAN_SURVEY_PROJECT_ID));
    add_text(report, rows, row, AUTOSCAN_SURVEY_PROJECT_NAME);
    add_text(report, rows, row, AUTOSCAN_SURVEY_INSTANCE_ID);
    add_text(report, rows, row, AUTOSCAN_SURVEY_INSTANCE_NAME);
    add_text(report, rows, row, AUTOSCAN_SURVEY_KIND);
    report_add_flag(report, pg_rows_boolean(rows, row, AUTOSCAN_SURVEY_ENABLED));
    report_add_time(report, rows, row, AUTOSCAN_SURVEY_NEXT_AT);
    report_add_time(report, rows, row, AUTOSCAN_SURVEY_DEFERRED_UNTIL);
    report_add_time(report, rows, row, AUTOSCAN_SURVEY_LAST_SLOT);
    add_text(report, rows, row, AUTOSCAN_SURVEY_LAST_OUTCOME);
    add_text(report, rows, row, AUTOSCAN_SURVEY_LAST_REASON);
    add_number(report, rows, row, AUTOSCAN_SURVEY_LAST_MISSED);
    add_text(report, rows, row, AUTOSCAN_SURVEY_LAST_TASK_ID);
}

static void add_round(struct report *report, const struct pg_rows *rows, int row)
{
    report_add_project(report, pg_rows_string(rows, row, AUTOSCAN_ROUND_PROJECT_ID));
    add_text(report, rows, row, AUTOSCAN_ROUND_PROJECT_NAME);
    add_text(report, rows, row, AUTOSCAN_ROUND_INSTANCE_ID);
    add_text(report, rows, row, AUTOSCAN_ROUND_INSTANCE_NAME);
    add_text(report, rows, row, AUTOSCAN_ROUND_KIND);
    report_add_time(report, rows, row, AUTOSCAN_ROUND_SLOT);
    add_text(report, rows, row, AUTOSCAN_ROUND_OUTCOME);
    add_text(report, rows, row, AUTOSCAN_ROUND_REASON);
    add_number(report, rows, row, AUTOSCAN_ROUND_MISSED);
    add_text(report, rows, row, AUTOSCAN_ROUND_TASK_ID);
    report_add_time(report, rows, row, AUTOSCAN_ROUND_DECIDED_AT);
}

int command_schedule_list(struct cli *cli, struct error *err)
{
    struct uuid project, instance;
    const char *project_parameter, *instance_parameter;
    if (project_option(cli, &project, &project_parameter, err) < 0 ||
        instance_option(cli, &project, &instance, &instance_parameter, err) < 0)
        return -1;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, project_parameter);
    pg_parameters_add_reference(&parameters, instance_parameter);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &autoscan_survey, &parameters, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, list_columns, COUNT(list_columns));
    for (int row = 0; row < rows.row_count; row++)
        add_schedule(&report, &rows, row);
    report_write_list(&report, cli->json, "schedules", "Nothing is scheduled.");
    return 0;
}

int command_schedule_rounds(struct cli *cli, struct error *err)
{
    struct uuid project, instance;
    const char *project_parameter, *instance_parameter;
    int64_t limit;
    if (limit_option(cli->arguments, &limit, err) < 0 ||
        project_option(cli, &project, &project_parameter, err) < 0 ||
        instance_option(cli, &project, &instance, &instance_parameter, err) < 0)
        return -1;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, project_parameter);
    pg_parameters_add_reference(&parameters, instance_parameter);
    pg_parameters_add_integer(&parameters, limit);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &autoscan_round_survey, &parameters, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, round_columns, COUNT(round_columns));
    for (int row = 0; row < rows.row_count; row++)
        add_round(&report, &rows, row);
    report_write_list(&report, cli->json, "rounds", "No round fell due.");
    return 0;
}
