/* What a server is: its engine, version, role, memory and databases, asked once over a connection.
 */
#ifndef REDIS_PROBE_H
#define REDIS_PROBE_H

#include "redis/connection.h"

enum redis_role { REDIS_ROLE_MASTER, REDIS_ROLE_REPLICA };
enum redis_mode { REDIS_MODE_STANDALONE, REDIS_MODE_CLUSTER, REDIS_MODE_SENTINEL };

enum { REDIS_WORD_MAX = 63 };

struct redis_probe {
    char engine[REDIS_WORD_MAX + 1];  /* `Redis` or `Valkey` */
    char version[REDIS_WORD_MAX + 1]; /* the engine's own: `7.0.15` */
    int engine_version; /* the same as major * 10000 + minor * 100 + patch; negative: not so */
    int redis_version;  /* that of the Redis it is compatible with; for Redis its own */
    enum redis_role role;
    bool in_sync; /* a master, or a replica whose link to its master is up */
    enum redis_mode mode;
    bool pointers_64, jemalloc;                /* how it is built, where it tells */
    int64_t used_memory;                       /* bytes */
    int64_t maxmemory;                         /* bytes; 0: no limit, or not told */
    char maxmemory_policy[REDIS_WORD_MAX + 1]; /* `noeviction`; empty: not told */
    int databases;                             /* 16 where the server does not tell */
    int64_t keys;                              /* of all databases */
};

/* Asks over a connection that has nothing in flight.  A server that refuses CONFIG GET is probed
 * all the same. */
int redis_probe_connection(struct redis_connection *connection, struct redis_probe *ret_probe,
                           struct error *err);

/* The part that INFO tells; databases are set to the default.  Fails with ERROR_REDIS_PROTOCOL
 * where the version or the role is missing or malformed. */
int redis_probe_parse(struct text info, struct redis_probe *ret_probe, struct error *err);

/* Whether the server has a command, as COMMAND INFO tells over a connection that has nothing in
 * flight; a refusal is no. */
int redis_probe_has_command(struct redis_connection *connection, const char *name, bool *ret_has,
                            struct error *err);

/* maxmemory-policy is allkeys-lfu or volatile-lfu: the server counts how often keys are used. */
bool redis_probe_is_lfu(const struct redis_probe *probe);

/* maxmemory-policy is one of LRU or LFU, or is not told: uses of keys decide which are evicted. */
bool redis_probe_evicts_by_use(const struct redis_probe *probe);

#endif
