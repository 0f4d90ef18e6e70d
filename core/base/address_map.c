/* A list that is searched from its front: it is short, and asked once per connection. */
#include "base/address_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/special_address.h"

/* Both ports are 0 where an entry is about hosts only. */
struct address_map_entry {
    struct endpoint announced, reachable;
};

enum { ANY_PORT = 1 };

/* `host` alone, as it stands in an endpoint. */
static int parse_host(struct text text, struct endpoint *ret_endpoint)
{
    bool bracketed = text.length > 2 && text.bytes[0] == '[' && text.bytes[text.length - 1] == ']';
    if (bracketed)
        text = (struct text){text.bytes + 1, text.length - 2};
    if (text.length == 0 || bracketed != (memchr(text.bytes, ':', text.length) != NULL) ||
        endpoint_init(text, ANY_PORT, ret_endpoint) < 0)
        return -1;
    ret_endpoint->port = 0;
    return 0;
}

static int parse_entry(struct text text, struct address_map_entry *ret_entry)
{
    const char *equals = text.length > 0 ? memchr(text.bytes, '=', text.length) : NULL;
    if (!equals)
        return -1;
    struct text announced = {text.bytes, (size_t)(equals - text.bytes)};
    struct text reachable = {equals + 1, text.length - announced.length - 1};
    if (endpoint_parse(announced, &ret_entry->announced) == 0)
        return endpoint_parse(reachable, &ret_entry->reachable);
    return parse_host(announced, &ret_entry->announced) < 0
               ? -1
               : parse_host(reachable, &ret_entry->reachable);
}

static struct address_map_entry *find(const struct address_map *map, const char *host, int port)
{
    for (int i = 0; map && i < map->count; i++) {
        struct address_map_entry *entry = &map->entries[i];
        if (entry->announced.port == port &&
            text_equals_ignoring_case(text_of(entry->announced.host), text_of(host)))
            return entry;
    }
    return NULL;
}

static int count_entries(const char *text)
{
    int count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    return count;
}

static int fill(struct address_map *map, const char *text, struct error *err)
{
    for (const char *rest = text; rest;) {
        size_t length = strcspn(rest, ",");
        struct address_map_entry *entry = &map->entries[map->count];
        if (parse_entry((struct text){rest, length}, entry) < 0)
            return error_set(err, ERROR_INVALID_PARAMETER,
                             "address map: '%.*s' is neither HOST:PORT=HOST:PORT nor HOST=HOST",
                             length > ENDPOINT_TEXT_MAX ? ENDPOINT_TEXT_MAX : (int)length, rest);
        if (find(map, entry->announced.host, entry->announced.port))
            return error_set(err, ERROR_INVALID_PARAMETER, "address map: '%.*s' comes twice",
                             (int)length, rest);
        map->count++;
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return 0;
}

int address_map_parse(const char *text, struct address_map *ret_map, struct error *err)
{
    struct address_map map = {0};
    *ret_map = map;
    if (!text || !*text)
        return 0;
    int count = count_entries(text);
    if (count > ADDRESS_MAP_ENTRIES_MAX || strlen(text) > ADDRESS_MAP_TEXT_MAX)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "address map: more than %d entries or %d bytes", ADDRESS_MAP_ENTRIES_MAX,
                         ADDRESS_MAP_TEXT_MAX);
    map.entries = calloc((size_t)count, sizeof(*map.entries));
    if (!map.entries)
        abort();
    if (fill(&map, text, err) < 0) {
        address_map_release(&map);
        return -1;
    }
    *ret_map = map;
    return 0;
}

void address_map_release(struct address_map *map)
{
    free(map->entries);
    *map = (struct address_map){0};
}

void address_map_apply(const struct address_map *map, struct endpoint *endpoint)
{
    const struct address_map_entry *entry = find(map, endpoint->host, endpoint->port);
    if (!entry)
        entry = find(map, endpoint->host, 0);
    if (!entry)
        return;
    int port = entry->reachable.port ? entry->reachable.port : endpoint->port;
    *endpoint = entry->reachable;
    endpoint->port = port;
}

const struct endpoint *address_map_find_refused(const struct address_map *map,
                                                const char **ret_reason)
{
    for (int i = 0; i < map->count; i++) {
        *ret_reason = special_address_refusal(map->entries[i].reachable.host);
        if (*ret_reason)
            return &map->entries[i].reachable;
    }
    return NULL;
}
