/* What is not told is taken as not in sync. */
#include "redis/replication.h"

#include <string.h>

#include "redis/info.h"

static bool is_linked(struct text info)
{
    struct text status;
    int64_t syncing = 0, loading = 0;
    redis_info_integer(info, "master_sync_in_progress", &syncing);
    redis_info_integer(info, "loading", &loading);
    return redis_info_find(info, "master_link_status", &status) &&
           text_equals(status, TEXT("up")) && syncing == 0 && loading == 0;
}

void redis_replication_parse(struct text info, enum redis_role role,
                             struct redis_replication *ret_replication)
{
    bool replica = role == REDIS_ROLE_REPLICA;
    struct text id, host;
    int64_t port;
    *ret_replication = (struct redis_replication){.role = role};
    redis_info_integer(info, replica ? "slave_repl_offset" : "master_repl_offset",
                       &ret_replication->offset);
    if (redis_info_find(info, "master_replid", &id) && id.length <= REDIS_NODE_ID_MAX)
        memcpy(ret_replication->id, id.bytes, id.length);
    if (!replica)
        return;
    ret_replication->linked = is_linked(info);
    if (redis_info_find(info, "master_host", &host) &&
        redis_info_integer(info, "master_port", &port) == 0)
        endpoint_init(host, port, &ret_replication->source);
}

bool redis_replication_is_same(const struct redis_replication *a, const struct redis_replication *b)
{
    return a->role == b->role && strcmp(a->id, b->id) == 0 &&
           strcmp(a->source.host, b->source.host) == 0 && a->source.port == b->source.port;
}
