/* dcsctl key: the keys that tenants and operators sign with.  A secret is made, sealed and shown
 * here, once. */
#include "model/access_key_store.h"

#include <stdio.h>
#include <string.h>

#include "access_key_grant.h"
#include "auth/role.h"
#include "base/digest.h"
#include "base/scope.h"
#include "base/secret.h"
#include "command.h"
#include "lookup.h"
#include "report_rows.h"
#include "sealing.h"

/* The statements that write answer with an outcome first. */
enum { OUTCOME = 0, FIRST = 1 };

static const struct report_column added_columns[] = {
    {"id", "access key", REPORT_TEXT},
    {"secret", "secret key", REPORT_TEXT},
    {"security_token", "security token", REPORT_TEXT},
    {"role", "role", REPORT_TEXT},
    {"actions", "actions", REPORT_LIST},
    {"instances", "instances", REPORT_LIST},
    {"project_id", "project", REPORT_TEXT},
    {"expires_at", "expires", REPORT_TEXT},
};

static const struct report_column columns[] = {
    {"id", "ID", REPORT_TEXT},
    {"project_id", NULL, REPORT_TEXT},
    {"project", "PROJECT", REPORT_TEXT},
    {"role", "ROLE", REPORT_TEXT},
    {"actions", "ACTIONS", REPORT_LIST},
    {"instances", "INSTANCES", REPORT_LIST},
    {"created_at", "CREATED", REPORT_TEXT},
    {"disabled_at", "DISABLED", REPORT_TEXT},
    {"expires_at", "EXPIRES", REPORT_TEXT},
};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static const struct report_column enabled_columns[] = {
    {"id", "access key", REPORT_TEXT},
    {"disabled", "disabled", REPORT_FLAG},
};

static void add_key(struct report *report, const struct pg_rows *rows, int row, int first)
{
    report_add_text(report, pg_rows_string(rows, row, first + ACCESS_KEY_ID));
    report_add_project(report, pg_rows_string(rows, row, first + ACCESS_KEY_PROJECT_ID));
    report_add_text(report, pg_rows_string(rows, row, first + ACCESS_KEY_PROJECT_NAME));
    report_add_text(report, pg_rows_string(rows, row, first + ACCESS_KEY_ROLE));
    report_add_text(report, pg_rows_string(rows, row, first + ACCESS_KEY_ACTIONS));
    report_add_text(report, pg_rows_string(rows, row, first + ACCESS_KEY_INSTANCES));
    report_add_time(report, rows, row, first + ACCESS_KEY_CREATED_AT);
    report_add_time(report, rows, row, first + ACCESS_KEY_DISABLED_AT);
    report_add_time(report, rows, row, first + ACCESS_KEY_EXPIRES_AT);
}

/* The project of the new key; null for an operator's. */
static int owner_option(struct cli *cli, struct uuid *ret_project, const char **ret_parameter,
                        struct error *err)
{
    bool operator_key = arguments_have(cli->arguments, OPTION_OPERATOR);
    if (operator_key == arguments_have(cli->arguments, OPTION_PROJECT))
        return error_set(err, ERROR_INVALID_PARAMETER, "either --project or --operator is needed");
    return project_option(cli, ret_project, ret_parameter, err);
}

/* The role that is given has to be one of the key's interface. */
static int choose_role(const char *project, const char *given, const char **ret_role,
                       struct error *err)
{
    const char *own = role_name(project ? ROLE_FULL_ACCESS : ROLE_OPERATOR);
    bool for_operators = strcmp(given ? given : own, role_name(ROLE_OPERATOR)) == 0;
    if (for_operators != !project)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "the role 'operator' is for keys of no project (--operator), any other "
                         "for keys of one");
    *ret_role = given ? given : own;
    return 0;
}

static int check_outcome(const struct cli *cli, const struct pg_rows *rows, struct error *err)
{
    static const struct {
        const char *outcome;
        enum error_code code;
        const char *text;
    } refusals[] = {
        {"no_project", ERROR_NOT_FOUND, "the project was removed meanwhile"},
        {"actions", ERROR_INVALID_PARAMETER,
         "an action is of the other interface: admin:... is for operators' keys, and nothing else "
         "is"},
        {"instances", ERROR_NOT_FOUND, "an instance was removed meanwhile"},
        {"role", ERROR_INVALID_PARAMETER,
         "a tenant's key cannot become an operator's, nor the other way"},
    };
    const char *outcome = pg_rows_string(rows, 0, OUTCOME);
    if (!pg_rows_is_null(rows, 0, FIRST + ACCESS_KEY_ID))
        return 0;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (strcmp(outcome, refusals[i].outcome) == 0)
            return error_set(err, refusals[i].code, "%s", refusals[i].text);
    }
    return error_set(err, ERROR_NOT_FOUND, "there is no access key '%s'",
                     cli->word ? cli->word : "");
}

static void add_ending(const struct key_grant *grant, const struct access_key_pair *pair,
                       struct pg_parameters *parameters)
{
    unsigned char digest[DIGEST_LENGTH];
    digest_of(text_of(pair->token), digest);
    if (grant->seconds)
        pg_parameters_add_integer(parameters, grant->seconds);
    else
        pg_parameters_add_reference(parameters, NULL);
    pg_parameters_add_reference(parameters, NULL);
    pg_parameters_add_bytes(parameters, grant->seconds ? digest : NULL, sizeof(digest));
    pg_parameters_add_integer(parameters, ACCESS_KEY_LIFE_MAX);
}

static int insert(struct cli *cli, const char *project, const struct key_grant *grant,
                  const struct access_key_pair *pair, struct pg_rows *ret_rows, struct error *err)
{
    char sealed[SEALED_TEXT_MAX];
    const char *role = NULL;
    if (choose_role(project, grant->role, &role, err) < 0 ||
        seal(cli->config, access_key_secret_owner(project, pair->id), pair->secret,
             ACCESS_KEY_SECRET_LENGTH, sealed, err) < 0)
        return -1;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, pair->id);
    pg_parameters_add_reference(&parameters, project);
    pg_parameters_add_reference(&parameters, sealed);
    pg_parameters_add_reference(&parameters, role);
    pg_parameters_add_reference(&parameters, grant->actions);
    pg_parameters_add_reference(&parameters, grant->instances);
    add_ending(grant, pair, &parameters);
    pg_parameters_add_reference(&parameters, NULL);
    pg_parameters_add_reference(&parameters, NULL);
    if (cli_execute(cli, &access_key_insert, &parameters, ret_rows, err) < 0)
        return -1;
    return check_outcome(cli, ret_rows, err);
}

static void show_added(const struct cli *cli, const struct pg_rows *rows,
                       const struct access_key_pair *pair)
{
    SCOPED(report_release) struct report report;
    report_init(&report, added_columns, sizeof(added_columns) / sizeof(added_columns[0]));
    report_add_text(&report, pg_rows_string(rows, 0, FIRST + ACCESS_KEY_ID));
    report_add_text(&report, pair->secret);
    report_add_text(&report, pair->token[0] ? pair->token : NULL);
    report_add_text(&report, pg_rows_string(rows, 0, FIRST + ACCESS_KEY_ROLE));
    report_add_text(&report, pg_rows_string(rows, 0, FIRST + ACCESS_KEY_ACTIONS));
    report_add_text(&report, pg_rows_string(rows, 0, FIRST + ACCESS_KEY_INSTANCES));
    report_add_project(&report, pg_rows_string(rows, 0, FIRST + ACCESS_KEY_PROJECT_ID));
    report_add_time(&report, rows, 0, FIRST + ACCESS_KEY_EXPIRES_AT);
    report_write_one(&report, cli->json);
    if (!cli->json)
        printf("Keep the secret key%s: %s not shown again.\n",
               pair->token[0] ? " and the security token" : "",
               pair->token[0] ? "they are" : "it is");
}

int command_key_add(struct cli *cli, struct error *err)
{
    struct uuid project;
    const char *parameter = NULL;
    if (owner_option(cli, &project, &parameter, err) < 0)
        return -1;
    SCOPED(key_grant_release) struct key_grant grant = {0};
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (key_grant_read(cli, parameter, &grant, err) < 0)
        return -1;
    struct access_key_pair pair;
    access_key_generate(grant.seconds > 0, &pair);
    int status = insert(cli, parameter, &grant, &pair, &rows, err);
    if (status == 0)
        show_added(cli, &rows, &pair);
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
    for (int row = 0; row < rows.row_count; row++)
        add_key(&report, &rows, row, 0);
    report_write_list(&report, cli->json, "keys", "There are no access keys.");
    return 0;
}

static int find(struct cli *cli, struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, cli->word);
    if (cli_execute(cli, &access_key_show, &parameters, ret_rows, err) < 0)
        return -1;
    if (ret_rows->row_count == 0)
        return error_set(err, ERROR_NOT_FOUND, "there is no access key '%s'", cli->word);
    return 0;
}

static void show(const struct cli *cli, const struct pg_rows *rows, int first)
{
    SCOPED(report_release) struct report report;
    report_init(&report, columns, COLUMN_COUNT);
    add_key(&report, rows, 0, first);
    report_write_one(&report, cli->json);
}

int command_key_show(struct cli *cli, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (find(cli, &rows, err) < 0)
        return -1;
    show(cli, &rows, 0);
    return 0;
}

/* enabled is "true", "false" or null: what is not given stays. */
static int update(struct cli *cli, const char *enabled, const struct key_grant *grant,
                  struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, cli->word);
    pg_parameters_add_reference(&parameters, enabled);
    pg_parameters_add_reference(&parameters, NULL);
    pg_parameters_add_reference(&parameters, grant->role);
    pg_parameters_add_boolean(&parameters, !grant->actions && !grant->no_policy);
    pg_parameters_add_reference(&parameters, grant->actions);
    pg_parameters_add_boolean(&parameters, !grant->instances && !grant->no_policy);
    pg_parameters_add_reference(&parameters, grant->instances);
    if (cli_execute(cli, &access_key_update, &parameters, ret_rows, err) < 0)
        return -1;
    return check_outcome(cli, ret_rows, err);
}

int command_key_set(struct cli *cli, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows found = {0};
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    SCOPED(key_grant_release) struct key_grant grant = {0};
    if (find(cli, &found, err) < 0 ||
        key_grant_read(cli, pg_rows_string(&found, 0, ACCESS_KEY_PROJECT_ID), &grant, err) < 0)
        return -1;
    if (!grant.role && !grant.actions && !grant.instances && !grant.no_policy)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "nothing to change: --role, --action, --instance or --no-policy");
    if (update(cli, NULL, &grant, &rows, err) < 0)
        return -1;
    show(cli, &rows, FIRST);
    return 0;
}

static int enable(struct cli *cli, bool enabled, struct error *err)
{
    const struct key_grant unchanged = {0};
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (update(cli, enabled ? "true" : "false", &unchanged, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, enabled_columns, 2);
    report_add_text(&report, cli->word);
    report_add_flag(&report, !enabled);
    report_write_one(&report, cli->json);
    return 0;
}

int command_key_disable(struct cli *cli, struct error *err)
{
    return enable(cli, false, err);
}

int command_key_enable(struct cli *cli, struct error *err)
{
    return enable(cli, true, err);
}
