/* How to reach an instance, out of its row: everything a connection needs, the secrets opened. */
#ifndef INSTANCE_TARGET_H
#define INSTANCE_TARGET_H

#include "base/address_map.h"
#include "base/uuid.h"
#include "instance/access.h"
#include "pg/result.h"
#include "redis/connection.h"

/* Ids with dashes, as the secrets are sealed for them. */
struct instance_identity {
    const char *project, *instance;
};

struct instance_target {
    struct redis_target redis; /* its text is the members' below; its endpoint is the first one */
    char *endpoints;           /* all of them, host:port, separated by commas */
    char *cache_mode;
    bool hotkeys_command;           /* the instance opted in to HOTKEYS */
    char *scan_profile;             /* null: the setting scan_profile */
    char *address_map_text;         /* null: none */
    struct address_map address_map; /* the same, parsed */
    char *sentinel_master;          /* null: the endpoints are servers, not Sentinels */
    char *tls_ca, *tls_certificate, *tls_key, *tls_server_name, *username, *password;
};

/* Reads INSTANCE_TARGET_COLUMNS, which begin at first_column, of that instance; the row may go
 * away.  Timeouts are those of redis_*_timeout_ms.  Fails with ERROR_CONFIG, ERROR_SECRET or
 * ERROR_SECRET_KEY where a secret does not open and ERROR_REDIS_CONNECTION where the first endpoint
 * or the address map is malformed.  Released by instance_target_release, which may be called after
 * a failure as well. */
int instance_target_init(struct instance_target *target, const struct pg_rows *rows, int row,
                         int first_column, struct instance_identity identity,
                         const struct instance_access *access, struct error *err);

/* The secrets are cleansed. */
void instance_target_release(struct instance_target *target);

/* Takes the next endpoint from *rest, which starts as the target's list, into redis.endpoint: 1, 0
 * at the end, or -1 (ERROR_REDIS_CONNECTION) on one that is malformed, after which the next one can
 * be taken. */
int instance_target_next_endpoint(struct instance_target *target, const char **rest,
                                  struct error *err);

/* Whether scans of its cache mode exist. */
bool instance_target_is_scannable(const struct instance_target *target);

/* The keys are spread over masters. */
bool instance_target_is_cluster(const struct instance_target *target);

/* Something that answers as one server would, and must show that it does. */
bool instance_target_is_proxy(const struct instance_target *target);

/* The endpoints are a master and its replicas, or Sentinels that know them. */
bool instance_target_is_replicated(const struct instance_target *target);

#endif
