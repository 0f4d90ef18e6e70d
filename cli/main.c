/* dcsctl: the operators' tool.  Reads the settings, finds the command, and turns its failure into
 * one line on standard error and an exit status. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "base/cleansing.h"
#include "base/process.h"
#include "base/scope.h"
#include "command.h"
#include "printable.h"
#include "style.h"

/* docs/operations.md has them; they stay. */
enum {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_KEY_MISSING = 3,
    STATUS_INTERRUPTED = 130
};
enum { STATEMENT_TIMEOUT_MS = 60000 };

/* Commands that ask no database do not fail for want of its password. */
static void open_database(struct cli *cli)
{
    const struct config *config = cli->config;
    struct error *problem = &cli->password_problem;
    cli->database.uri = config->database_url;
    cli->audit_database.uri = config->audit_database_url;
    if (password_load(SECRET_FILE_DATABASE_PASSWORD, config->database_password_file,
                      &cli->database.password, problem) == 0)
        password_load(SECRET_FILE_AUDIT_DATABASE_PASSWORD, config->audit_database_password_file,
                      &cli->audit_database.password, problem);
    cli->session = pg_session_new(&cli->database, "dcsctl", STATEMENT_TIMEOUT_MS);
}

static void close_database(struct cli *cli)
{
    pg_session_free(cli->session);
    password_free(cli->database.password);
    password_free(cli->audit_database.password);
}

static int run(const struct config *config, const struct arguments *arguments, struct error *err)
{
    const struct command *command;
    struct cli cli = {.config = config, .arguments = arguments};
    if (command_find(arguments, &command, &cli.word, err) < 0)
        return -1;
    cli.json = arguments_have(arguments, OPTION_JSON);
    open_database(&cli);
    int status = command->run(&cli, err);
    /* Where there is no database, nothing was changed. */
    if (command->changes && config->database_url[0] && cli.password_problem.code == ERROR_NONE)
        audit_command(&cli, command, err);
    close_database(&cli);
    return status;
}

static bool asks_for_help(int argc, char *const *argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return true;
    }
    return false;
}

/* Help is given whatever the settings are like. */
static int help(int argc, char *const *argv)
{
    struct arguments arguments;
    struct error ignored = {0};
    if (arguments_parse(argc, argv, &arguments, &ignored) < 0)
        arguments = (struct arguments){0};
    command_print_help(&arguments);
    return 0;
}

static int status_of(const struct error *err)
{
    switch (err->code) {
    case ERROR_INVALID_PARAMETER:
        return STATUS_USAGE;
    case ERROR_SECRET_KEY:
        return STATUS_KEY_MISSING;
    case ERROR_SCAN_CANCELLED:
        return STATUS_INTERRUPTED;
    default:
        return STATUS_FAILED;
    }
}

static int report_failure(const struct error *err)
{
    /* It may quote a server's own words. */
    size_t width;
    SCOPED(scope_free) char *text = printable_copy(text_of(err->text), ERROR_TEXT_MAX, &width);
    fprintf(stderr, "dcsctl: %s\n", text);
    return status_of(err);
}

int main(int argc, char **argv)
{
    static struct config config;
    static struct arguments arguments;
    struct error err = {0};
    cleansing_begin();
    style_begin();
    /* A reader that goes away is a failed write, not the end of a half-done command. */
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("dcsctl " DCS_VERSION);
        return STATUS_DONE;
    }
    int status = config_load(&config, &argc, argv, environ, true, &err);
    if (asks_for_help(argc, argv)) {
        status = help(argc, argv);
    } else if (status < 0 || process_set_core_dumps(config.core_dumps, &err) < 0) {
        report_failure(&err);
        return STATUS_USAGE;
    } else if (arguments_parse(argc, argv, &arguments, &err) < 0 ||
               run(&config, &arguments, &err) < 0) {
        status = report_failure(&err);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("dcsctl: cannot write to standard output\n", stderr);
        return status ? status : STATUS_FAILED;
    }
    return status;
}
