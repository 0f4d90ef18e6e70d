/* A Sentinel that answers anything: its nodes are bounded and have addresses. */
#include <assert.h>

#include "fuzz_replies.h"
#include "redis/sentinel.h"

static void ask(struct text bytes, const char *master, const struct address_map *map)
{
    struct redis_sentinel_view view;
    struct error err = {0};
    struct redis_connection *connection = fuzz_replies_open(bytes);
    if (redis_sentinel_ask(connection, master, map, &view, &err) == 0) {
        assert(view.count >= 1 && view.count <= REDIS_SENTINEL_NODES_MAX);
        for (int i = 0; i < view.count; i++)
            assert(view.items[i].host[0] && view.items[i].port >= 1 && view.items[i].port <= 65535);
    } else {
        assert(err.code == ERROR_REDIS_REFUSED || err.code == ERROR_REDIS_PROTOCOL ||
               err.code == ERROR_REDIS_UNREADY || err.code == ERROR_REDIS_CONNECTION);
    }
    redis_connection_free(connection);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct text replies = {(const char *)bytes, length};
    struct address_map map;
    struct error err = {0};
    if (address_map_parse("127.0.0.1:6379=10.0.0.1:1", &map, &err) < 0)
        return 0;
    ask(replies, NULL, NULL);
    ask(replies, "mymaster", &map);
    address_map_release(&map);
    return 0;
}
