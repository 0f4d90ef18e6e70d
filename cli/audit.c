/* dcsctl audit: who did or tried what; and what dcsctl itself did. */
#include "audit.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "lookup.h"
#include "model/audit.h"
#include "model/audit_store.h"
#include "report_rows.h"

enum { STATEMENT_TIMEOUT_MS = 60000, PRUNE_AT_ONCE = 5000, DAYS_MAX = 36500 };
enum { HOST_MAX = 64, USER_MAX = 60, ACTION_MAX = 64 };

static const struct report_column columns[] = {
    {"at", "TIME", REPORT_TEXT},
    {"identity", "IDENTITY", REPORT_TEXT},
    {"proved", "PROVED", REPORT_FLAG},
    {"source", "SOURCE", REPORT_TEXT},
    {"action", "ACTION", REPORT_TEXT},
    {"decision", "DECISION", REPORT_STATE},
    {"status", "STATUS", REPORT_NUMBER},
    {"code", "CODE", REPORT_TEXT},
    {"project_id", NULL, REPORT_TEXT},
    {"instance_id", NULL, REPORT_TEXT},
    {"subject", "SUBJECT", REPORT_TEXT},
    {"times", "TIMES", REPORT_NUMBER},
    {"request_id", "REQUEST", REPORT_TEXT},
};

static const struct report_column pruned_columns[] = {{"pruned", "pruned", REPORT_NUMBER}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pg_session *audit_session(struct cli *cli)
{
    const struct pg_login *own = &cli->audit_database;
    return own->uri[0] ? pg_session_new(own, "dcsctl audit", STATEMENT_TIMEOUT_MS) : cli->session;
}

void audit_session_release(struct cli *cli, struct pg_session *session)
{
    if (session != cli->session)
        pg_session_free(session);
}

static void who(char ret_identity[USER_MAX + HOST_MAX + 2])
{
    char host[HOST_MAX + 1] = "";
    const struct passwd *user = getpwuid(getuid());
    gethostname(host, HOST_MAX);
    snprintf(ret_identity, USER_MAX + HOST_MAX + 2, "%.*s@%s", USER_MAX,
             user ? user->pw_name : "unknown", host);
}

void audit_command(struct cli *cli, const struct command *command, const struct error *err)
{
    char identity[USER_MAX + HOST_MAX + 2], action[ACTION_MAX];
    struct json_writer events;
    struct error own = {0};
    who(identity);
    snprintf(action, sizeof(action), "dcsctl %s%s%s", command->noun, command->verb ? " " : "",
             command->verb ? command->verb : "");
    struct audit_event event = {
        .at_ms = clock_unix_ms(),
        .project = "",
        .identity = text_of(identity),
        .proved = true,
        .source = "",
        .action = action,
        .instance = "",
        .subject = text_of(cli->word ? cli->word : ""),
        .status = err->code ? error_describe(err->code)->http_status : 200,
        .code = err->code ? error_describe(err->code)->symbol : "",
        .times = 1,
    };
    uuid_generate(&event.request_id);
    json_writer_init(&events);
    json_writer_begin_array(&events);
    audit_event_write(&events, &event);
    json_writer_end_array(&events);
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, events.text);
    struct pg_session *session = audit_session(cli);
    if (pg_session_execute(session, &audit_insert, &parameters, NULL, &own) < 0)
        fprintf(stderr, "dcsctl: not in the audit log: %s\n", own.text);
    audit_session_release(cli, session);
    json_writer_release(&events);
}

static int time_option(const struct arguments *arguments, enum option option,
                       char ret_stamp[CLOCK_ISO_LENGTH + 1], const char **ret_parameter,
                       struct error *err)
{
    const char *value = arguments_value(arguments, option);
    int64_t moment_ms;
    *ret_parameter = NULL;
    if (!value)
        return 0;
    if (clock_parse_iso(value, (int)strlen(value), &moment_ms) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "%s: '%s' is no time",
                         option_descriptions[option].name, value);
    clock_format_iso(moment_ms, ret_stamp);
    *ret_parameter = ret_stamp;
    return 0;
}

static int decision_option(const struct arguments *arguments, const char **ret_parameter,
                           struct error *err)
{
    static const char *const known[] = {"allowed", "refused", "rejected", "failed"};
    const char *value = arguments_value(arguments, OPTION_DECISION);
    *ret_parameter = value;
    for (size_t i = 0; value && i < COUNT(known); i++) {
        if (strcmp(value, known[i]) == 0)
            return 0;
    }
    return value ? error_set(err, ERROR_INVALID_PARAMETER, "--decision: '%s' is none", value) : 0;
}

static int request_option(const struct arguments *arguments, struct uuid *ret_id,
                          const char **ret_parameter, struct error *err)
{
    const char *value = arguments_value(arguments, OPTION_REQUEST);
    *ret_parameter = value ? ret_id->text : NULL;
    if (value && uuid_parse_any(text_of(value), ret_id) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "--request: '%s' is no request id", value);
    return 0;
}

static void add_event(struct report *report, const struct pg_rows *rows, int row)
{
    report_add_time(report, rows, row, AUDIT_AT);
    report_add_text(report, pg_rows_string(rows, row, AUDIT_IDENTITY));
    report_add_flag(report, pg_rows_boolean(rows, row, AUDIT_PROVED));
    report_add_text(report, pg_rows_string(rows, row, AUDIT_SOURCE));
    report_add_text(report, pg_rows_string(rows, row, AUDIT_ACTION));
    report_add_text(report, pg_rows_string(rows, row, AUDIT_DECISION));
    report_add_number(report, pg_rows_integer(rows, row, AUDIT_STATUS));
    report_add_text(report, pg_rows_string(rows, row, AUDIT_CODE));
    report_add_project(report, pg_rows_string(rows, row, AUDIT_PROJECT_ID));
    report_add_text(report, pg_rows_string(rows, row, AUDIT_INSTANCE_ID));
    report_add_text(report, pg_rows_string(rows, row, AUDIT_SUBJECT));
    report_add_number(report, pg_rows_integer(rows, row, AUDIT_TIMES));
    report_add_project(report, pg_rows_string(rows, row, AUDIT_REQUEST_ID));
}

static int execute(struct cli *cli, const struct pg_statement *statement,
                   const struct pg_parameters *parameters, struct pg_rows *ret_rows,
                   struct error *err)
{
    if (cli_check_passwords(cli, err) < 0)
        return -1;
    struct pg_session *session = audit_session(cli);
    int status = pg_session_execute(session, statement, parameters, ret_rows, err);
    audit_session_release(cli, session);
    return status;
}

int command_audit_list(struct cli *cli, struct error *err)
{
    char since[CLOCK_ISO_LENGTH + 1], until[CLOCK_ISO_LENGTH + 1];
    const char *project_parameter, *decision, *since_parameter, *until_parameter, *request;
    struct uuid project, request_id;
    int64_t limit;
    if (limit_option(cli->arguments, &limit, err) < 0 ||
        decision_option(cli->arguments, &decision, err) < 0 ||
        time_option(cli->arguments, OPTION_SINCE, since, &since_parameter, err) < 0 ||
        time_option(cli->arguments, OPTION_UNTIL, until, &until_parameter, err) < 0 ||
        request_option(cli->arguments, &request_id, &request, err) < 0 ||
        project_option(cli, &project, &project_parameter, err) < 0)
        return -1;
    const char *values[] = {project_parameter, arguments_value(cli->arguments, OPTION_IDENTITY),
                            decision,          since_parameter,
                            until_parameter,   request};
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    for (size_t i = 0; i < COUNT(values); i++)
        pg_parameters_add_reference(&parameters, values[i]);
    pg_parameters_add_integer(&parameters, limit);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (execute(cli, &audit_list, &parameters, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, columns, COUNT(columns));
    for (int row = 0; row < rows.row_count; row++)
        add_event(&report, &rows, row);
    report_write_list(&report, cli->json, "events", "There are no such events.");
    return 0;
}

int command_audit_prune(struct cli *cli, struct error *err)
{
    struct text value = text_of(arguments_value(cli->arguments, OPTION_OLDER_THAN));
    int64_t days, pruned = 0;
    int chunk;
    if (text_parse_integer(value, &days) < 0 || days < 1 || days > DAYS_MAX)
        return error_set(err, ERROR_INVALID_PARAMETER, "--older-than: 1 to %d days", DAYS_MAX);
    do {
        struct pg_parameters parameters;
        SCOPED(pg_rows_release) struct pg_rows rows = {0};
        pg_parameters_init(&parameters);
        pg_parameters_add_integer(&parameters, days);
        pg_parameters_add_integer(&parameters, PRUNE_AT_ONCE);
        if (execute(cli, &audit_prune, &parameters, &rows, err) < 0)
            return -1;
        chunk = rows.row_count;
        pruned += chunk;
    } while (chunk == PRUNE_AT_ONCE);
    SCOPED(report_release) struct report report;
    report_init(&report, pruned_columns, 1);
    report_add_number(&report, pruned);
    report_write_one(&report, cli->json);
    return 0;
}
