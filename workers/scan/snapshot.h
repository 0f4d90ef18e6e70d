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
    int64_t expired; /* deleted since the server started */
    int *databases;
    int database_count;
};

/* Of all databases, or of only one where `only` is not null.  Nothing may be in flight.  A snapshot
 * is released whether or not this succeeds. */
int scan_snapshot_take(struct redis_connection *connection, const int *only,
                       struct scan_snapshot *ret_snapshot, struct error *err);
void scan_snapshot_release(struct scan_snapshot *snapshot);

#endif
