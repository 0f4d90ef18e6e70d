/* Whether a server can be asked for its data now: what its INFO says of forks, of its own
 * replication and of memory.  Any thread. */
#ifndef OFFLINE_READINESS_H
#define OFFLINE_READINESS_H

#include "redis/probe.h"

struct readiness {
    struct redis_probe server;
    bool memory_known; /* whether there is enough could be told */
};

/* Fails with ERROR_REDIS_UNREADY where it cannot now: it loads its data, is a replica that has lost
 * its master or is being filled by it, has a fork already (of BGSAVE, of an AOF rewrite, of a
 * module), or has less memory left than fork_memory_percent of what it uses (0: not asked); with
 * ERROR_REDIS_REFUSED where it is a Sentinel; with ERROR_REDIS_PROTOCOL where the text is none. */
int readiness_check(struct text info, int fork_memory_percent, struct readiness *ret_readiness,
                    struct error *err);

#endif
