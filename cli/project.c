/* dcsctl project: the tenants. */
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
    {"created_at", "CREATED", REPORT_TEXT},
};
enum { PAGE_SIZE = 500 };
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

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

/* One page; returns how many projects there are in all, or -1. */
static int64_t add_page(struct cli *cli, int64_t offset, struct report *report, struct error *err)
{
    enum { FIRST = PROJECT_LIST_FIRST };
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, offset);
    pg_parameters_add_integer(&parameters, PAGE_SIZE);
    if (cli_execute(cli, &project_list, &parameters, &rows, err) < 0)
        return -1;
    for (int row = 0; row < rows.row_count; row++) {
        if (pg_rows_is_null(&rows, row, FIRST + PROJECT_ID))
            continue;
        report_add_project(report, pg_rows_string(&rows, row, FIRST + PROJECT_ID));
        report_add_text(report, pg_rows_string(&rows, row, FIRST + PROJECT_NAME));
        report_add_number(report, pg_rows_integer(&rows, row, FIRST + PROJECT_INSTANCES));
        report_add_number(report, pg_rows_integer(&rows, row, FIRST + PROJECT_ACCESS_KEYS));
        report_add_time(report, &rows, row, FIRST + PROJECT_CREATED_AT);
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
