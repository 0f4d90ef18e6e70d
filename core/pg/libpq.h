/* What the files of this layer share about libpq; not for other layers. */
#ifndef PG_LIBPQ_H
#define PG_LIBPQ_H

#include <libpq-fe.h>

#include "base/error.h"
#include "pg/result.h"

/* Takes over result, also on failure.  Fills rows from a successful one, or maps SQLSTATE to an
 * error. */
int pg_result_read(PGresult *result, const char *statement, struct pg_rows *ret_rows,
                   struct error *err);

/* Connection parameters common to all programs: UTC, ISO dates, time-outs, keep-alives; the ones in
 * the URI win.  Returns a connection that the caller finishes; never null. */
PGconn *pg_connection_start(const char *uri, const char *application, int statement_timeout_ms,
                            bool blocking);

/* The connection's last error, without the line breaks that libpq puts in. */
void pg_connection_error(const PGconn *connection, const char *doing, struct error *err);

#endif
