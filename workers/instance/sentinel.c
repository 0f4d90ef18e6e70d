/* A Sentinel is asked without a password first: most have none, refuse one, and need not see ours.
 */
#include "sentinel.h"

#include "base/scope.h"
#include "redis/sentinel.h"

static int ask_at(const struct instance_target *target, const struct redis_target *sentinel,
                  struct redis_interrupt interrupt, struct endpoint *ret_master, struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    struct redis_sentinel_view view;
    if (redis_connection_open(sentinel, interrupt, &connection, err) < 0 ||
        redis_sentinel_ask(connection, target->sentinel_master, &target->address_map, &view, err) <
            0)
        return -1;
    *ret_master = view.items[0];
    return 0;
}

int sentinel_follow(struct instance_target *target, struct redis_interrupt interrupt,
                    struct error *err)
{
    struct redis_target sentinel = target->redis;
    struct endpoint master;
    sentinel.username = sentinel.password = NULL;
    int status = ask_at(target, &sentinel, interrupt, &master, err);
    if (status < 0 && err->code == ERROR_REDIS_REFUSED && target->password) {
        struct error again = {0};
        status = ask_at(target, &target->redis, interrupt, &master, &again);
        *err = again;
    }
    if (status < 0)
        return -1;
    target->redis.endpoint = master;
    return 0;
}
