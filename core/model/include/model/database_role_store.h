/* Which role of the database each program comes as; db/grants.sql says what that may do. */
#ifndef MODEL_DATABASE_ROLE_STORE_H
#define MODEL_DATABASE_ROLE_STORE_H

#include "pg/statement.h"

/* $1 purpose (`server`, `worker`, `audit`, `operator`), $2 role.  A row, or none where there is no
 * such role.  It counts from the next migrations_grant on; a role that it takes the place of keeps
 * what it was given. */
extern const struct pg_statement database_role_set;

#endif
