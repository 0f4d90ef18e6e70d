/* INFO tells what a server is, and a Sentinel where it is.  Only to find out and to say so: the
 * engine looks for itself. */
#include "scan_target.h"

#include <string.h>

#include "base/address_map.h"
#include "base/scope.h"
#include "redis/sentinel.h"

/* The Sentinel's master instead of the Sentinel. */
static int follow(const struct scan_request *request, struct redis_interrupt interrupt,
                  struct redis_target *place, struct error *err)
{
    struct redis_sentinel_view view;
    struct address_map map;
    if (!request->sentinel_master)
        return 0;
    if (address_map_parse(request->address_map, &map, err) < 0)
        return -1;
    int status = redis_sentinel_find(place, request->sentinel_master, &map, interrupt, &view, err);
    address_map_release(&map);
    if (status == 0)
        place->endpoint = view.items[0];
    return status;
}

static int probe(const struct scan_options *options, const struct endpoint *endpoint,
                 struct redis_interrupt interrupt, struct scan_target *target, struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    struct redis_target place = options->request.target;
    place.endpoint = *endpoint;
    if (follow(&options->request, interrupt, &place, err) < 0)
        return -1;
    target->endpoint = place.endpoint;
    if (redis_connection_open(&place, interrupt, &connection, err) < 0)
        return -1;
    return redis_probe_connection(connection, &target->probe, err);
}

/* The first failure is the one that is told. */
static int probe_any(const struct scan_options *options, struct redis_interrupt interrupt,
                     struct scan_target *target, struct error *err)
{
    if (probe(options, &options->request.target.endpoint, interrupt, target, err) == 0)
        return 0;
    for (int i = 0; i < options->endpoint_count && err->code != ERROR_SCAN_CANCELLED; i++) {
        struct error failure = {0};
        if (probe(options, &options->endpoints[i], interrupt, target, &failure) == 0) {
            error_clear(err);
            return 0;
        }
        if (failure.code == ERROR_SCAN_CANCELLED)
            *err = failure;
    }
    return -1;
}

static void join(const struct scan_options *options, struct scan_target *target)
{
    char *end = target->endpoints;
    endpoint_format(&options->request.target.endpoint, end);
    for (int i = 0; i < options->endpoint_count; i++) {
        end += strlen(end);
        *end++ = ',';
        endpoint_format(&options->endpoints[i], end);
    }
}

int scan_target_find(struct scan_options *options, struct redis_interrupt interrupt,
                     struct scan_target *ret_target, struct error *err)
{
    struct scan_request *request = &options->request;
    char name[ENDPOINT_TEXT_MAX + 1];
    *ret_target = (struct scan_target){0};
    if (probe_any(options, interrupt, ret_target, err) < 0)
        return -1;
    endpoint_format(&ret_target->endpoint, name);
    if (ret_target->probe.mode == REDIS_MODE_SENTINEL)
        return error_set(err, ERROR_REDIS_REFUSED,
                         "%s: a sentinel, which has no keys; name its master with "
                         "--sentinel-master",
                         name);
    bool cluster = ret_target->probe.mode == REDIS_MODE_CLUSTER;
    if (cluster && request->hotkeys_command)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "%s: a node of a cluster, where hot keys come from LFU counters only; "
                         "leave out --hotkeys-command",
                         name);
    bool replicated = request->sentinel_master || options->endpoint_count > 0;
    join(options, ret_target);
    request->endpoints = ret_target->endpoints;
    request->layout = cluster ? SCAN_CLUSTER : replicated ? SCAN_REPLICATED : SCAN_ONE_SERVER;
    return 0;
}
