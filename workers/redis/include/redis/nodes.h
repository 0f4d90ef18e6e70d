/* The nodes that a server knows of: itself and its replicas, or all of its cluster. */
#ifndef REDIS_NODES_H
#define REDIS_NODES_H

#include "base/address_map.h"
#include "redis/connection.h"
#include "redis/probe.h"

enum { REDIS_NODES_MAX = 1024, REDIS_NODE_ID_MAX = 40 };

struct redis_node {
    struct endpoint endpoint;
    enum redis_role role;
    int shard;                      /* from 0, by the lowest slot of its master */
    char id[REDIS_NODE_ID_MAX + 1]; /* in its cluster; empty before Redis 4.0 and without one */
};

/* No two have the same endpoint. */
struct redis_nodes {
    int count;
    struct redis_node *items;
};

/* Asks over a connection that has nothing in flight, and was opened at that endpoint: CLUSTER SLOTS
 * of a cluster, else INFO replication.  Announced addresses go through the map (null: none).  What
 * is refused or tells of no node leaves the server itself.  The result is released by
 * redis_nodes_release, also after a failure. */
int redis_nodes_ask(struct redis_connection *connection, const struct redis_probe *probe,
                    const struct endpoint *reached, const struct address_map *map,
                    struct redis_nodes *ret_nodes, struct error *err);
void redis_nodes_release(struct redis_nodes *nodes);

/* Adds the masters and replicas of a reply to CLUSTER SLOTS (redis.io/commands/cluster-slots).  A
 * host that the server does not tell (nil, empty, `?`) is the one reached; a node without an
 * address is left out. */
int redis_nodes_add_slots(struct redis_nodes *nodes, const struct redis_reply *reply,
                          const struct endpoint *reached, struct error *err);

/* Adds the server itself and, from a master's INFO replication, the replicas that are connected to
 * it. */
int redis_nodes_add_replication(struct redis_nodes *nodes, struct text info, enum redis_role role,
                                const struct endpoint *reached, struct error *err);

#endif
