/* CLUSTER SLOTS out of any bytes that are a reply: no node twice, none without an address. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "redis/nodes.h"
#include "reply_reader.h"

static struct redis_memory memory; /* nothing is held where it begins */

static void check(const struct redis_nodes *nodes)
{
    assert(nodes->count >= 0 && nodes->count <= REDIS_NODES_MAX);
    for (int i = 0; i < nodes->count; i++) {
        const struct redis_node *node = &nodes->items[i];
        assert(node->endpoint.host[0] && node->endpoint.port > 0);
        assert(strlen(node->id) <= REDIS_NODE_ID_MAX && node->shard >= 0);
        for (int j = 0; j < i; j++)
            assert(node->endpoint.port != nodes->items[j].endpoint.port ||
                   strcmp(node->endpoint.host, nodes->items[j].endpoint.host) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const struct endpoint reached = {.host = "10.0.0.9", .port = 6379};
    const struct redis_reply *reply;
    struct redis_nodes nodes = {0};
    struct reply_reader reader;
    struct error err = {0};
    reply_reader_init(&reader, &memory);
    if (reply_reader_feed(&reader, (const char *)bytes, length, &err) == 0 &&
        reply_reader_next(&reader, &reply, &err) > 0) {
        redis_nodes_add_slots(&nodes, reply, &reached, &err);
        check(&nodes);
    }
    redis_nodes_release(&nodes);
    reply_reader_release(&reader);
    return 0;
}
