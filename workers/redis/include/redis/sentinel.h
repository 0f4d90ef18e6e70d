/* What a Sentinel watches: a master and its replicas, as it says; what they are by now they say
 * themselves.  Source: redis.io/docs/latest/operate/oss_and_stack/management/sentinel. */
#ifndef REDIS_SENTINEL_H
#define REDIS_SENTINEL_H

#include "base/address_map.h"
#include "redis/connection.h"

enum { REDIS_SENTINEL_NODES_MAX = 64 }; /* more replicas are left out */

struct redis_sentinel_view {
    struct endpoint items[REDIS_SENTINEL_NODES_MAX]; /* the master, then replicas that are well */
    int count;
};

/* Asks over a connection that has nothing in flight, which must be to a Sentinel: for the master of
 * that name, or, where it is null, for the only one it watches.  Addresses go through the map
 * (null: none).  Fails with ERROR_REDIS_REFUSED where there is no such master, or several and no
 * name, _PROTOCOL on what is malformed, or as the connection does. */
int redis_sentinel_ask(struct redis_connection *connection, const char *master,
                       const struct address_map *map, struct redis_sentinel_view *ret_view,
                       struct error *err);

/* Opens a connection to the Sentinel and asks.  It is shown the target's credentials only where it
 * refuses to answer without: most have none, and they are those of the servers it watches. */
int redis_sentinel_find(const struct redis_target *sentinel, const char *master,
                        const struct address_map *map, struct redis_interrupt interrupt,
                        struct redis_sentinel_view *ret_view, struct error *err);

#endif
