/* dcsctl task: what is waiting, running and done, and why it failed. */
#include <stdio.h>

#include <jansson.h>

#include "base/endpoint.h"
#include "base/json.h"
#include "base/scope.h"
#include "lookup.h"
#include "model/scan_task_store.h"
#include "report_rows.h"
#include "scan_analysis.h"
#include "task.h"

/* Of the list and, written one below the other, of a task. */
#define TASK_COLUMNS(id, project, instance, kind, status, num, seen, total, attempt, owner,        \
                     created, started, finished, failure)                                          \
    {"id", id, REPORT_TEXT}, {"project_id", NULL, REPORT_TEXT}, {"project", project, REPORT_TEXT}, \
        {"instance_id", NULL, REPORT_TEXT}, {"instance", instance, REPORT_TEXT},                   \
        {"kind", kind, REPORT_TEXT}, {"status", status, REPORT_STATE},                             \
        {"num", num, REPORT_NUMBER}, {"keys_seen", seen, REPORT_NUMBER},                           \
        {"keys_total", total, REPORT_NUMBER}, {"attempt", attempt, REPORT_NUMBER},                 \
        {"owner", owner, REPORT_TEXT}, {"created_at", created, REPORT_TEXT},                       \
        {"started_at", started, REPORT_TEXT}, {"finished_at", finished, REPORT_TEXT},              \
    {                                                                                              \
        "failure", failure, REPORT_TEXT                                                            \
    }

static const struct report_column list_columns[] = {
    TASK_COLUMNS("ID", "PROJECT", "INSTANCE", "KIND", "STATUS", "NUM", "SEEN", "KEYS", "ATTEMPT",
                 NULL, "CREATED", NULL, "FINISHED", "FAILURE")};

static const struct report_column record_columns[] = {
    TASK_COLUMNS("id", "project", "instance", "kind", "status", "num", "keys seen", "keys in all",
                 "attempt", "owner", "created", "started", "finished", "failure"),
    {"node", "node", REPORT_TEXT},
    {"node_role", "its role then", REPORT_TEXT},
    {"backup_id", "backup", REPORT_TEXT},
    {"cost", "cost", REPORT_JSON},
    {"scan_ms", "scanned for, ms", REPORT_NUMBER},
    {"last_error", "last attempt", REPORT_TEXT},
    {"checkpoint_at", "checkpoint", REPORT_TEXT},
    {"keys", NULL, REPORT_JSON},
    {"result", NULL, REPORT_JSON}};

static const struct report_column key_columns[] = {
    {NULL, "TYPE", REPORT_TEXT}, {NULL, "SIZE", REPORT_NUMBER}, {NULL, "UNIT", REPORT_TEXT},
    {NULL, "DB", REPORT_NUMBER}, {NULL, "SHARD", REPORT_TEXT},  {NULL, "NAME", REPORT_TEXT},
};

/* Of each list of an analysis. */
enum { ANALYSIS_ROWS_SHOWN = 20 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add_task(struct report *report, const struct pg_rows *rows, int row)
{
    struct scan_task task;
    scan_task_read(rows, row, 0, &task);
    report_add_text(report, task.id);
    report_add_project(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_PROJECT_ID));
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_PROJECT_NAME));
    report_add_text(report, task.instance_id);
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_INSTANCE_NAME));
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_KIND));
    report_add_text(report, scan_status_name(task.status));
    report_add_number(report, task.num);
    report_add_number(report, pg_rows_integer(rows, row, SCAN_TASK_SURVEY_KEYS_SEEN));
    report_add_number(report, pg_rows_integer(rows, row, SCAN_TASK_SURVEY_KEYS_TOTAL));
    report_add_number(report, pg_rows_integer(rows, row, SCAN_TASK_SURVEY_ATTEMPT));
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_OWNER));
    report_add_stamp(report, task.created_at);
    report_add_stamp(report, task.started_at);
    report_add_stamp(report, task.finished_at);
    report_add_text(report, pg_rows_string(rows, row, SCAN_TASK_SURVEY_FAILURE));
}

static int check_filters(const struct arguments *arguments, int64_t *ret_limit, struct error *err)
{
    const char *status = arguments_value(arguments, OPTION_STATUS);
    enum scan_status parsed;
    if (status && scan_status_parse(text_of(status), &parsed) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "unknown status '%s'", status);
    return limit_option(arguments, ret_limit, err);
}

int command_task_list(struct cli *cli, struct error *err)
{
    struct uuid project, instance;
    const char *project_parameter, *instance_parameter;
    int64_t limit;
    if (check_filters(cli->arguments, &limit, err) < 0 ||
        project_option(cli, &project, &project_parameter, err) < 0 ||
        instance_option(cli, &project, &instance, &instance_parameter, err) < 0)
        return -1;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, project_parameter);
    pg_parameters_add_reference(&parameters, instance_parameter);
    pg_parameters_add_reference(&parameters, arguments_value(cli->arguments, OPTION_STATUS));
    pg_parameters_add_integer(&parameters, limit);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &scan_task_survey, &parameters, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, list_columns, COUNT(list_columns));
    for (int row = 0; row < rows.row_count; row++)
        add_task(&report, &rows, row);
    report_write_list(&report, cli->json, "tasks", "There are no such tasks.");
    return 0;
}

static void add_text_member(struct report *report, const json_t *key, const char *name)
{
    const json_t *member = json_object_get(key, name);
    if (member)
        report_add_bytes(report,
                         (struct text){json_string_value(member), json_string_length(member)});
    else
        report_add_text(report, NULL);
}

/* The keys as they were recorded; a name may have any character, NUL as well. */
static int show_keys(const char *keys, struct error *err)
{
    SCOPED(json_cleanup) json_t *array = json_loads(keys, JSON_ALLOW_NUL, NULL);
    if (!json_is_array(array))
        return error_set(err, ERROR_INTERNAL, "the recorded result is no JSON array");
    SCOPED(report_release) struct report report;
    report_init(&report, key_columns, COUNT(key_columns));
    size_t index;
    const json_t *key;
    json_array_foreach(array, index, key)
    {
        add_text_member(&report, key, "type");
        report_add_number(&report, json_integer_value(json_object_get(key, "size")));
        add_text_member(&report, key, "unit");
        report_add_number(&report, json_integer_value(json_object_get(key, "db")));
        add_text_member(&report, key, "shard");
        add_text_member(&report, key, "name");
    }
    report_write_list(&report, false, NULL, "There are no keys.");
    return 0;
}

int task_word(const struct cli *cli, struct uuid *ret_id, struct error *err)
{
    if (uuid_parse(text_of(cli->word), ret_id) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "'%s' is not the id of a task", cli->word);
    return 0;
}

int task_find(struct cli *cli, const struct uuid *id, struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, id->text);
    if (cli_execute(cli, &scan_task_inspect, &parameters, ret_rows, err) < 0)
        return -1;
    if (ret_rows->row_count > 0)
        return 0;
    pg_rows_release(ret_rows);
    return error_set(err, ERROR_NOT_FOUND, "there is no task '%s'", id->text);
}

int command_task_show(struct cli *cli, struct error *err)
{
    struct uuid id;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (task_word(cli, &id, err) < 0 || task_find(cli, &id, &rows, err) < 0)
        return -1;
    return task_write(cli, &rows, err);
}

/* Of an offline analysis: what it is of. */
static void add_source(struct report *report, const struct pg_rows *rows)
{
    struct analysis_source source;
    struct endpoint endpoint = {0};
    char name[ENDPOINT_TEXT_MAX + 1];
    analysis_source_read(rows, 0, SCAN_TASK_SURVEY_SOURCE, &source);
    if (source.host) {
        endpoint.port = source.port;
        snprintf(endpoint.host, sizeof(endpoint.host), "%s", source.host);
        endpoint_format(&endpoint, name);
    }
    report_add_text(report, source.host ? name : NULL);
    report_add_text(report, source.role);
    report_add_text(report, source.backup_id);
}

int task_write(const struct cli *cli, const struct pg_rows *rows, struct error *err)
{
    SCOPED(report_release) struct report report;
    report_init(&report, record_columns, COUNT(record_columns));
    add_task(&report, rows, 0);
    add_source(&report, rows);
    report_add_text(&report, pg_rows_string(rows, 0, SCAN_TASK_SURVEY_COST));
    report_add_number(&report, pg_rows_integer(rows, 0, SCAN_TASK_SURVEY_SCAN_MS));
    report_add_text(&report, pg_rows_string(rows, 0, SCAN_TASK_SURVEY_LAST_ERROR));
    char checkpoint_at[PG_TIME_LENGTH + 1] = "";
    pg_rows_time(rows, 0, SCAN_TASK_SURVEY_CHECKPOINT_AT, checkpoint_at);
    report_add_stamp(&report, checkpoint_at);
    const char *result = pg_rows_string(rows, 0, SCAN_TASK_SURVEY_KEYS);
    const struct scan_kind *kind = scan_kind_find(pg_rows_string(rows, 0, SCAN_TASK_SURVEY_KIND));
    bool analysis = kind && scan_kind_is_analysis(kind);
    report_add_text(&report, analysis ? NULL : result);
    report_add_text(&report, analysis ? result : NULL);
    report_write_one(&report, cli->json);
    if (!result || cli->json)
        return 0;
    putchar('\n');
    return analysis ? scan_analysis_write(text_of(result), ANALYSIS_ROWS_SHOWN, err)
                    : show_keys(result, err);
}
