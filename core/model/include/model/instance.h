/* An instance: a Redis or Valkey of a project, how to reach it, and what the last probe found. */
#ifndef MODEL_INSTANCE_H
#define MODEL_INSTANCE_H

#include <stdbool.h>

#include "base/secret.h"
#include "base/uuid.h"
#include "pg/result.h"

/* Text belongs to the row it was read from; null where there is none. */
struct instance {
    const char *project_id;
    const char *id;
    const char *name;
    const char *description;
    const char *cache_mode;
    const char *status;
    const char *endpoints; /* host:port, separated by commas */
    bool enable_ssl;
    const char *username;
    bool has_password;
    const char *engine;
    const char *engine_version;
    const char *capabilities; /* kinds' names, separated by commas */
    const char *node_role;
    const char *server_mode;
    int64_t databases;
    int64_t used_memory; /* bytes */
    int64_t maxmemory;   /* bytes, 0 for no limit */
    const char *maxmemory_policy;
    const char *probe_error;
    char probed_at[PG_TIME_LENGTH + 1]; /* empty where it never was */
    char created_at[PG_TIME_LENGTH + 1];
    char updated_at[PG_TIME_LENGTH + 1];
    bool hotkeys_command; /* hot keys come from the server's HOTKEYS command */
    int64_t version;      /* counts updates */
    const char *tls_server_name;
    const char *scan_profile; /* null: the workers' setting */
    const char *address_map;  /* base/address_map.h */
    const char *sentinel_master;
    bool has_tls_certificate;     /* and its key */
    const char *backup_directory; /* below the workers' setting backup_root */
};

/* The columns of an instance, in the order that instance_read expects them. */
#define INSTANCE_COLUMNS                                                                           \
    "i.project_id, i.id, i.name, i.description, i.cache_mode, i.status, "                          \
    "array_to_string(i.endpoints, ','), i.enable_ssl, i.username, i.sealed_password IS NOT NULL, " \
    "i.engine, i.engine_version, array_to_string(i.capabilities, ','), i.node_role, "              \
    "i.server_mode, i.databases, i.used_memory, i.maxmemory, i.maxmemory_policy, i.probe_error, "  \
    "i.probed_at, i.created_at, i.updated_at, i.hotkeys_command, i.version, i.tls_server_name, "   \
    "i.scan_profile, i.address_map, i.sentinel_master, i.tls_certificate IS NOT NULL, "            \
    "i.backup_directory"
enum { INSTANCE_COLUMN_COUNT = 31 };

enum { INSTANCE_SENTINEL_MASTER_MAX = 255, INSTANCE_BACKUP_DIRECTORY_MAX = 512 };

/* The cache mode by name, or null where it is none; the result is a constant. */
const char *instance_cache_mode_find(struct text name);
/* The same for a scan profile. */
const char *instance_scan_profile_find(struct text name);
/* 1 to INSTANCE_SENTINEL_MASTER_MAX printable ASCII characters other than the space. */
bool instance_sentinel_master_is_name(struct text name);
/* A path of 1 to INSTANCE_BACKUP_DIRECTORY_MAX bytes that leads down only: relative, with no part
 * that is empty, `.` or `..`, without control characters. */
bool instance_backup_directory_is_path(struct text path);
/* Whether endpoints of that mode can be Sentinels. */
bool instance_cache_mode_has_sentinels(const char *cache_mode);

/* Whose the sealed password and the sealed TLS key of an instance are: ids with dashes, which must
 * outlive it. */
struct secret_owner instance_password_owner(const char *project, const char *id);
struct secret_owner instance_tls_key_owner(const char *project, const char *id);

void instance_read(const struct pg_rows *rows, int row, int first_column,
                   struct instance *ret_instance);

#endif
