/* Nodes are shown to tenants and never dialled: what is malformed is left out rather than failed
 * upon. */
#include "redis/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis/info.h"

enum { CLUSTER_SLOTS = 16384, REPLICAS_MAX = REDIS_NODES_MAX };

/* A range of slots: its first, its last, its master, its replicas. */
struct range {
    int64_t first;
    const struct redis_reply *reply;
};
enum { RANGE_FIRST = 0, RANGE_MASTER = 2 };

void redis_nodes_release(struct redis_nodes *nodes)
{
    free(nodes->items);
    *nodes = (struct redis_nodes){0};
}

static struct redis_node *find(const struct redis_nodes *nodes, const struct endpoint *endpoint)
{
    for (int i = 0; i < nodes->count; i++) {
        struct redis_node *node = &nodes->items[i];
        if (node->endpoint.port == endpoint->port &&
            strcmp(node->endpoint.host, endpoint->host) == 0)
            return node;
    }
    return NULL;
}

/* One that is there already stays as it is. */
static int add(struct redis_nodes *nodes, const struct redis_node *node, struct error *err)
{
    if (find(nodes, &node->endpoint))
        return 0;
    if (nodes->count == REDIS_NODES_MAX)
        return error_set(err, ERROR_REDIS_PROTOCOL, "more than %d nodes", REDIS_NODES_MAX);
    if (!nodes->items)
        nodes->items = calloc(REDIS_NODES_MAX, sizeof(*nodes->items));
    if (!nodes->items)
        abort();
    nodes->items[nodes->count++] = *node;
    return 0;
}

static bool is_told(const struct redis_reply *host)
{
    return host->kind == REDIS_STRING && host->text.length > 0 &&
           !text_equals(host->text, TEXT("?"));
}

static int read_node(const struct redis_reply *node, const struct endpoint *reached,
                     struct redis_node *ret_node)
{
    *ret_node = (struct redis_node){0};
    if (node->kind != REDIS_ARRAY || node->count < 2 || node->elements[1].kind != REDIS_INTEGER)
        return -1;
    const struct redis_reply *id = node->count > 2 ? &node->elements[2] : NULL;
    if (id && id->kind == REDIS_STRING && id->text.length <= REDIS_NODE_ID_MAX)
        memcpy(ret_node->id, id->text.bytes, id->text.length);
    struct text host =
        is_told(&node->elements[0]) ? node->elements[0].text : text_of(reached->host);
    return endpoint_init(host, node->elements[1].integer, &ret_node->endpoint);
}

static int compare_ranges(const void *a, const void *b)
{
    int64_t first = ((const struct range *)a)->first, second = ((const struct range *)b)->first;
    return (first > second) - (first < second);
}

static bool is_range(const struct redis_reply *reply)
{
    return reply->kind == REDIS_ARRAY && reply->count > RANGE_MASTER &&
           reply->elements[RANGE_FIRST].kind == REDIS_INTEGER;
}

/* The nodes of a range; *shard_count says how many shards there were before, and after. */
static int add_range(struct redis_nodes *nodes, const struct redis_reply *range,
                     const struct endpoint *reached, int *shard_count, struct error *err)
{
    struct redis_node node;
    if (read_node(&range->elements[RANGE_MASTER], reached, &node) < 0)
        return 0;
    const struct redis_node *known = find(nodes, &node.endpoint);
    int shard = known ? known->shard : (*shard_count)++;
    node.role = REDIS_ROLE_MASTER;
    node.shard = shard;
    if (add(nodes, &node, err) < 0)
        return -1;
    for (size_t i = RANGE_MASTER + 1; i < range->count; i++) {
        if (read_node(&range->elements[i], reached, &node) < 0)
            continue;
        node.role = REDIS_ROLE_REPLICA;
        node.shard = shard;
        if (add(nodes, &node, err) < 0)
            return -1;
    }
    return 0;
}

/* ranges has room for all ranges of the reply. */
static int add_ranges(struct redis_nodes *nodes, const struct redis_reply *reply,
                      struct range *ranges, const struct endpoint *reached, struct error *err)
{
    int shard_count = 0;
    for (size_t i = 0; i < reply->count; i++) {
        const struct redis_reply *range = &reply->elements[i];
        ranges[i] = (struct range){range->elements[RANGE_FIRST].integer, range};
    }
    qsort(ranges, reply->count, sizeof(*ranges), compare_ranges);
    for (size_t i = 0; i < reply->count; i++) {
        if (add_range(nodes, ranges[i].reply, reached, &shard_count, err) < 0)
            return -1;
    }
    return 0;
}

int redis_nodes_add_slots(struct redis_nodes *nodes, const struct redis_reply *reply,
                          const struct endpoint *reached, struct error *err)
{
    if (reply->kind != REDIS_ARRAY || reply->count > CLUSTER_SLOTS)
        return error_set(err, ERROR_REDIS_PROTOCOL, "CLUSTER SLOTS: no list of ranges");
    for (size_t i = 0; i < reply->count; i++) {
        if (!is_range(&reply->elements[i]))
            return error_set(err, ERROR_REDIS_PROTOCOL, "CLUSTER SLOTS: malformed range");
    }
    struct range *ranges = calloc(reply->count + 1, sizeof(*ranges));
    if (!ranges)
        abort();
    int status = add_ranges(nodes, reply, ranges, reached, err);
    free(ranges);
    return status;
}

int redis_nodes_add_replication(struct redis_nodes *nodes, struct text info, enum redis_role role,
                                const struct endpoint *reached, struct error *err)
{
    struct redis_node node = {.endpoint = *reached, .role = role};
    if (add(nodes, &node, err) < 0)
        return -1;
    node.role = REDIS_ROLE_REPLICA;
    for (int i = 0; role == REDIS_ROLE_MASTER && i < REPLICAS_MAX; i++) {
        struct text line, host;
        int64_t port;
        char name[24];
        snprintf(name, sizeof(name), "slave%d", i);
        if (!redis_info_find(info, name, &line))
            break;
        if (redis_info_item(line, "ip", &host) &&
            redis_info_item_integer(line, "port", &port) == 0 &&
            endpoint_init(host, port, &node.endpoint) == 0 && add(nodes, &node, err) < 0)
            return -1;
    }
    return 0;
}

static int ask_cluster(struct redis_connection *connection, const struct endpoint *reached,
                       struct redis_nodes *nodes, struct error *err)
{
    const struct text words[] = {TEXT("CLUSTER"), TEXT("SLOTS")};
    const struct redis_reply *reply;
    if (redis_connection_call(connection, words, 2, &reply, err) < 0)
        return -1;
    if (reply->kind != REDIS_ERROR && redis_nodes_add_slots(nodes, reply, reached, err) < 0)
        return error_prefix(err, "%s", redis_connection_name(connection));
    return 0;
}

static int ask_replication(struct redis_connection *connection, enum redis_role role,
                           const struct endpoint *reached, struct redis_nodes *nodes,
                           struct error *err)
{
    const struct text words[] = {TEXT("INFO"), TEXT("replication")};
    const struct redis_reply *reply;
    if (redis_connection_call(connection, words, 2, &reply, err) < 0)
        return -1;
    if (reply->kind == REDIS_STRING &&
        redis_nodes_add_replication(nodes, reply->text, role, reached, err) < 0)
        return error_prefix(err, "%s", redis_connection_name(connection));
    return 0;
}

int redis_nodes_ask(struct redis_connection *connection, const struct redis_probe *probe,
                    const struct endpoint *reached, const struct address_map *map,
                    struct redis_nodes *ret_nodes, struct error *err)
{
    *ret_nodes = (struct redis_nodes){0};
    int status = probe->mode == REDIS_MODE_CLUSTER
                     ? ask_cluster(connection, reached, ret_nodes, err)
                     : ask_replication(connection, probe->role, reached, ret_nodes, err);
    /* A server that stands alone has not announced itself: it comes first, as it was reached. */
    for (int i = probe->mode == REDIS_MODE_CLUSTER ? 0 : 1; i < ret_nodes->count; i++)
        address_map_apply(map, &ret_nodes->items[i].endpoint);
    struct redis_node self = {.endpoint = *reached, .role = probe->role};
    if (status == 0 && ret_nodes->count == 0)
        status = add(ret_nodes, &self, err);
    return status;
}
