/* What the files of this layer share about libpq; not for other layers. */
#ifndef PG_LIBPQ_H
#define PG_LIBPQ_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "base/error.h"
#include "pg/result.h"

/* Takes over result, also on failure.  Fills rows from a successful one, or maps SQLSTATE to an
 * error. */
int pg_result_read(PGresult *result, const char *statement, struct pg_rows *ret_rows,
                   struct error *err);

/* Whether the statement was refused because the server is a stand-by, or was made read-only. */
bool pg_result_is_read_only(const PGresult *result);

/* The connection's last error, without the line breaks that libpq puts in. */
void pg_connection_error(const PGconn *connection, const char *doing, struct error *err);

#endif
