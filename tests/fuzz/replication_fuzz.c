/* INFO replication out of any text, as a master's and as a replica's: bounded, and never a node
 * twice. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "redis/replication.h"

static void check_replication(struct text info, enum redis_role role)
{
    struct redis_replication replication, again;
    redis_replication_parse(info, role, &replication);
    assert(replication.role == role && strlen(replication.id) <= REDIS_NODE_ID_MAX);
    assert(role == REDIS_ROLE_REPLICA || (!replication.linked && !replication.source.host[0]));
    assert(!replication.source.host[0] || replication.source.port > 0);
    redis_replication_parse(info, role, &again);
    assert(redis_replication_is_same(&replication, &again));
    assert(again.offset == replication.offset && again.linked == replication.linked);
}

static void check_nodes(struct text info, enum redis_role role)
{
    static const struct endpoint reached = {.host = "10.0.0.9", .port = 6379};
    struct redis_nodes nodes = {0};
    struct error err = {0};
    int status = redis_nodes_add_replication(&nodes, info, role, &reached, &err);
    assert(status == 0 || err.code == ERROR_REDIS_PROTOCOL);
    assert(nodes.count >= 1 && nodes.count <= REDIS_NODES_MAX);
    assert(role == REDIS_ROLE_MASTER || nodes.count == 1);
    assert(strcmp(nodes.items[0].endpoint.host, reached.host) == 0);
    for (int i = 0; i < nodes.count; i++) {
        const struct endpoint *endpoint = &nodes.items[i].endpoint;
        assert(endpoint->host[0] && endpoint->port > 0);
        for (int j = 0; j < i; j++)
            assert(endpoint->port != nodes.items[j].endpoint.port ||
                   strcmp(endpoint->host, nodes.items[j].endpoint.host) != 0);
    }
    redis_nodes_release(&nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct text info = {(const char *)bytes, length};
    check_replication(info, REDIS_ROLE_MASTER);
    check_replication(info, REDIS_ROLE_REPLICA);
    check_nodes(info, REDIS_ROLE_MASTER);
    check_nodes(info, REDIS_ROLE_REPLICA);
    return 0;
}
