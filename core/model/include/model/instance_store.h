/* All SQL on instances.  The owner of a sealed password is the instance's id (secret.h). */
#ifndef MODEL_INSTANCE_STORE_H
#define MODEL_INSTANCE_STORE_H

#include "model/instance.h"
#include "pg/statement.h"

/* What it takes to reach an instance, for programs that dial it. */
#define INSTANCE_TARGET_COLUMNS                                                                    \
    "i.name, array_to_string(i.endpoints, ','), i.cache_mode, i.enable_ssl, i.tls_ca, "            \
    "i.tls_server_name, i.username, i.sealed_password"
enum instance_target_column {
    INSTANCE_TARGET_NAME,
    INSTANCE_TARGET_ENDPOINTS,
    INSTANCE_TARGET_CACHE_MODE,
    INSTANCE_TARGET_ENABLE_SSL,
    INSTANCE_TARGET_TLS_CA,
    INSTANCE_TARGET_TLS_SERVER_NAME,
    INSTANCE_TARGET_USERNAME,
    INSTANCE_TARGET_SEALED_PASSWORD,
    INSTANCE_TARGET_COLUMN_COUNT
};

/* $1 project, $2 instance_id or null, $3 part of a name or null, $4 whole name or null, $5 status or null, $6
 * part of an endpoint or null, $7 offset, $8 limit.  A row per instance of the page, by creation and id, each
 * with the count of all that match before INSTANCE_COLUMNS; one row with a null instance where the page
 * is empty. */
extern const struct pg_statement instance_list;
enum { INSTANCE_LIST_COUNT = 0, INSTANCE_LIST_FIRST = 1 };

/* $1 project, $2 id: INSTANCE_COLUMNS, or no row. */
extern const struct pg_statement instance_show;

/* $1 project, $2 id or name: INSTANCE_COLUMNS then INSTANCE_TARGET_COLUMNS, or no row. */
extern const struct pg_statement instance_find;

/* $1 project or null: INSTANCE_COLUMNS then the project's name. */
extern const struct pg_statement instance_survey;

/* $1 project, $2 id, $3 name, $4 description, $5 cache mode, $6 endpoints separated by commas, $7 TLS, $8 CA in
 * PEM or null, $9 server name or null, $10 user or null, $11 sealed password or null.  It is CREATING
 * until a probe has succeeded. */
extern const struct pg_statement instance_insert;

/* $1 project, $2 id, $3 engine, $4 version, $5 capabilities separated by commas, $6 role, $7 mode, $8
 * databases, $9 used memory, $10 maxmemory, $11 policy.  Makes it RUNNING. */
extern const struct pg_statement instance_probe_succeed;

/* $1 project, $2 id, $3 reason.  One that was never reached becomes ERROR; another keeps its status. */
extern const struct pg_statement instance_probe_fail;

/* $1 project, $2 id.  A row where there was one; its tasks and results go with it. */
extern const struct pg_statement instance_delete;

#endif
