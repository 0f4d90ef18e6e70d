/* Requests that changed something, remembered so that the same one again changes nothing.
 *
 * Statements that change something on a request's behalf take a token and write the record
 * themselves, in the same transaction; this is what is left: forgetting. */
#ifndef MODEL_REQUEST_STORE_H
#define MODEL_REQUEST_STORE_H

#include "pg/statement.h"

enum { REQUEST_TOKEN_LENGTH = 32 };

/* $1 most rows, up to 1000.  Forgets what is older than a day, in a bounded chunk; a row per
 * record. */
extern const struct pg_statement remembered_request_forget;

#endif
