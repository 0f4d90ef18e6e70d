/* How a server stands in its replication, as INFO tells (redis.io/commands/info). */
#ifndef REDIS_REPLICATION_H
#define REDIS_REPLICATION_H

#include "redis/nodes.h"

struct redis_replication {
    enum redis_role role;
    int64_t offset; /* what a master has written, or a replica has taken; 0 where it is not told */
    char id[REDIS_NODE_ID_MAX + 1]; /* of the stream; empty before Redis 4.0 */
    struct endpoint source;         /* a replica's master; no host where it is not told */
    bool linked; /* a replica that follows its master: neither cut off, nor syncing, nor loading */
};

void redis_replication_parse(struct text info, enum redis_role role,
                             struct redis_replication *ret_replication);

/* Whether both say the same about whom a server follows. */
bool redis_replication_is_same(const struct redis_replication *a,
                               const struct redis_replication *b);

#endif
