/* Expired keys: nothing is asked about a key.  A master deletes every expired key that SCAN passes
 * and counts it; a replica deletes nothing. */
#include "method.h"

#include "redis/probe.h"

static const char *expired_check(const struct scan_server *server)
{
    return server->probe->role == REDIS_ROLE_MASTER
               ? NULL
               : "a replica: expired keys are released on masters only";
}

static void expired_merge(void *state, const void *other)
{
    (void)state;
    (void)other;
}

static void expired_finish(void *state, const struct shard_map *map, struct scan_outcome *outcome)
{
    (void)state;
    (void)map;
    outcome->num = outcome->expired_released;
}

const struct scan_method scan_method_expired = {
    .check = expired_check,
    .merge = expired_merge,
    .finish = expired_finish,
};
