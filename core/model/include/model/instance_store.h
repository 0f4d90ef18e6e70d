/* All SQL on instances.  Whose its sealed secrets are, model/instance.h says. */
#ifndef MODEL_INSTANCE_STORE_H
#define MODEL_INSTANCE_STORE_H

#include "model/instance.h"
#include "pg/statement.h"

/* What it takes to reach an instance, for programs that dial it. */
#define INSTANCE_TARGET_COLUMNS                                                                    \
    "i.name, array_to_string(i.endpoints, ','), i.cache_mode, i.enable_ssl, i.tls_ca, "            \
    "i.tls_server_name, i.username, i.sealed_password, i.hotkeys_command, i.scan_profile, "        \
    "i.address_map, i.sentinel_master, i.tls_certificate, i.sealed_tls_key"
enum instance_target_column {
    INSTANCE_TARGET_NAME,
    INSTANCE_TARGET_ENDPOINTS,
    INSTANCE_TARGET_CACHE_MODE,
    INSTANCE_TARGET_ENABLE_SSL,
    INSTANCE_TARGET_TLS_CA,
    INSTANCE_TARGET_TLS_SERVER_NAME,
    INSTANCE_TARGET_USERNAME,
    INSTANCE_TARGET_SEALED_PASSWORD,
    INSTANCE_TARGET_HOTKEYS_COMMAND,
    INSTANCE_TARGET_SCAN_PROFILE,
    INSTANCE_TARGET_ADDRESS_MAP,
    INSTANCE_TARGET_SENTINEL_MASTER,
    INSTANCE_TARGET_TLS_CERTIFICATE,
    INSTANCE_TARGET_SEALED_TLS_KEY,
    INSTANCE_TARGET_COLUMN_COUNT
};

/* $1 project, $2 instance_id or null, $3 part of a name or null, $4 whole name or null, $5 status
 * or null, $6 part of an endpoint or null, $7 offset, $8 limit, $9 ids outside which nothing is
 * shown (separated by commas), or null.  A row per instance of the page, by creation and id, each
 * with the count of all that match before INSTANCE_COLUMNS; one row with a null instance where the
 * page is empty. */
extern const struct pg_statement instance_list;
enum { INSTANCE_LIST_COUNT = 0, INSTANCE_LIST_FIRST = 1 };

/* The parameters and rows of instance_list, and what is known of each instance: the tasks that wait
 * or run there (a JSON array of {id, kind, status, keys_seen, keys_total}), the last analysis that
 * succeeded on all of its keys, and when the next automatic scan of any kind is due. */
extern const struct pg_statement instance_overview;
enum {
    INSTANCE_OVERVIEW_COUNT,
    INSTANCE_OVERVIEW_FIRST,
    INSTANCE_OVERVIEW_ACTIVE = INSTANCE_OVERVIEW_FIRST + INSTANCE_COLUMN_COUNT,
    INSTANCE_OVERVIEW_LAST_ID,
    INSTANCE_OVERVIEW_LAST_AT,
    INSTANCE_OVERVIEW_LAST_KEYS,
    INSTANCE_OVERVIEW_LAST_BYTES,
    INSTANCE_OVERVIEW_NEXT_AT,
    INSTANCE_OVERVIEW_LAST_SOURCE, /* ANALYSIS_SOURCE_COLUMNS */
};

/* $1 project, $2 id: INSTANCE_COLUMNS, number of shards, of nodes of the largest shard (0 where
 * none is known); or no row. */
extern const struct pg_statement instance_show;
enum { INSTANCE_SHOW_SHARDS = INSTANCE_COLUMN_COUNT, INSTANCE_SHOW_REPLICAS };

/* $1 project, $2 id.  A row per node by shard, master first: instance id, node id, host, port,
 * role, shard; one row with a null node where none is known; no row where the instance does not
 * exist. */
extern const struct pg_statement instance_nodes;
enum instance_node_column {
    INSTANCE_NODE_INSTANCE_ID,
    INSTANCE_NODE_ID,
    INSTANCE_NODE_HOST,
    INSTANCE_NODE_PORT,
    INSTANCE_NODE_ROLE,
    INSTANCE_NODE_SHARD
};

/* $1 project, $2 id: status, parameters (a JSON object of strings, or null), when they were read;
 * or no row. */
extern const struct pg_statement instance_configs;
enum instance_configs_column {
    INSTANCE_CONFIGS_STATUS,
    INSTANCE_CONFIGS_PARAMETERS,
    INSTANCE_CONFIGS_READ_AT
};

/* $1 project, $2 id or name: INSTANCE_COLUMNS then INSTANCE_TARGET_COLUMNS, or no row. */
extern const struct pg_statement instance_find;

/* $1 project or null: INSTANCE_COLUMNS then the project's name. */
extern const struct pg_statement instance_survey;

/* $1 project, $2 id, $3 name, $4 description, $5 cache mode, $6 endpoints separated by commas, $7
 * TLS, $8 CA in PEM or null, $9 server name or null, $10 user or null, $11 sealed password or null,
 * $12 use HOTKEYS, $13 scan profile or null for the workers' setting, $14 address map or null, $15
 * name of the master where the endpoints are Sentinels, or null, $16 client certificate in PEM or
 * null, $17 its sealed key or null, $18 directory of its backups or null, $19 most instances of a
 * project whose own quota says nothing, or 0, $20 token and $21 fingerprint of the request, or
 * nulls.  It is CREATING until a probe has succeeded, and due for one at once.  One row: outcome
 * (`created`, `no_project`, `full`), then INSTANCE_COLUMNS; a name that is taken, or the same
 * request again, is ERROR_ALREADY_EXISTS. */
extern const struct pg_statement instance_insert;

/* The parameters of instance_insert up to $18, then $19 keep the password that there is, $20 keep
 * the client certificate and key where TLS stays, $21 the version that was read.  One whose way to
 * be reached changed is CREATING again, and due for a probe.  One row: outcome (`updated`,
 * `version`, `no_instance`, `no_password`), then INSTANCE_COLUMNS. */
extern const struct pg_statement instance_update;

/* Carries '' when instances are due for a probe. */
#define INSTANCE_PROBE_CHANNEL "instance_probe"

/* $1 project, $2 id.  Makes it due for a probe now.  INSTANCE_COLUMNS, or no row. */
extern const struct pg_statement instance_probe_request;

/* $1 seconds until the next probe, $2 most rows.  Takes instances that are due: INSTANCE_COLUMNS,
 * then INSTANCE_TARGET_COLUMNS. */
extern const struct pg_statement instance_probe_claim;

/* $1 project, $2 id, $3 engine, $4 version, $5 capabilities separated by commas, $6 role, $7 mode,
 * $8 databases, $9 used memory, $10 maxmemory, $11 policy, $12 parameters (a JSON object of
 * strings, or null to keep those that there are), $13 nodes (a JSON array of {id, host, port, role,
 * shard}; a node that is known keeps its id), $14 the version that was probed.  Makes it RUNNING.
 * No row where it was removed or updated meanwhile: what was found is of another server, perhaps.
 */
extern const struct pg_statement instance_probe_succeed;

/* $1 project, $2 id, $3 reason, $4 seconds, $5 the version that was probed.  One that was never
 * reached, or not for so long, becomes ERROR. */
extern const struct pg_statement instance_probe_fail;

/* $1 project, $2 id.  A row where there was one; its tasks and results go with it. */
extern const struct pg_statement instance_delete;

#endif
