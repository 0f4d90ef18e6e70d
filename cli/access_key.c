/* dcsctl key: the keys that tenants sign with.  A secret is made, sealed and shown here, once. */
#include "model/access_key_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/scope.h"
#include "base/secret.h"
#include "command.h"
#include "lookup.h"
#include "report_rows.h"
#include "sealing.h"

static const char upper_case[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char both_cases[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static const struct report_column added_columns[] = {
    {"id", "access key", REPORT_TEXT},
    {"secret", "secret key", REPORT_TEXT},
    {"project_id", "project", REPORT_TEXT},
};

static const struct report_column columns[] = {
    {"id", "ID", REPORT_TEXT},
    {"project_id", NULL, REPORT_TEXT},
    {"project", "PROJECT", REPORT_TEXT},
    {"created_at", "CREATED", REPORT_TEXT},
    {"disabled_at", "DISABLED", REPORT_TEXT},
};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static const struct report_column disabled_columns[] = {
    {"id", "access key", REPORT_TEXT},
    {"disabled", "disabled", REPORT_FLAG},
};

static void random_text(const char *alphabet, size_t length, char *ret_text)
{
    size_t letters = strlen(alphabet);
    for (size_t i = 0; i < length;) {
        unsigned char byte;
        if (RAND_bytes(&byte, 1) != 1)
            abort();
        /* What is past the last whole multiple would make the first letters likelier. */
        if (byte < 256 - 256 % letters)
            ret_text[i++] = alphabet[byte % letters];
    }
    ret_text[length] = '\0';
}

static int insert(struct cli *cli, const struct uuid *project, const char *id, const char *secret,
                  struct error *err)
{
    char sealed[SEALED_TEXT_MAX];
    if (seal(cli->config, id, secret, ACCESS_KEY_SECRET_LENGTH, sealed, err) < 0)
        return -1;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, id);
    pg_parameters_add_reference(&parameters, project->text);
    pg_parameters_add_reference(&parameters, sealed);
    return cli_execute(cli, &access_key_insert, &parameters, NULL, err);
}

int command_key_add(struct cli *cli, struct error *err)
{
    struct uuid project;
    if (project_lookup(cli, arguments_value(cli->arguments, OPTION_PROJECT), &project, err) < 0)
        return -1;
    char id[ACCESS_KEY_ID_LENGTH + 1], secret[ACCESS_KEY_SECRET_LENGTH + 1];
    random_text(upper_case, ACCESS_KEY_ID_LENGTH, id);
    random_text(both_cases, ACCESS_KEY_SECRET_LENGTH, secret);
    int status = insert(cli, &project, id, secret, err);
    if (status == 0) {
        SCOPED(report_release) struct report report;
        report_init(&report, added_columns, 3);
        report_add_text(&report, id);
        report_add_text(&report, secret);
        report_add_project(&report, project.text);
        report_write_one(&report, cli->json);
        if (!cli->json)
            puts("Keep the secret key: it is not shown again.");
    }
    secret_cleanse(secret, sizeof(secret));
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
        report_add_time(&report, &rows, row, ACCESS_KEY_CREATED_AT);
        report_add_time(&report, &rows, row, ACCESS_KEY_DISABLED_AT);
    }
    report_write_list(&report, cli->json, "keys", "There are no access keys.");
    return 0;
}

int command_key_disable(struct cli *cli, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, cli->word);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &access_key_disable, &parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count == 0)
        return error_set(err, ERROR_NOT_FOUND, "there is no access key '%s'", cli->word);
    SCOPED(report_release) struct report report;
    report_init(&report, disabled_columns, 2);
    report_add_text(&report, cli->word);
    report_add_flag(&report, true);
    report_write_one(&report, cli->json);
    return 0;
}
