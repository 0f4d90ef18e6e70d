/* What INFO says before and after a scan. */
#ifndef SCAN_SNAPSHOT_H
#define SCAN_SNAPSHOT_H

#include "redis/probe.h"
#include "redis/replication.h"

/* Databases that have keys; a server with more is not believed. */
enum { SCAN_DATABASES_MAX = 1 << 16 };

struct scan_snapshot {
    struct redis_probe server;
    struct redis_replication replication;
    int64_t keys;    /* of the databases below */
    int64_t expires; /* of these, keys that have a time to live */
    int64_t expired; /* deleted since the server started, or since its counters were reset */
    /* Where they are not told: -1, and an empty run_id. */
    int64_t uptime_s;
    int64_t commands;    /* processed, those of scripts as well */
    int64_t input_bytes; /* read from clients */
    int stale;           /* expired keys still held, 1/100 %, as the server guesses */
    char run_id[REDIS_NODE_ID_MAX + 1];
    int *databases;
    int database_count;
};

/* Of all databases, or of only one where `only` is not null.  Nothing may be in flight.  A server
 * that is not ready is asked again (redis/retry.h).  A snapshot is released whether or not this
 * succeeds. */
int scan_snapshot_take(struct redis_connection *connection, struct redis_interrupt interrupt,
                       const int *only, struct scan_snapshot *ret_snapshot, struct error *err);

/* Whether one process gave both, the second later: what was restarted behind a proxy or an address
 * that moves is another one.  Where nothing is told it is. */
bool scan_snapshot_is_same_process(const struct scan_snapshot *before,
                                   const struct scan_snapshot *after);
void scan_snapshot_release(struct scan_snapshot *snapshot);

#endif
