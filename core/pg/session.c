/* A blocking connection over libpq's non-blocking calls, so that every wait has an end.  It comes
 * back by itself and repeats a statement only where the server said that it was rolled back. */
#include "pg/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "connector.h"
#include "pg/metrics.h"
#include "target.h"

enum {
    PREPARED_MAX = 64,
    CONFLICT_ATTEMPTS_MAX = 4,
    CONFLICT_PAUSE_MS = 10,
    HEARTBEAT_MS = 4000,
};

struct pg_session {
    struct pg_connector *connector;
    PGconn *connection; /* null while there is none */
    int statement_timeout_ms;
    int64_t heard_ms; /* when the server answered last */
    int prepared_count;
    const struct pg_statement *prepared[PREPARED_MAX];
};

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

int pg_session_check_uri(const char *uri, struct error *err)
{
    struct pg_target *target;
    if (pg_target_new(uri, "", 0, 0, &target, err) < 0)
        return -1;
    pg_target_free(target);
    return 0;
}

struct pg_session *pg_session_new(const struct pg_login *login, const char *application,
                                  int statement_timeout_ms)
{
    struct pg_session *session = calloc(1, sizeof(*session));
    if (!session)
        abort();
    session->connector =
        pg_connector_new(login, application, statement_timeout_ms, statement_timeout_ms / 5 * 4);
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
    pg_connector_free(session->connector);
    free(session);
}

/* When a call that begins now must be over. */
static int64_t deadline_of(const struct pg_session *session)
{
    return clock_monotonic_ms() + session->statement_timeout_ms + PG_SESSION_GRACE_MS;
}

static int connect_until(struct pg_session *session, int64_t deadline_ms, struct error *err)
{
    if (session->connection && !pg_connector_accepts(session->connector, session->connection)) {
        disconnect(session);
        return error_set(err, ERROR_DATABASE_CONNECTION, "database: the server became read-only");
    }
    if (session->connection)
        return 0;
    pg_connector_start(session->connector);
    if (pg_connector_finish(session->connector, deadline_ms, &session->connection, err) < 0)
        return -1;
    session->heard_ms = clock_monotonic_ms();
    if (PQsetnonblocking(session->connection, 1) == 0)
        return 0;
    pg_connection_error(session->connection, "database", err);
    disconnect(session);
    return -1;
}

int pg_session_connect(struct pg_session *session, struct error *err)
{
    return connect_until(session, deadline_of(session), err);
}

/* Until the descriptor is ready or the deadline has passed; then the connection is gone. */
static int wait_for(struct pg_session *session, short events, int64_t deadline_ms,
                    struct error *err)
{
    int64_t left = deadline_ms - clock_monotonic_ms();
    struct pollfd wait = {.fd = PQsocket(session->connection), .events = events};
    int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
    if (ready > 0 || (ready < 0 && errno == EINTR))
        return 0;
    error_set(err, ERROR_DATABASE_CONNECTION, "database: no answer in time");
    disconnect(session);
    pg_connector_avoid(session->connector);
    return -1;
}

static int lose(struct pg_session *session, struct error *err)
{
    pg_connection_error(session->connection, "database", err);
    disconnect(session);
    return -1;
}

/* Until libpq has nothing left to send; what comes meanwhile is taken in, or both sides could wait
 * for each other. */
static int flush(struct pg_session *session, int64_t deadline_ms, struct error *err)
{
    int status;
    while ((status = PQflush(session->connection)) == 1) {
        if (wait_for(session, POLLIN | POLLOUT, deadline_ms, err) < 0)
            return -1;
        if (PQconsumeInput(session->connection) == 0)
            return lose(session, err);
    }
    /* One that failed shows up on the read side too, with the server's last words. */
    return 0;
}

static int next_result(struct pg_session *session, int64_t deadline_ms, PGresult **ret_result,
                       struct error *err)
{
    while (PQisBusy(session->connection)) {
        if (wait_for(session, POLLIN, deadline_ms, err) < 0)
            return -1;
        if (PQconsumeInput(session->connection) == 0)
            return lose(session, err);
    }
    *ret_result = PQgetResult(session->connection);
    session->heard_ms = clock_monotonic_ms();
    return 0;
}

/* Takes the results of what was sent: the last one, or the first that failed. */
static int receive(struct pg_session *session, const char *name, int64_t deadline_ms,
                   struct pg_rows *ret_rows, struct error *err)
{
    int status = flush(session, deadline_ms, err);
    bool is_read_only = false;
    while (session->connection) {
        PGresult *result = NULL;
        if (next_result(session, deadline_ms, &result, err) < 0)
            break;
        if (!result)
            break;
        is_read_only = is_read_only || pg_result_is_read_only(result);
        pg_rows_release(ret_rows);
        if (pg_result_read(result, name, ret_rows, err) < 0)
            status = -1;
    }
    if (!session->connection)
        status = -1;
    else if (is_read_only || PQstatus(session->connection) != CONNECTION_OK)
        disconnect(session);
    if (status < 0)
        pg_rows_release(ret_rows);
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
                   int64_t deadline_ms, struct error *err)
{
    if (is_prepared(session, statement))
        return 0;
    if (session->prepared_count == PREPARED_MAX)
        abort();
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (PQsendPrepare(session->connection, statement->name, statement->sql, 0, NULL) == 0)
        return lose(session, err);
    if (receive(session, statement->name, deadline_ms, &rows, err) < 0)
        return -1;
    session->prepared[session->prepared_count++] = statement;
    return 0;
}

/* Sets *ret_alone where the statement was a transaction of its own. */
static int execute_once(struct pg_session *session, const struct pg_statement *statement,
                        const struct pg_parameters *parameters, int64_t deadline_ms,
                        bool *ret_alone, struct pg_rows *ret_rows, struct error *err)
{
    if (connect_until(session, deadline_ms, err) < 0 ||
        prepare(session, statement, deadline_ms, err) < 0)
        return -1;
    *ret_alone = PQtransactionStatus(session->connection) == PQTRANS_IDLE;
    if (PQsendQueryPrepared(session->connection, statement->name, statement->parameter_count,
                            parameters ? parameters->values : NULL, NULL, NULL, 0) == 0)
        return lose(session, err);
    return receive(session, statement->name, deadline_ms, ret_rows, err);
}

/* Again where it lost a race that it may win. */
static int execute_until(struct pg_session *session, const struct pg_statement *statement,
                         const struct pg_parameters *parameters, int64_t deadline_ms,
                         struct pg_rows *ret_rows, struct error *err)
{
    for (int attempt = 1;; attempt++) {
        struct error failure = {0};
        bool alone = false;
        if (execute_once(session, statement, parameters, deadline_ms, &alone, ret_rows, &failure) ==
            0)
            return 0;
        int pause_ms = CONFLICT_PAUSE_MS * attempt + (int)(clock_monotonic_us() % 10);
        if (failure.code != ERROR_DATABASE_CONFLICT || !alone || attempt == CONFLICT_ATTEMPTS_MAX ||
            clock_monotonic_ms() + pause_ms >= deadline_ms) {
            if (err->code == ERROR_NONE)
                *err = failure;
            return -1;
        }
        LOG_INFO("statement_repeated", LOG_ERROR_FIELDS(&failure));
        poll(NULL, 0, pause_ms);
    }
}

int pg_session_execute(struct pg_session *session, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, struct pg_rows *ret_rows,
                       struct error *err)
{
    if ((parameters ? parameters->count : 0) != statement->parameter_count)
        abort();
    struct pg_rows rows = {0};
    int64_t began_us = clock_monotonic_us();
    int status = execute_until(session, statement, parameters, deadline_of(session), &rows, err);
    pg_note_call(statement, status == 0, began_us);
    if (status < 0)
        return -1;
    if (ret_rows)
        *ret_rows = rows;
    else
        pg_rows_release(&rows);
    return 0;
}

/* The server's time-out is for each command, ours for all. */
static int count_commands(const char *sql)
{
    int count = 1;
    for (; *sql; sql++)
        count += *sql == ';';
    return count;
}

static int script_until(struct pg_session *session, const char *sql, int64_t deadline_ms,
                        struct pg_rows *ret_rows, struct error *err)
{
    if (PQsendQuery(session->connection, sql) == 0)
        return lose(session, err);
    return receive(session, "script", deadline_ms, ret_rows, err);
}

int pg_session_script_rows(struct pg_session *session, const char *sql, struct pg_rows *ret_rows,
                           struct error *err)
{
    int64_t deadline_ms = deadline_of(session);
    *ret_rows = (struct pg_rows){0};
    if (connect_until(session, deadline_ms, err) < 0)
        return -1;
    deadline_ms += (int64_t)session->statement_timeout_ms * (count_commands(sql) - 1);
    return script_until(session, sql, deadline_ms, ret_rows, err);
}

int pg_session_script(struct pg_session *session, const char *sql, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    return pg_session_script_rows(session, sql, &rows, err);
}

void pg_session_allow(struct pg_session *session, int statement_timeout_ms)
{
    session->statement_timeout_ms = statement_timeout_ms;
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

/* Waits once, and asks the server for a sign of life where it has been silent for long: a
 * connection that was cut would look like one on which nothing happens. */
static int wait_some(struct pg_session *session, int64_t deadline_ms, int wake_fd, bool *ret_woken,
                     struct error *err)
{
    int64_t now = clock_monotonic_ms();
    if (now - session->heard_ms >= HEARTBEAT_MS) {
        SCOPED(pg_rows_release) struct pg_rows rows = {0};
        return script_until(session, "SELECT 1", now + PG_SESSION_GRACE_MS, &rows, err);
    }
    int64_t until = session->heard_ms + HEARTBEAT_MS;
    if (until > deadline_ms)
        until = deadline_ms;
    struct pollfd waits[] = {{.fd = PQsocket(session->connection), .events = POLLIN},
                             {.fd = wake_fd, .events = POLLIN}};
    if (poll(waits, 2, until > now ? (int)(until - now) : 0) < 0 && errno != EINTR)
        return error_set(err, ERROR_INTERNAL, "poll: %s", strerror(errno));
    *ret_woken = waits[1].revents != 0;
    if (waits[0].revents == 0)
        return 0;
    session->heard_ms = clock_monotonic_ms();
    return PQconsumeInput(session->connection) == 0 ? lose(session, err) : 0;
}

int pg_session_wait(struct pg_session *session, int timeout_ms, int wake_fd,
                    void (*on_notify)(void *argument, const char *channel, const char *payload),
                    void *argument, struct error *err)
{
    const int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    bool woken = false;
    for (;;) {
        if (!session->connection)
            return error_set(err, ERROR_DATABASE_CONNECTION, "database: the connection was lost");
        int found = drain_notifications(session, on_notify, argument);
        if (found || woken || clock_monotonic_ms() >= deadline_ms)
            return found;
        if (wait_some(session, deadline_ms, wake_fd, &woken, err) < 0)
            return -1;
    }
}
