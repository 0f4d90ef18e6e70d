/* dcsctl migrate */
#include "base/scope.h"
#include "command.h"
#include "model/migration.h"
#include "report.h"

static const struct report_column columns[] = {{"name", "APPLIED", REPORT_TEXT}};

/* migrations_apply tells names to a function without an argument. */
static struct report applied;

static void remember(const char *name)
{
    report_add_text(&applied, name);
}

int command_migrate(struct cli *cli, struct error *err)
{
    if (cli->config->database_url[0] == '\0')
        return error_set(err, ERROR_CONFIG, "database_url is not set (DCS_DATABASE_URL)");
    report_init(&applied, columns, 1);
    int status = migrations_apply(cli->session, remember, err);
    /* What was applied before a failure stays applied. */
    if (status == 0 || applied.count > 0)
        report_write_list(&applied, cli->json, "migrations", "The schema is up to date.");
    report_release(&applied);
    return status;
}
