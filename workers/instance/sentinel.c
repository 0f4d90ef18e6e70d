/* A Sentinel is asked without a password first: most have none, refuse one, and need not see ours.
 */
#include "sentinel.h"

#include "base/scope.h"

static int ask(struct redis_connection *connection, const char *name, struct endpoint *ret_master,
               struct error *err)
{
    const struct text words[] = {TEXT("SENTINEL"), TEXT("GET-MASTER-ADDR-BY-NAME"), text_of(name)};
    const struct redis_reply *reply;
    int64_t port;
    if (redis_connection_call(connection, words, 3, &reply, err) < 0)
        return -1;
    if (reply->kind == REDIS_ERROR)
        return redis_connection_unexpected(connection, reply, "SENTINEL", err);
    if (reply->kind == REDIS_NIL)
        return error_set(err, ERROR_REDIS_REFUSED, "%s: the Sentinel knows no master '%s'",
                         redis_connection_name(connection), name);
    if (reply->kind != REDIS_ARRAY || reply->count != 2 ||
        reply->elements[0].kind != REDIS_STRING || reply->elements[1].kind != REDIS_STRING ||
        text_parse_integer(reply->elements[1].text, &port) < 0 ||
        endpoint_init(reply->elements[0].text, port, ret_master) < 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "%s: SENTINEL: no address in the reply",
                         redis_connection_name(connection));
    return 0;
}

static int ask_at(const struct redis_target *sentinel, const char *name,
                  struct redis_interrupt interrupt, struct endpoint *ret_master, struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    if (redis_connection_open(sentinel, interrupt, &connection, err) < 0)
        return -1;
    return ask(connection, name, ret_master, err);
}

int sentinel_follow(struct instance_target *target, struct redis_interrupt interrupt,
                    struct error *err)
{
    struct redis_target sentinel = target->redis;
    struct endpoint master;
    sentinel.username = sentinel.password = NULL;
    int status = ask_at(&sentinel, target->sentinel_master, interrupt, &master, err);
    if (status < 0 && err->code == ERROR_REDIS_REFUSED && target->password) {
        struct error again = {0};
        status = ask_at(&target->redis, target->sentinel_master, interrupt, &master, &again);
        *err = again;
    }
    if (status < 0)
        return -1;
    address_map_apply(&target->address_map, &master);
    target->redis.endpoint = master;
    return 0;
}
