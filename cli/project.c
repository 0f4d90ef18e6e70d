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
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

int command_project_add(struct cli *cli, struct error *err)
{
    if (name_check(cli->word, err) < 0)
        return -1;
    struct uuid id;
    uuid_generate(&id);
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, id.text);
    pg_parameters_add_reference(&parameters, cli->word);
    if (cli_execute(cli, &project_insert, &parameters, NULL, err) < 0) {
        if (err->code != ERROR_DATABASE_CONFLICT)
            return -1;
        error_clear(err);
        return error_set(err, ERROR_DATABASE_CONFLICT, "there is a project '%s' already",
                         cli->word);
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

int command_project_list(struct cli *cli, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &project_list, NULL, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, columns, COLUMN_COUNT);
    for (int row = 0; row < rows.row_count; row++) {
        report_add_project(&report, pg_rows_string(&rows, row, PROJECT_ID));
        report_add_text(&report, pg_rows_string(&rows, row, PROJECT_NAME));
        report_add_number(&report, pg_rows_integer(&rows, row, PROJECT_INSTANCES));
        report_add_number(&report, pg_rows_integer(&rows, row, PROJECT_ACCESS_KEYS));
        report_add_time(&report, &rows, row, PROJECT_CREATED_AT);
    }
    report_write_list(&report, cli->json, "projects", "There are no projects.");
    return 0;
}
