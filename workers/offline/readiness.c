/* Old servers do not tell all of it: what is not told is no obstacle, but the memory's being
 * unknown is remembered. */
#include "readiness.h"

#include "redis/info.h"
#include "redis/replication.h"

enum { MIB = 1 << 20 };

static const struct {
    const char *field, *meaning;
} obstacles[] = {
    {"loading", "the server is still loading its data"},
    {"async_loading", "the server is still loading its data"},
    {"master_sync_in_progress", "the replica is being filled by its master"},
    {"rdb_bgsave_in_progress", "the server has a fork already: it saves, or fills a replica"},
    {"aof_rewrite_in_progress", "the server has a fork already: it rewrites its AOF"},
    {"module_fork_in_progress", "the server has a fork already: a module's"},
};

static int check_state(struct text info, struct error *err)
{
    for (size_t i = 0; i < sizeof(obstacles) / sizeof(obstacles[0]); i++) {
        int64_t number;
        if (redis_info_integer(info, obstacles[i].field, &number) == 0 && number > 0)
            return error_set(err, ERROR_REDIS_UNREADY, "%s (%s:%lld)", obstacles[i].meaning,
                             obstacles[i].field, (long long)number);
    }
    return 0;
}

static int check_replication(struct text info, enum redis_role role, struct error *err)
{
    struct redis_replication replication;
    redis_replication_parse(info, role, &replication);
    return role == REDIS_ROLE_MASTER || replication.linked
               ? 0
               : error_set(err, ERROR_REDIS_UNREADY,
                           "the replica has no link to its master (master_link_status), and hands "
                           "no data on");
}

static bool find_size(struct text info, const char *field, int64_t *ret_bytes)
{
    return redis_info_integer(info, field, ret_bytes) == 0 && *ret_bytes > 0;
}

/* What a fork shares with its parent is copied as it is written to: at worst all of it. */
static int check_memory(struct text info, int percent, struct readiness *readiness,
                        struct error *err)
{
    int64_t total, resident, used;
    readiness->memory_known = find_size(info, "total_system_memory", &total) &&
                              find_size(info, "used_memory_rss", &resident) &&
                              find_size(info, "used_memory", &used);
    if (!readiness->memory_known || percent == 0)
        return 0;
    double left = (double)total - (double)resident, wanted = (double)used * percent / 100;
    return left >= wanted
               ? 0
               : error_set(
                     err, ERROR_REDIS_UNREADY,
                     "too little memory for a fork: %.0f MiB are left of the machine's, "
                     "%.0f MiB are wanted (%d %% of used_memory: offline_fork_memory_percent)",
                     left / MIB, wanted / MIB, percent);
}

int readiness_check(struct text info, int fork_memory_percent, struct readiness *ret_readiness,
                    struct error *err)
{
    *ret_readiness = (struct readiness){0};
    struct redis_probe *server = &ret_readiness->server;
    if (redis_probe_parse(info, server, err) < 0)
        return -1;
    if (server->mode == REDIS_MODE_SENTINEL)
        return error_set(err, ERROR_REDIS_REFUSED, "a Sentinel has no data");
    if (check_state(info, err) < 0 || check_replication(info, server->role, err) < 0)
        return -1;
    return check_memory(info, fork_memory_percent, ret_readiness, err);
}
