/* A cluster as one of its nodes sees it.
 *
 * Who is there and where: CLUSTER NODES, with the addresses that CLUSTER SLOTS announces to clients
 * (a host name, where the cluster prefers these).  What a node serves: its own line, the only one
 * that is never late; the other lines come by gossip.  Both commands exist from Redis 3.0 to
 * Valkey 9.  Source: redis.io/commands/cluster-nodes. */
#ifndef REDIS_TOPOLOGY_H
#define REDIS_TOPOLOGY_H

#include "redis/nodes.h"
#include "redis/slots.h"

struct redis_member {
    char id[REDIS_NODE_ID_MAX + 1];
    char master[REDIS_NODE_ID_MAX + 1]; /* empty: it is one */
    struct endpoint endpoint;
};

/* At most REDIS_NODES_MAX members. */
struct redis_topology {
    int count;
    struct redis_member *members;
    int self;                            /* whom was asked, as an index */
    int64_t epoch;                       /* of its configuration: rises when it takes slots over */
    struct redis_slots owned, importing; /* its own; a replica has none */
};

/* Asks over a connection that has nothing in flight and was opened at that endpoint.  Nodes that
 * are known to have failed, or have no address, are left out; addresses, also those completed by
 * the one reached, go through the map (null: none).  Fails with ERROR_REDIS_REFUSED where
 * the server tells neither, _PROTOCOL on what is malformed or without bounds, or as the connection
 * does.  The result is released by redis_topology_release, also after a failure. */
int redis_topology_ask(struct redis_connection *connection, const struct endpoint *reached,
                       const struct address_map *map, struct redis_topology *ret_topology,
                       struct error *err);
void redis_topology_release(struct redis_topology *topology);

/* The text of CLUSTER NODES alone; an empty host is the one reached. */
int redis_topology_parse(struct text lines, const struct endpoint *reached,
                         struct redis_topology *ret_topology, struct error *err);

#endif
