/* What a descriptor is needed for beside clients, counted generously. */
#include "descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "linger.h"

enum {
    OF_PROCESS = 64 + 72, /* with the operations listener and its connections */
    OF_LOOP = 8 + LINGERING_MAX,
    OF_DATABASE_CONNECTION = 4, /* libpq's, the loop's duplicate, and those of a second attempt */
    CONNECTIONS_LEAST = 64,
};

static int raise_limit(int64_t *ret_limit, struct error *err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return error_set(err, ERROR_CONFIG, "RLIMIT_NOFILE: %s", strerror(errno));
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        limit.rlim_cur = before;
    *ret_limit = limit.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)limit.rlim_cur;
    return 0;
}

int descriptors_plan(const struct config *config, int loops, int64_t *ret_connections,
                     struct error *err)
{
    int64_t limit = 0;
    int64_t of_loop = OF_LOOP + OF_DATABASE_CONNECTION * config->database_connections;
    if (raise_limit(&limit, err) < 0)
        return -1;
    int64_t room = limit - OF_PROCESS - of_loop * loops;
    *ret_connections = config->connections_max;
    if (room >= config->connections_max)
        return 0;
    if (room < CONNECTIONS_LEAST)
        return error_set(err, ERROR_CONFIG,
                         "RLIMIT_NOFILE: %lld descriptors are too few for %d loops and at least %d "
                         "connections",
                         (long long)limit, loops, CONNECTIONS_LEAST);
    LOG_WARNING("connections_limited", LOG_NUMBER("connections_max", config->connections_max),
                LOG_NUMBER("connections", room), LOG_NUMBER("descriptors", limit));
    *ret_connections = room;
    return 0;
}
