/* CLUSTER NODES out of any text: what is taken is bounded and whole. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "redis/topology.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const struct endpoint reached = {.host = "10.0.0.9", .port = 6379};
    struct redis_topology topology;
    struct error err = {0};
    int status =
        redis_topology_parse((struct text){(const char *)bytes, length}, &reached, &topology, &err);
    if (status == 0) {
        assert(topology.count >= 1 && topology.count <= REDIS_NODES_MAX);
        assert(topology.self >= 0 && topology.self < topology.count);
        for (int i = 0; i < topology.count; i++) {
            const struct redis_member *member = &topology.members[i];
            assert(member->id[0] && strlen(member->id) <= REDIS_NODE_ID_MAX);
            assert(strlen(member->master) <= REDIS_NODE_ID_MAX);
            assert(member->endpoint.host[0] && member->endpoint.port > 0);
        }
    } else {
        assert(err.code != ERROR_NONE);
    }
    redis_topology_release(&topology);
    return 0;
}
