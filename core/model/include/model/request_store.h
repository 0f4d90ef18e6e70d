/* Requests that changed something, remembered so that the same one again changes nothing.
 *
 * Statements that change something on a request's behalf take a token and write the record
 * themselves, in the same transaction; this is what is left: forgetting. */
#ifndef MODEL_REQUEST_STORE_H
#define MODEL_REQUEST_STORE_H

#include "pg/statement.h"

enum { REQUEST_TOKEN_LENGTH = 32 };

/* What belongs to no project is remembered under this one. */
#define REQUEST_NO_PROJECT "'00000000-0000-0000-0000-000000000000'::uuid"

/* Remembers the request that made the row of `made`, an expression of its project, so that it makes
 * none again: ERROR_ALREADY_EXISTS.  A null token is not remembered.  An item of WITH. */
#define REQUEST_REMEMBER(made, project, token, fingerprint)                                        \
    "remembered AS (INSERT INTO remembered_request (project_id, token, fingerprint) "              \
    "    SELECT " project ", " token "::bytea, " fingerprint "::bytea FROM " made                  \
    "    WHERE " token "::bytea IS NOT NULL) "

/* $1 most rows, up to 1000.  Forgets what is older than a day, in a bounded chunk; a row per
 * record. */
extern const struct pg_statement remembered_request_forget;

#endif
