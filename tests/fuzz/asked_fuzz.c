/* A server that answers anything to what is asked before and during a scan: what it is, its nodes,
 * its cluster, its parameters.  The first byte chooses. */
#include <assert.h>
#include <string.h>

#include "fuzz_replies.h"
#include "redis/parameters.h"
#include "redis/topology.h"

static const struct endpoint reached = {.host = "10.0.0.9", .port = 6379};

static void check_error(const struct error *err)
{
    assert(err->code == ERROR_REDIS_REFUSED || err->code == ERROR_REDIS_PROTOCOL ||
           err->code == ERROR_REDIS_UNREADY || err->code == ERROR_REDIS_CONNECTION);
}

static void ask_probe(struct redis_connection *connection)
{
    struct redis_probe probe;
    struct error err = {0};
    bool has = false;
    if (redis_probe_connection(connection, &probe, &err) < 0) {
        check_error(&err);
        return;
    }
    assert(probe.keys >= 0 && probe.databases >= 1 && probe.version[0] && probe.engine[0]);
    if (redis_probe_has_command(connection, "hotkeys", &has, &err) < 0)
        check_error(&err);
}

static void ask_nodes(struct redis_connection *connection, enum redis_mode mode)
{
    const struct redis_probe probe = {.mode = mode, .role = REDIS_ROLE_MASTER};
    struct redis_nodes nodes;
    struct error err = {0};
    int status = redis_nodes_ask(connection, &probe, &reached, NULL, &nodes, &err);
    if (status < 0)
        check_error(&err);
    assert(status < 0 || (nodes.count >= 1 && nodes.count <= REDIS_NODES_MAX));
    for (int i = 0; i < nodes.count; i++)
        assert(nodes.items[i].endpoint.host[0] && nodes.items[i].endpoint.port > 0);
    redis_nodes_release(&nodes);
}

static void ask_topology(struct redis_connection *connection)
{
    struct redis_topology topology;
    struct error err = {0};
    if (redis_topology_ask(connection, &reached, NULL, &topology, &err) < 0) {
        check_error(&err);
    } else {
        assert(topology.self >= 0 && topology.self < topology.count);
        for (int i = 0; i < topology.count; i++)
            assert(topology.members[i].endpoint.host[0] && topology.members[i].id[0]);
    }
    redis_topology_release(&topology);
}

static void ask_parameters(struct redis_connection *connection, int version)
{
    static const char *const names[] = {"maxmemory-policy", "databases", "lazyfree-lazy-expire"};
    enum { NAMES = sizeof(names) / sizeof(names[0]) };
    const struct redis_probe probe = {.redis_version = version};
    struct redis_parameters parameters;
    struct error err = {0};
    int found = 0;
    int status = redis_parameters_ask(connection, &probe, names, NAMES, &parameters, &err);
    if (status < 0)
        check_error(&err);
    for (int i = 0; i < NAMES; i++) {
        const char *value = parameters.values[i];
        found += value != NULL;
        assert(!value || strlen(value) <= REDIS_PARAMETER_BYTES_MAX);
        for (const char *c = value; c && *c; c++)
            assert(*c >= ' ' && *c <= '~');
    }
    assert(found == parameters.count);
    redis_parameters_release(&parameters);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length < 1)
        return 0;
    struct redis_connection *connection =
        fuzz_replies_open((struct text){(const char *)bytes + 1, length - 1});
    switch (bytes[0]) {
    case 'p':
        ask_probe(connection);
        break;
    case 'n':
        ask_nodes(connection, REDIS_MODE_STANDALONE);
        break;
    case 's':
        ask_nodes(connection, REDIS_MODE_CLUSTER);
        break;
    case 't':
        ask_topology(connection);
        break;
    case 'o':
        ask_parameters(connection, 60200);
        break;
    default:
        ask_parameters(connection, 70000);
        break;
    }
    redis_connection_free(connection);
    return 0;
}
