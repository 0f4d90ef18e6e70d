/* All SQL on access keys.  Whose a sealed secret key is, model/access_key.h says.
 *
 * A tenant's key belongs to a project; an operator's key belongs to none and opens the
 * administration interface only. */
#ifndef MODEL_ACCESS_KEY_STORE_H
#define MODEL_ACCESS_KEY_STORE_H

#include "model/access_key.h"
#include "pg/statement.h"

/* Carries the id of a key that was changed; caches of keys listen to it. */
#define ACCESS_KEY_CHANNEL "access_key"

enum access_key_column {
    ACCESS_KEY_ID,
    ACCESS_KEY_PROJECT_ID, /* null for an operator's */
    ACCESS_KEY_PROJECT_NAME,
    ACCESS_KEY_ROLE, /* tenant, operator */
    ACCESS_KEY_CREATED_AT,
    ACCESS_KEY_DISABLED_AT,
    ACCESS_KEY_VERSION,
    ACCESS_KEY_COLUMN_COUNT
};

/* $1 id, $2 project or null for an operator's, $3 sealed secret.  The columns above, or no row
 * where the project does not exist. */
extern const struct pg_statement access_key_insert;

/* $1 id.  For authentication: enabled keys only, one row or none. */
extern const struct pg_statement access_key_find;
enum access_key_find_column {
    ACCESS_KEY_FIND_PROJECT_ID, /* null for an operator's */
    ACCESS_KEY_FIND_SEALED_SECRET
};

/* $1 project or null for all.  The columns above. */
extern const struct pg_statement access_key_list;

/* $1 id.  The columns above, or no row. */
extern const struct pg_statement access_key_show;

/* $1 id, $2 enabled, $3 the version that was read, or null to change any.  One row: outcome
 * (`updated`, `version`, `no_key`), then the columns above. */
extern const struct pg_statement access_key_update;

/* $1 id.  A row where there was one. */
extern const struct pg_statement access_key_delete;

#endif
