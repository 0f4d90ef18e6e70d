/* Answers are lists of names and values in turn; what is not understood of a replica leaves it out.
 */
#include "redis/sentinel.h"

#include <string.h>

enum { NAME_MAX_BYTES = 256 };

static bool find_field(const struct redis_reply *fields, const char *name, struct text *ret_value)
{
    if (fields->kind != REDIS_ARRAY)
        return false;
    for (size_t i = 0; i + 1 < fields->count; i += 2) {
        if (redis_reply_is(&fields->elements[i], REDIS_STRING, text_of(name)) &&
            fields->elements[i + 1].kind == REDIS_STRING) {
            *ret_value = fields->elements[i + 1].text;
            return true;
        }
    }
    return false;
}

static int refuse(const struct redis_connection *connection, const char *reason, struct error *err)
{
    error_set(err, ERROR_REDIS_REFUSED, "%s", reason);
    return error_prefix(err, "%s", redis_connection_name(connection));
}

static int call(struct redis_connection *connection, const char *what, const char *master,
                const struct redis_reply **ret_reply, struct error *err)
{
    const struct text words[] = {TEXT("SENTINEL"), text_of(what), text_of(master ? master : "")};
    return redis_connection_call(connection, words, master ? 3 : 2, ret_reply, err);
}

static int find_only_master(struct redis_connection *connection, char ret_name[NAME_MAX_BYTES + 1],
                            struct error *err)
{
    const struct redis_reply *reply;
    struct text name;
    if (call(connection, "masters", NULL, &reply, err) < 0)
        return -1;
    if (reply->kind != REDIS_ARRAY)
        return redis_connection_unexpected(connection, reply, "SENTINEL masters", err);
    if (reply->count == 0)
        return refuse(connection, "the Sentinel watches no master", err);
    if (reply->count > 1)
        return refuse(connection, "the Sentinel watches several masters, and none is named", err);
    if (!find_field(&reply->elements[0], "name", &name) || name.length == 0 ||
        name.length > NAME_MAX_BYTES || memchr(name.bytes, '\0', name.length))
        return redis_connection_unexpected(connection, reply, "SENTINEL masters", err);
    memcpy(ret_name, name.bytes, name.length);
    ret_name[name.length] = '\0';
    return 0;
}

static int add(struct redis_sentinel_view *view, struct text host, struct text port,
               const struct address_map *map)
{
    int64_t number;
    struct endpoint endpoint;
    if (text_parse_integer(port, &number) < 0 || endpoint_init(host, number, &endpoint) < 0)
        return -1;
    address_map_apply(map, &endpoint);
    view->items[view->count++] = endpoint;
    return 0;
}

static int ask_master(struct redis_connection *connection, const char *master,
                      const struct address_map *map, struct redis_sentinel_view *view,
                      struct error *err)
{
    const struct redis_reply *reply;
    if (call(connection, "get-master-addr-by-name", master, &reply, err) < 0)
        return -1;
    if (reply->kind == REDIS_NIL)
        return refuse(connection, "the Sentinel watches no master of that name", err);
    if (reply->kind != REDIS_ARRAY || reply->count != 2 ||
        reply->elements[0].kind != REDIS_STRING || reply->elements[1].kind != REDIS_STRING ||
        add(view, reply->elements[0].text, reply->elements[1].text, map) < 0)
        return redis_connection_unexpected(connection, reply, "SENTINEL get-master-addr-by-name",
                                           err);
    return 0;
}

/* `slave,s_down,disconnected`: the Sentinel does not reach it, so nobody waits for it. */
static bool is_well(const struct redis_reply *fields)
{
    struct text flags;
    return find_field(fields, "flags", &flags) &&
           !memmem(flags.bytes, flags.length, "_down", strlen("_down")) &&
           !memmem(flags.bytes, flags.length, "disconnected", strlen("disconnected"));
}

/* Before Redis 5.0 they were asked for by another name. */
static int ask_replicas(struct redis_connection *connection, const char *master,
                        const struct address_map *map, struct redis_sentinel_view *view,
                        struct error *err)
{
    const struct redis_reply *reply;
    if (call(connection, "replicas", master, &reply, err) < 0)
        return -1;
    if (reply->kind == REDIS_ERROR && call(connection, "slaves", master, &reply, err) < 0)
        return -1;
    if (reply->kind != REDIS_ARRAY)
        return redis_connection_unexpected(connection, reply, "SENTINEL slaves", err);
    for (size_t i = 0; i < reply->count && view->count < REDIS_SENTINEL_NODES_MAX; i++) {
        struct text host, port;
        if (is_well(&reply->elements[i]) && find_field(&reply->elements[i], "ip", &host) &&
            find_field(&reply->elements[i], "port", &port))
            (void)add(view, host, port, map);
    }
    return 0;
}

int redis_sentinel_ask(struct redis_connection *connection, const char *master,
                       const struct address_map *map, struct redis_sentinel_view *ret_view,
                       struct error *err)
{
    char only[NAME_MAX_BYTES + 1];
    ret_view->count = 0;
    if (!master) {
        if (find_only_master(connection, only, err) < 0)
            return -1;
        master = only;
    }
    return ask_master(connection, master, map, ret_view, err) < 0 ||
                   ask_replicas(connection, master, map, ret_view, err) < 0
               ? -1
               : 0;
}

static int open_and_ask(const struct redis_target *sentinel, const char *master,
                        const struct address_map *map, struct redis_interrupt interrupt,
                        struct redis_sentinel_view *ret_view, bool *ret_opened, struct error *err)
{
    struct redis_connection *connection = NULL;
    *ret_opened = redis_connection_open(sentinel, interrupt, &connection, err) == 0;
    if (!*ret_opened)
        return -1;
    int status = redis_sentinel_ask(connection, master, map, ret_view, err);
    redis_connection_free(connection);
    return status;
}

int redis_sentinel_find(const struct redis_target *sentinel, const char *master,
                        const struct address_map *map, struct redis_interrupt interrupt,
                        struct redis_sentinel_view *ret_view, struct error *err)
{
    struct redis_target bare = *sentinel;
    struct error again = {0};
    bool opened, let_in;
    bare.username = bare.password = NULL;
    if (open_and_ask(&bare, master, map, interrupt, ret_view, &opened, err) == 0)
        return 0;
    if (err->code != ERROR_REDIS_REFUSED || !sentinel->password)
        return -1;
    int status = open_and_ask(sentinel, master, map, interrupt, ret_view, &let_in, &again);
    /* One that answers without credentials and refuses these has told its reason already. */
    if (status == 0 || let_in || !opened || again.code != ERROR_REDIS_REFUSED)
        *err = again;
    return status;
}
