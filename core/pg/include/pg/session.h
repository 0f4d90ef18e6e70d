/* A blocking connection, for workers and tools: one thread at a time.
 *
 * A session connects when it is first used and again after it was lost: also because its server
 * became read-only.  Statements are prepared on first use.  No call lasts longer than the statement
 * time-out and three seconds, connecting included; the connection is given up then.
 *
 * A statement that the server rolled back by itself (serialization failure, deadlock) is run again
 * a few times, where it is a transaction of its own.  One that was cut off is never repeated here:
 * it may have been committed.  Its caller decides: whatever carries a fence or a token finds its
 * own effect instead of doing it twice. */
#ifndef PG_SESSION_H
#define PG_SESSION_H

#include <stdbool.h>

#include "base/error.h"
#include "pg/login.h"
#include "pg/result.h"
#include "pg/statement.h"

struct pg_session;

/* What a call may last past the statement time-out. */
enum { PG_SESSION_GRACE_MS = 3000 };

/* ERROR_CONFIG where the text is no URI that one could connect to, never with what it holds.  Asks
 * nobody. */
int pg_session_check_uri(const char *uri, struct error *err);

/* login need not stay, but its password.  application is shown in pg_stat_activity.  Never null;
 * freed by pg_session_free.
 */
struct pg_session *pg_session_new(const struct pg_login *login, const char *application,
                                  int statement_timeout_ms);
void pg_session_free(struct pg_session *session);

/* Connects where there is no connection.  ERROR_DATABASE_CONNECTION where it cannot, ERROR_CONFIG
 * where the URI is none. */
int pg_session_connect(struct pg_session *session, struct error *err);

/* Runs a statement.  ret_rows, where it is not null, is released by pg_rows_release. */
int pg_session_execute(struct pg_session *session, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, struct pg_rows *ret_rows,
                       struct error *err);

/* Runs SQL text of our own, possibly several commands (migrations, LISTEN, BEGIN), each of which
 * has the statement time-out. */
int pg_session_script(struct pg_session *session, const char *sql, struct error *err);

/* The same, with the rows of the last command, which are released by pg_rows_release. */
int pg_session_script_rows(struct pg_session *session, const char *sql, struct pg_rows *ret_rows,
                           struct error *err);

/* What a call may last from now on, as statement_timeout_ms of pg_session_new.  Of this side: the
 * server is told by its caller (SET statement_timeout), for as long as the connection is the same.
 */
void pg_session_allow(struct pg_session *session, int statement_timeout_ms);

/* Waits for a notification, the connection's end or timeout_ms.  wake_fd, where not negative, ends
 * the wait as soon as it can be read.  Returns 1 where notifications came (each is handed to
 * on_notify, which may be null), 0 where none did, -1 where the connection is lost: also where the
 * server does not answer, which is asked for a sign of life every few seconds.  Never connects, as
 * a new connection would not be listening. */
int pg_session_wait(struct pg_session *session, int timeout_ms, int wake_fd,
                    void (*on_notify)(void *argument, const char *channel, const char *payload),
                    void *argument, struct error *err);

#endif
