/* INFO out of any text: what is read of it is within its bounds. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "redis/info.h"
#include "redis/probe.h"
#include "redis/replication.h"

static void read_databases(struct text info)
{
    struct redis_keyspace keyspace;
    size_t left = info.length;
    while (redis_info_next_database(&info, &keyspace) > 0) {
        assert(keyspace.db >= 0 && keyspace.keys >= 0 && keyspace.expires >= 0);
        assert(info.length < left);
        left = info.length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct text info = {(const char *)bytes, length};
    struct redis_probe probe;
    struct redis_replication replication;
    struct error err = {0};
    read_databases(info);
    redis_replication_parse(info, REDIS_ROLE_REPLICA, &replication);
    assert(strlen(replication.id) <= REDIS_NODE_ID_MAX);
    if (redis_probe_parse(info, &probe, &err) < 0) {
        assert(err.code == ERROR_REDIS_PROTOCOL);
        return 0;
    }
    assert(probe.redis_version >= 0 && probe.keys >= 0 && probe.version[0] && probe.engine[0]);
    assert(probe.databases >= 1);
    return 0;
}
