/* All SQL on access keys.  Whose a sealed secret key is, model/access_key.h says.
 *
 * A tenant's key belongs to a project; an operator's key belongs to none and opens the
 * administration interface only.  What a key may do is what both its role and its policy allow; a
 * list of a policy that is null allows all.  A temporary key has an end, and a token that is stored
 * as its digest only. */
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
    ACCESS_KEY_ROLE, /* its name */
    ACCESS_KEY_CREATED_AT,
    ACCESS_KEY_DISABLED_AT,
    ACCESS_KEY_VERSION,
    ACCESS_KEY_ACTIONS,    /* separated by commas, or null */
    ACCESS_KEY_INSTANCES,  /* separated by commas, or null */
    ACCESS_KEY_EXPIRES_AT, /* null for a permanent one */
    ACCESS_KEY_COLUMN_COUNT
};

/* The longest life of a temporary key, in seconds. */
enum { ACCESS_KEY_LIFE_MAX = 7 * 24 * 3600 };

/* $1 id, $2 project or null for an operator's, $3 sealed secret, $4 role, $5 actions and $6
 * instances (each separated by commas, or null), $7 seconds until it ends or $8 when it ends (both
 * null: never), $9 digest of its token or null, $10 the longest life in seconds, $11 token and $12
 * fingerprint of the request, or nulls; the same request again is ERROR_ALREADY_EXISTS.  One row:
 * outcome
 * (`created`, `no_project`, `actions` where one is of the other interface, `instances` where one is
 * not of the project, `expiry` where it is past or too far away), then the columns above. */
extern const struct pg_statement access_key_insert;

/* $1 id.  For authentication: enabled keys only that have not ended, one row or none. */
extern const struct pg_statement access_key_find;
enum access_key_find_column {
    ACCESS_KEY_FIND_PROJECT_ID, /* null for an operator's */
    ACCESS_KEY_FIND_SEALED_SECRET,
    ACCESS_KEY_FIND_ROLE,
    ACCESS_KEY_FIND_ACTIONS,
    ACCESS_KEY_FIND_INSTANCES,
    ACCESS_KEY_FIND_TOKEN_DIGEST, /* null for a permanent one */
    ACCESS_KEY_FIND_LIFE_MS       /* until it ends; null for a permanent one */
};

/* $1 project or null for all.  The columns above. */
extern const struct pg_statement access_key_list;

/* $1 id.  The columns above, or no row. */
extern const struct pg_statement access_key_show;

/* $1 id, $2 enabled or null to leave that, $3 the version that was read, or null to change any, $4
 * role or null to leave it, $5 whether the actions stay as they are, $6 actions, $7 whether the
 * instances stay, $8 instances.  One row: outcome (`updated`, `version`, `no_key`, `role` where an
 * operator's key would become a tenant's or the other way, `actions` and `instances` as above),
 * then the columns above. */
extern const struct pg_statement access_key_update;

/* $1 id.  A row where there was one. */
extern const struct pg_statement access_key_delete;

/* $1 most rows (at most 1000).  Removes temporary keys that have ended; a row for each. */
extern const struct pg_statement access_key_forget;

#endif
