/* A blocking connection that comes back by itself; it never repeats a statement on its own. */
#include "pg/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "libpq.h"

enum { PREPARED_MAX = 64 };

struct pg_session {
    PGconn *connection; /* null while there is none */
    char *uri;
    char *application;
    int statement_timeout_ms;
    int prepared_count;
    const struct pg_statement *prepared[PREPARED_MAX];
};

enum { OPTIONS_MAX = 256 };

PGconn *pg_connection_start(const char *uri, const char *application, int statement_timeout_ms,
                            bool blocking)
{
    char options[OPTIONS_MAX];
    /* Every statement finds its rows by an index.  Without being told, the planner reads a table
     * that is empty as a whole, and keeps that plan while it fills. */
    snprintf(options, sizeof(options),
             "-c TimeZone=UTC -c DateStyle=ISO -c client_min_messages=warning "
             "-c enable_seqscan=off -c jit=off "
             "-c statement_timeout=%d -c idle_in_transaction_session_timeout=60000",
             statement_timeout_ms);
    /* What the URI says stands in front, so that libpq expands it first and what follows wins; the
     * ones that an operator may want to choose are fall-backs instead. */
    const char *const names[] = {
        "connect_timeout",  "keepalives_idle",  "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "fallback_application_name",
        "dbname",           "options",          NULL};
    const char *const values[] = {"5", "5", "3", "3", "15000", application, uri, options, NULL};
    return blocking ? PQconnectdbParams(names, values, 1) : PQconnectStartParams(names, values, 1);
}

void pg_connection_error(const PGconn *connection, const char *doing, struct error *err)
{
    const char *message = PQerrorMessage(connection);
    size_t length = strlen(message);
    while (length > 0 && (message[length - 1] == '\n' || message[length - 1] == ' '))
        length--;
    error_set(err, ERROR_DATABASE_CONNECTION, "%s: %.*s", doing, (int)length, message);
    for (char *c = err->text; *c; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    }
}

struct pg_session *pg_session_new(const char *uri, const char *application,
                                  int statement_timeout_ms)
{
    struct pg_session *session = calloc(1, sizeof(*session));
    if (!session)
        abort();
    session->uri = text_copy(uri, strlen(uri));
    session->application = text_copy(application, strlen(application));
    session->statement_timeout_ms = statement_timeout_ms;
    return session;
}

static void disconnect(struct pg_session *session)
{
    PQfinish(session->connection);
    session->connection = NULL;
    session->prepared_count = 0;
}

void pg_session_free(struct pg_session *session)
{
    if (!session)
        return;
    disconnect(session);
    free(session->uri);
    free(session->application);
    free(session);
}

int pg_session_connect(struct pg_session *session, struct error *err)
{
    if (session->connection)
        return 0;
    session->connection = pg_connection_start(session->uri, session->application,
                                              session->statement_timeout_ms, true);
    if (!session->connection)
        abort();
    if (PQstatus(session->connection) == CONNECTION_OK)
        return 0;
    pg_connection_error(session->connection, "database", err);
    disconnect(session);
    return -1;
}

static int read_result(struct pg_session *session, PGresult *result, const char *name,
                       struct pg_rows *ret_rows, struct error *err)
{
    int status = pg_result_read(result, name, ret_rows, err);
    if (PQstatus(session->connection) != CONNECTION_OK)
        disconnect(session);
    return status;
}

static bool is_prepared(const struct pg_session *session, const struct pg_statement *statement)
{
    for (int i = 0; i < session->prepared_count; i++) {
        if (session->prepared[i] == statement)
            return true;
    }
    return false;
}

static int prepare(struct pg_session *session, const struct pg_statement *statement,
                   struct error *err)
{
    if (is_prepared(session, statement))
        return 0;
    if (session->prepared_count == PREPARED_MAX)
        abort();
    struct pg_rows rows = {0};
    PGresult *result = PQprepare(session->connection, statement->name, statement->sql, 0, NULL);
    if (read_result(session, result, statement->name, &rows, err) < 0)
        return -1;
    pg_rows_release(&rows);
    session->prepared[session->prepared_count++] = statement;
    return 0;
}

int pg_session_execute(struct pg_session *session, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, struct pg_rows *ret_rows,
                       struct error *err)
{
    int count = parameters ? parameters->count : 0;
    if (count != statement->parameter_count)
        abort();
    if (pg_session_connect(session, err) < 0 || prepare(session, statement, err) < 0)
        return -1;
    PGresult *result = PQexecPrepared(session->connection, statement->name, count,
                                      parameters ? parameters->values : NULL, NULL, NULL, 0);
    struct pg_rows rows = {0};
    if (read_result(session, result, statement->name, &rows, err) < 0)
        return -1;
    if (ret_rows)
        *ret_rows = rows;
    else
        pg_rows_release(&rows);
    return 0;
}

int pg_session_script(struct pg_session *session, const char *sql, struct error *err)
{
    struct pg_rows rows = {0};
    if (pg_session_connect(session, err) < 0 ||
        read_result(session, PQexec(session->connection, sql), "script", &rows, err) < 0)
        return -1;
    pg_rows_release(&rows);
    return 0;
}

static void notify_cleanup(PGnotify **notification)
{
    PQfreemem(*notification);
}

static int drain_notifications(struct pg_session *session,
                               void (*on_notify)(void *, const char *, const char *),
                               void *argument)
{
    int found = 0;
    for (;;) {
        SCOPED(notify_cleanup) PGnotify *notification = PQnotifies(session->connection);
        if (!notification)
            return found;
        found = 1;
        if (on_notify)
            on_notify(argument, notification->relname, notification->extra);
    }
}

int pg_session_wait(struct pg_session *session, int timeout_ms, int wake_fd,
                    void (*on_notify)(void *argument, const char *channel, const char *payload),
                    void *argument, struct error *err)
{
    if (pg_session_connect(session, err) < 0)
        return -1;
    int found = drain_notifications(session, on_notify, argument);
    if (found)
        return found;
    struct pollfd waits[] = {{.fd = PQsocket(session->connection), .events = POLLIN},
                             {.fd = wake_fd, .events = POLLIN}};
    if (poll(waits, 2, timeout_ms) < 0 && errno != EINTR)
        return error_set(err, ERROR_INTERNAL, "poll: %s", strerror(errno));
    if (!(waits[0].revents))
        return 0;
    if (PQconsumeInput(session->connection) == 0) {
        pg_connection_error(session->connection, "database", err);
        disconnect(session);
        return -1;
    }
    return drain_notifications(session, on_notify, argument);
}
