/* dcsctl key: the keys that tenants and operators sign with.  A secret is made, sealed and shown
 * here, once. */
#include "model/access_key_store.h"

#include <stdio.h>
#include <string.h>

#include "base/scope.h"
#include "base/secret.h"
#include "command.h"
#include "lookup.h"
#include "report_rows.h"
#include "sealing.h"

static const struct report_column added_columns[] = {
    {"id", "access key", REPORT_TEXT},
    {"secret", "secret key", REPORT_TEXT},
    {"role", "role", REPORT_TEXT},
    {"project_id", "project", REPORT_TEXT},
};

static const struct report_column columns[] = {
    {"id", "ID", REPORT_TEXT},
    {"project_id", NULL, REPORT_TEXT},
    {"project", "PROJECT", REPORT_TEXT},
    {"role", "ROLE", REPORT_TEXT},
    {"created_at", "CREATED", REPORT_TEXT},
    {"disabled_at", "DISABLED", REPORT_TEXT},
};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static const struct report_column updated_columns[] = {
    {"id", "access key", REPORT_TEXT},
    {"disabled", "disabled", REPORT_FLAG},
};

/* The project of the new key; null for an operator's. */
static int owner_option(struct cli *cli, struct uuid *ret_project, const char **ret_parameter,
                        struct error *err)
{
    bool operator_key = arguments_have(cli->arguments, OPTION_OPERATOR);
    if (operator_key == arguments_have(cli->arguments, OPTION_PROJECT))
        return error_set(err, ERROR_INVALID_PARAMETER, "either --project or --operator is needed");
    return project_option(cli, ret_project, ret_parameter, err);
}

static int insert(struct cli *cli, const char *project, const struct access_key_pair *pair,
                  struct pg_rows *ret_rows, struct error *err)
{
    char sealed[SEALED_TEXT_MAX];
    if (seal(cli->config, access_key_secret_owner(project, pair->id), pair->secret,
             ACCESS_KEY_SECRET_LENGTH, sealed, err) < 0)
        return -1;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, pair->id);
    pg_parameters_add_reference(&parameters, project);
    pg_parameters_add_reference(&parameters, sealed);
    if (cli_execute(cli, &access_key_insert, &parameters, ret_rows, err) < 0)
        return -1;
    if (ret_rows->row_count == 0)
        return error_set(err, ERROR_NOT_FOUND, "the project was removed meanwhile");
    return 0;
}

static void show_added(const struct cli *cli, const struct pg_rows *rows, const char *secret)
{
    SCOPED(report_release) struct report report;
    report_init(&report, added_columns, sizeof(added_columns) / sizeof(added_columns[0]));
    report_add_text(&report, pg_rows_string(rows, 0, ACCESS_KEY_ID));
    report_add_text(&report, secret);
    report_add_text(&report, pg_rows_string(rows, 0, ACCESS_KEY_ROLE));
    report_add_project(&report, pg_rows_string(rows, 0, ACCESS_KEY_PROJECT_ID));
    report_write_one(&report, cli->json);
    if (!cli->json)
        puts("Keep the secret key: it is not shown again.");
}

int command_key_add(struct cli *cli, struct error *err)
{
    struct uuid project;
    const char *parameter = NULL;
    if (owner_option(cli, &project, &parameter, err) < 0)
        return -1;
    struct access_key_pair pair;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    access_key_generate(&pair);
    int status = insert(cli, parameter, &pair, &rows, err);
    if (status == 0)
        show_added(cli, &rows, pair.secret);
    secret_cleanse(&pair, sizeof(pair));
    return status;
}

int command_key_list(struct cli *cli, struct error *err)
{
    struct uuid project;
    const char *parameter;
    if (project_option(cli, &project, &parameter, err) < 0)
        return -1;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, parameter);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &access_key_list, &parameters, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, columns, COLUMN_COUNT);
    for (int row = 0; row < rows.row_count; row++) {
        report_add_text(&report, pg_rows_string(&rows, row, ACCESS_KEY_ID));
        report_add_project(&report, pg_rows_string(&rows, row, ACCESS_KEY_PROJECT_ID));
        report_add_text(&report, pg_rows_string(&rows, row, ACCESS_KEY_PROJECT_NAME));
        report_add_text(&report, pg_rows_string(&rows, row, ACCESS_KEY_ROLE));
        report_add_time(&report, &rows, row, ACCESS_KEY_CREATED_AT);
        report_add_time(&report, &rows, row, ACCESS_KEY_DISABLED_AT);
    }
    report_write_list(&report, cli->json, "keys", "There are no access keys.");
    return 0;
}

static int update(struct cli *cli, bool enabled, struct error *err)
{
    enum { OUTCOME = 0 };
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, cli->word);
    pg_parameters_add_boolean(&parameters, enabled);
    pg_parameters_add_reference(&parameters, NULL);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &access_key_update, &parameters, &rows, err) < 0)
        return -1;
    if (strcmp(pg_rows_string(&rows, 0, OUTCOME), "updated") != 0)
        return error_set(err, ERROR_NOT_FOUND, "there is no access key '%s'", cli->word);
    SCOPED(report_release) struct report report;
    report_init(&report, updated_columns, 2);
    report_add_text(&report, cli->word);
    report_add_flag(&report, !enabled);
    report_write_one(&report, cli->json);
    return 0;
}

int command_key_disable(struct cli *cli, struct error *err)
{
    return update(cli, false, err);
}

int command_key_enable(struct cli *cli, struct error *err)
{
    return update(cli, true, err);
}
