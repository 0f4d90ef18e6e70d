/* A few addresses, each once. */
#include "seeds.h"

#include <string.h>

void scan_seeds_add(struct scan_seeds *seeds, const struct endpoint *endpoint)
{
    for (int i = 0; i < seeds->count; i++) {
        if (seeds->items[i].port == endpoint->port &&
            strcmp(seeds->items[i].host, endpoint->host) == 0)
            return;
    }
    if (seeds->count < SCAN_SEEDS_MAX)
        seeds->items[seeds->count++] = *endpoint;
}

void scan_seeds_init(struct scan_seeds *seeds, const struct scan_request *request)
{
    const char *rest = request->endpoints ? request->endpoints : "";
    seeds->count = 0;
    while (*rest) {
        struct endpoint endpoint;
        size_t length = strcspn(rest, ",");
        if (endpoint_parse((struct text){rest, length}, &endpoint) == 0)
            scan_seeds_add(seeds, &endpoint);
        rest += length + (rest[length] == ',');
    }
    if (seeds->count == 0)
        scan_seeds_add(seeds, &request->target.endpoint);
}
