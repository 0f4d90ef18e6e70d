/* dcsctl migrate */
#include "base/scope.h"
#include "command.h"
#include "lookup.h"
#include "model/database_role_store.h"
#include "model/migration.h"
#include "report.h"

static const struct report_column columns[] = {{"name", "APPLIED", REPORT_TEXT}};

/* migrations_apply tells names to a function without an argument. */
static struct report applied;

static void remember(const char *name)
{
    report_add_text(&applied, name);
}

/* After the migrations, which make the table of roles. */
static int set_roles(struct cli *cli, bool *ret_any, struct error *err)
{
    static const struct {
        enum option option;
        const char *purpose;
    } roles[] = {{OPTION_SERVER_ROLE, "server"},
                 {OPTION_WORKER_ROLE, "worker"},
                 {OPTION_AUDIT_ROLE, "audit"},
                 {OPTION_OPERATOR_ROLE, "operator"}};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        const char *role = arguments_value(cli->arguments, roles[i].option);
        if (!role)
            continue;
        struct pg_parameters parameters;
        pg_parameters_init(&parameters);
        pg_parameters_add_reference(&parameters, roles[i].purpose);
        pg_parameters_add_reference(&parameters, role);
        *ret_any = true;
        SCOPED(pg_rows_release) struct pg_rows rows = {0};
        if (pg_session_execute(cli->session, &database_role_set, &parameters, &rows, err) < 0)
            return -1;
        if (rows.row_count == 0)
            return error_set(err, ERROR_NOT_FOUND, "the database has no role '%s'", role);
    }
    return 0;
}

static int get_patience_ms(const struct cli *cli, int64_t *ret_ms, struct error *err)
{
    const char *value = arguments_value(cli->arguments, OPTION_PATIENCE);
    int64_t seconds = MIGRATION_PATIENCE_SECONDS;
    if (value && (text_parse_integer(text_of(value), &seconds) < 0 || seconds < 1 ||
                  seconds > MIGRATION_PATIENCE_SECONDS_MAX))
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--patience must be a whole number from 1 to %d",
                         MIGRATION_PATIENCE_SECONDS_MAX);
    *ret_ms = seconds * 1000;
    return 0;
}

int command_migrate(struct cli *cli, struct error *err)
{
    int64_t patience_ms = 0;
    if (get_patience_ms(cli, &patience_ms, err) < 0)
        return -1;
    if (cli_check_database(cli, err) < 0)
        return -1;
    report_init(&applied, columns, 1);
    bool any_role = false;
    int status = migrations_apply(cli->session, patience_ms, remember, err);
    if (status == 0)
        status = set_roles(cli, &any_role, err);
    if (status == 0 && any_role)
        status = migrations_grant(cli->session, patience_ms, err);
    /* What was applied before a failure stays applied. */
    if (status == 0 || applied.count > 0)
        report_write_list(&applied, cli->json, "migrations", "The schema is up to date.");
    report_release(&applied);
    return status;
}
