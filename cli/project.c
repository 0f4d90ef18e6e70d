/* dcsctl project: the tenants and their quotas. */
#include "model/project_store.h"

#include <stdio.h>

#include "base/scope.h"
#include "command.h"
#include "lookup.h"
#include "report_rows.h"

static const struct report_column added_columns[] = {
    {"id", "id", REPORT_TEXT},
    {"name", "name", REPORT_TEXT},
};

static const struct report_column columns[] = {
    {"id", "ID", REPORT_TEXT},
    {"name", "NAME", REPORT_TEXT},
    {"instances", "INSTANCES", REPORT_NUMBER},
    {"access_keys", "KEYS", REPORT_NUMBER},
    {"instances_max", "MOST INSTANCES", REPORT_NUMBER},
    {"scans_max", "SCANS", REPORT_NUMBER},
    {"schedule_entries_max", "ENTRIES", REPORT_NUMBER},
    {"created_at", "CREATED", REPORT_TEXT},
};
enum { PAGE_SIZE = 500 };
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static int add_quota(const struct cli *cli, enum option option, struct pg_parameters *parameters,
                     struct error *err)
{
    const char *value = arguments_value(cli->arguments, option);
    int64_t most = PROJECT_QUOTA_KEPT;
    if (value && value[0] == '\0') {
        pg_parameters_add_reference(parameters, NULL);
        return 0;
    }
    if (value &&
        (text_parse_integer(text_of(value), &most) < 0 || most < 0 || most > PROJECT_QUOTA_MAX))
        return error_set(err, ERROR_INVALID_PARAMETER, "%s is a number from 0 to %d, or empty",
                         option_descriptions[option].name, PROJECT_QUOTA_MAX);
    pg_parameters_add_integer(parameters, most);
    return 0;
}

static int add_quotas(const struct cli *cli, struct pg_parameters *parameters, struct error *err)
{
    if (add_quota(cli, OPTION_INSTANCES_MAX, parameters, err) < 0 ||
        add_quota(cli, OPTION_SCANS_MAX, parameters, err) < 0)
        return -1;
    return add_quota(cli, OPTION_SCHEDULE_ENTRIES_MAX, parameters, err);
}

int command_project_add(struct cli *cli, struct error *err)
{
    if (name_check(cli->word, err) < 0)
        return -1;
    const char *given = arguments_value(cli->arguments, OPTION_ID);
    struct uuid id;
    if (!given)
        uuid_generate(&id);
    else if (uuid_parse_any(text_of(given), &id) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "--id: '%s' is no project id", given);
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, id.text);
    pg_parameters_add_reference(&parameters, cli->word);
    if (add_quotas(cli, &parameters, err) < 0)
        return -1;
    pg_parameters_add_reference(&parameters, NULL);
    pg_parameters_add_reference(&parameters, NULL);
    if (cli_execute(cli, &project_insert, &parameters, NULL, err) < 0) {
        if (err->code != ERROR_ALREADY_EXISTS)
            return -1;
        error_clear(err);
        return error_set(err, ERROR_ALREADY_EXISTS, "there is a project '%s'%s already", cli->word,
                         given ? ", or one with that id," : "");
    }
    char digits[UUID_HEX_LENGTH + 1];
    uuid_format_hex(&id, digits);
    if (!cli->json) {
        puts(digits);
        return 0;
    }
    SCOPED(report_release) struct report report;
    report_init(&report, added_columns, 2);
    report_add_text(&report, digits);
    report_add_text(&report, cli->word);
    report_write_one(&report, true);
    return 0;
}

static void add_number(struct report *report, const struct pg_rows *rows, int row, int column)
{
    if (pg_rows_is_null(rows, row, column))
        report_add_text(report, NULL);
    else
        report_add_number(report, pg_rows_integer(rows, row, column));
}

static void add_project(struct report *report, const struct pg_rows *rows, int row, int first)
{
    report_add_project(report, pg_rows_string(rows, row, first + PROJECT_ID));
    report_add_text(report, pg_rows_string(rows, row, first + PROJECT_NAME));
    add_number(report, rows, row, first + PROJECT_INSTANCES);
    add_number(report, rows, row, first + PROJECT_ACCESS_KEYS);
    add_number(report, rows, row, first + PROJECT_INSTANCES_MAX);
    add_number(report, rows, row, first + PROJECT_SCANS_MAX);
    add_number(report, rows, row, first + PROJECT_SCHEDULE_ENTRIES_MAX);
    report_add_time(report, rows, row, first + PROJECT_CREATED_AT);
}

/* One page; returns how many projects there are in all, or -1. */
static int64_t add_page(struct cli *cli, int64_t offset, struct report *report, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, offset);
    pg_parameters_add_integer(&parameters, PAGE_SIZE);
    if (cli_execute(cli, &project_list, &parameters, &rows, err) < 0)
        return -1;
    for (int row = 0; row < rows.row_count; row++) {
        if (!pg_rows_is_null(&rows, row, PROJECT_LIST_FIRST + PROJECT_ID))
            add_project(report, &rows, row, PROJECT_LIST_FIRST);
    }
    return pg_rows_integer(&rows, 0, PROJECT_LIST_COUNT);
}

int command_project_list(struct cli *cli, struct error *err)
{
    SCOPED(report_release) struct report report;
    report_init(&report, columns, COLUMN_COUNT);
    int64_t count = 1;
    for (int64_t offset = 0; offset < count; offset += PAGE_SIZE) {
        count = add_page(cli, offset, &report, err);
        if (count < 0)
            return -1;
    }
    report_write_list(&report, cli->json, "projects", "There are no projects.");
    return 0;
}

static int find(struct cli *cli, struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, cli->word);
    if (cli_execute(cli, &project_find, &parameters, ret_rows, err) < 0)
        return -1;
    return ret_rows->row_count > 0
               ? 0
               : error_set(err, ERROR_NOT_FOUND, "there is no project '%s'", cli->word);
}

static void write_project(const struct cli *cli, const struct pg_rows *rows, int first)
{
    SCOPED(report_release) struct report report;
    report_init(&report, columns, COLUMN_COUNT);
    add_project(&report, rows, 0, first);
    report_write_one(&report, cli->json);
}

int command_project_show(struct cli *cli, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (find(cli, &rows, err) < 0)
        return -1;
    write_project(cli, &rows, 0);
    return 0;
}

int command_project_set(struct cli *cli, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0}, updated = {0};
    struct pg_parameters parameters;
    if (find(cli, &rows, err) < 0)
        return -1;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, pg_rows_string(&rows, 0, PROJECT_ID));
    pg_parameters_add_reference(&parameters, pg_rows_string(&rows, 0, PROJECT_NAME));
    if (add_quotas(cli, &parameters, err) < 0)
        return -1;
    pg_parameters_add_integer(&parameters, pg_rows_integer(&rows, 0, PROJECT_VERSION));
    if (cli_execute(cli, &project_update, &parameters, &updated, err) < 0)
        return -1;
    if (!text_equals(pg_rows_text(&updated, 0, 0), TEXT("updated")))
        return error_set(err, ERROR_NOT_FOUND, "the project was changed or removed meanwhile");
    write_project(cli, &updated, 1);
    return 0;
}
