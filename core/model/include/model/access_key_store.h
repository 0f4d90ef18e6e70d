/* All SQL on access keys, and how their secrets are sealed: the owner of a sealed secret key is the access
 * key's id (secret.h). */
#ifndef MODEL_ACCESS_KEY_STORE_H
#define MODEL_ACCESS_KEY_STORE_H

#include "pg/statement.h"

enum { ACCESS_KEY_ID_LENGTH = 20, ACCESS_KEY_SECRET_LENGTH = 40 };

/* Carries the id of a key that was changed; caches of keys listen to it. */
#define ACCESS_KEY_CHANNEL "access_key"

/* $1 id, $2 project, $3 sealed secret. */
extern const struct pg_statement access_key_insert;

/* $1 id.  For authentication: enabled keys only, one row or none. */
extern const struct pg_statement access_key_find;
enum access_key_find_column { ACCESS_KEY_FIND_PROJECT_ID, ACCESS_KEY_FIND_SEALED_SECRET };

/* $1 project or null for all. */
extern const struct pg_statement access_key_list;
enum access_key_list_column {
    ACCESS_KEY_ID,
    ACCESS_KEY_PROJECT_ID,
    ACCESS_KEY_PROJECT_NAME,
    ACCESS_KEY_CREATED_AT,
    ACCESS_KEY_DISABLED_AT,
};

/* $1 id.  One row where the key exists, disabled before or not. */
extern const struct pg_statement access_key_disable;

#endif
