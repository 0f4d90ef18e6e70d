/* A few entries, searched from the first to the last. */
#include "redis/address_map.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void redis_address_map_release(struct redis_address_map *map)
{
    free(map->items);
    *map = (struct redis_address_map){0};
}

/* With a port, or a host alone whose port is 0. */
static int parse_address(struct text text, struct endpoint *ret_endpoint)
{
    bool bracketed = text.length > 2 && text.bytes[0] == '[' && text.bytes[text.length - 1] == ']';
    if (endpoint_parse(text, ret_endpoint) == 0)
        return 0;
    if (bracketed)
        text = (struct text){text.bytes + 1, text.length - 2};
    bool is_v6 = text.length > 0 && memchr(text.bytes, ':', text.length);
    if (is_v6 != bracketed || endpoint_init(text, 1, ret_endpoint) < 0)
        return -1;
    ret_endpoint->port = 0;
    return 0;
}

static int parse_entry(struct text text, struct redis_address *ret_address)
{
    const char *equals = text.length > 0 ? memchr(text.bytes, '=', text.length) : NULL;
    if (!equals)
        return -1;
    struct text announced = {text.bytes, (size_t)(equals - text.bytes)};
    struct text reachable = {equals + 1, text.length - announced.length - 1};
    if (parse_address(announced, &ret_address->announced) < 0 ||
        parse_address(reachable, &ret_address->reachable) < 0)
        return -1;
    return (ret_address->announced.port == 0) == (ret_address->reachable.port == 0) ? 0 : -1;
}

static const struct redis_address *find(const struct redis_address_map *map, const char *host,
                                        int port)
{
    for (int i = 0; i < map->count; i++) {
        const struct endpoint *announced = &map->items[i].announced;
        if (announced->port == port && strcasecmp(announced->host, host) == 0)
            return &map->items[i];
    }
    return NULL;
}

static int add(struct redis_address_map *map, struct text entry, struct error *err)
{
    struct redis_address address;
    if (map->count == REDIS_ADDRESS_MAP_ENTRIES_MAX)
        return error_set(err, ERROR_CONFIG, "address map: more than %d entries",
                         REDIS_ADDRESS_MAP_ENTRIES_MAX);
    if (parse_entry(entry, &address) < 0)
        return error_set(err, ERROR_CONFIG,
                         "address map: entry %d is neither `host:port=host:port` nor `host=host`",
                         map->count + 1);
    if (find(map, address.announced.host, address.announced.port))
        return error_set(err, ERROR_CONFIG,
                         "address map: entry %d is for an address that has one already",
                         map->count + 1);
    if ((map->count & (map->count - 1)) == 0) {
        size_t capacity = map->count > 0 ? 2 * (size_t)map->count : 1;
        map->items = realloc(map->items, capacity * sizeof(*map->items));
        if (!map->items)
            abort();
    }
    map->items[map->count++] = address;
    return 0;
}

int redis_address_map_parse(const char *text, struct redis_address_map *ret_map, struct error *err)
{
    *ret_map = (struct redis_address_map){0};
    if (!text || !*text)
        return 0;
    if (strnlen(text, REDIS_ADDRESS_MAP_BYTES_MAX + 1) > REDIS_ADDRESS_MAP_BYTES_MAX)
        return error_set(err, ERROR_CONFIG, "address map: longer than %d bytes",
                         REDIS_ADDRESS_MAP_BYTES_MAX);
    for (const char *rest = text;;) {
        size_t length = strcspn(rest, ",");
        if (add(ret_map, (struct text){rest, length}, err) < 0)
            return -1;
        if (!rest[length])
            return 0;
        rest += length + 1;
    }
}

void redis_address_map_apply(const struct redis_address_map *map, struct endpoint *endpoint)
{
    const struct redis_address *found = NULL;
    if (!map)
        return;
    found = find(map, endpoint->host, endpoint->port);
    if (!found)
        found = find(map, endpoint->host, 0);
    if (!found)
        return;
    int port = found->reachable.port ? found->reachable.port : endpoint->port;
    *endpoint = found->reachable;
    endpoint->port = port;
}
