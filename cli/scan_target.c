/* INFO tells what a server is, SENTINEL GET-MASTER-ADDR-BY-NAME where a master is
 * (redis.io/docs/latest/operate/oss_and_stack/management/sentinel). */
#include "scan_target.h"

#include <string.h>

#include "base/scope.h"

/* A sentinel has credentials of its own and mostly none: the password is shown to it only where it
 * asks for one. */
static int open_sentinel(const struct scan_options *options, struct redis_interrupt interrupt,
                         struct redis_connection **ret_connection, struct error *err)
{
    struct redis_target target = options->request.target;
    target.username = target.password = NULL;
    int status = redis_connection_open(&target, interrupt, ret_connection, err);
    if (status == 0 || err->code != ERROR_REDIS_REFUSED || !options->request.target.password)
        return status;
    error_clear(err);
    return redis_connection_open(&options->request.target, interrupt, ret_connection, err);
}

static int take_address(const struct redis_reply *reply, struct endpoint *ret_endpoint)
{
    int64_t port;
    if (reply->kind != REDIS_ARRAY || reply->count != 2 ||
        reply->elements[0].kind != REDIS_STRING || reply->elements[1].kind != REDIS_STRING ||
        text_parse_integer(reply->elements[1].text, &port) < 0)
        return -1;
    return endpoint_init(reply->elements[0].text, port, ret_endpoint);
}

static int ask_sentinel(struct scan_options *options, struct redis_interrupt interrupt,
                        struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    const char *master = options->sentinel_master;
    const struct text words[] = {TEXT("SENTINEL"), TEXT("get-master-addr-by-name"),
                                 text_of(master)};
    const struct redis_reply *reply;
    if (open_sentinel(options, interrupt, &connection, err) < 0 ||
        redis_connection_call(connection, words, 3, &reply, err) < 0)
        return -1;
    if (reply->kind == REDIS_NIL || (reply->kind == REDIS_ARRAY && reply->count == 0))
        return error_set(err, ERROR_REDIS_REFUSED, "%s: the sentinel knows no master '%s'",
                         redis_connection_name(connection), master);
    if (take_address(reply, &options->request.target.endpoint) == 0)
        return 0;
    return redis_connection_unexpected(connection, reply, "SENTINEL get-master-addr-by-name", err);
}

static int probe(const struct scan_options *options, const struct endpoint *endpoint,
                 struct redis_interrupt interrupt, struct scan_target *target, struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    struct redis_target place = options->request.target;
    place.endpoint = *endpoint;
    target->endpoint = *endpoint;
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
    if ((options->sentinel_master && ask_sentinel(options, interrupt, err) < 0) ||
        probe_any(options, interrupt, ret_target, err) < 0)
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
    join(options, ret_target);
    request->endpoints = ret_target->endpoints;
    if (cluster)
        request->layout = SCAN_CLUSTER;
    else
        request->layout = options->endpoint_count > 0 ? SCAN_REPLICATED : SCAN_ONE_SERVER;
    return 0;
}
