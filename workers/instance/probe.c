/* Dials, asks, records.  Nothing that a server says becomes a failure of ours, and none of ours one
 * of its. */
#include "instance/probe.h"

#include "base/clock.h"
#include "base/scope.h"
#include "finding.h"
#include "model/instance_store.h"
#include "redis/sentinel.h"

enum { TIMEOUTS_OF_A_PROBE = 4 };

/* The caller's interrupt and the end of the probe's time. */
struct patience {
    struct redis_interrupt interrupt;
    int64_t longest_ms, ends_ms;
};

static int ask_whether_to_go_on(void *argument, struct error *err)
{
    const struct patience *patience = argument;
    if (patience->interrupt.ask && patience->interrupt.ask(patience->interrupt.argument, err) < 0)
        return -1;
    if (clock_monotonic_ms() >= patience->ends_ms)
        return error_set(err, ERROR_REDIS_TIMEOUT, "not probed within %lld ms",
                         (long long)patience->longest_ms);
    return 0;
}

/* A Sentinel's master becomes the target's endpoint. */
static int follow_sentinel(struct instance_target *target, struct redis_interrupt interrupt,
                           struct error *err)
{
    struct redis_sentinel_view view;
    if (!target->sentinel_master)
        return 0;
    if (redis_sentinel_find(&target->redis, target->sentinel_master, &target->address_map,
                            interrupt, &view, err) < 0)
        return -1;
    target->redis.endpoint = view.items[0];
    return 0;
}

static int probe_endpoint(struct instance_target *target, struct redis_interrupt interrupt,
                          struct finding *ret_finding, struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    *ret_finding = (struct finding){0};
    if (follow_sentinel(target, interrupt, err) == 0 &&
        redis_connection_open(&target->redis, interrupt, &connection, err) == 0 &&
        finding_ask(ret_finding, connection, target, err) == 0)
        return 0;
    finding_release(ret_finding);
    return -1;
}

/* Fails with what the first endpoint failed with, unless the caller's interrupt ended it. */
static int probe_endpoints(struct instance_target *target, struct patience *patience,
                           struct finding *ret_finding, struct error *err)
{
    struct redis_interrupt interrupt = {ask_whether_to_go_on, patience};
    const char *rest = target->endpoints;
    struct error first = {0}, stop = {0};
    while (stop.code == ERROR_NONE) {
        struct error failure = {0};
        int found = instance_target_next_endpoint(target, &rest, &failure);
        if (found > 0 && probe_endpoint(target, interrupt, ret_finding, &failure) == 0)
            return 0;
        if (found == 0)
            break;
        if (first.code == ERROR_NONE)
            first = failure;
        ask_whether_to_go_on(patience, &stop);
    }
    *err = stop.code == ERROR_SCAN_CANCELLED ? stop : first;
    return -1;
}

static int shorter(int64_t a, int64_t b)
{
    return (int)(a < b ? a : b);
}

static int probe(const struct config *config, struct instance_target *target,
                 struct redis_interrupt interrupt, struct finding *ret_finding, struct error *err)
{
    int64_t longest_ms = TIMEOUTS_OF_A_PROBE * config->probe_timeout_ms;
    struct patience patience = {interrupt, longest_ms, clock_monotonic_ms() + longest_ms};
    struct redis_target *redis = &target->redis;
    redis->connect_timeout_ms = shorter(redis->connect_timeout_ms, config->probe_timeout_ms);
    redis->reply_timeout_ms = shorter(redis->reply_timeout_ms, config->probe_timeout_ms);
    if (probe_endpoints(target, &patience, ret_finding, err) < 0)
        return -1;
    if (finding_check_mode(ret_finding, target, err) == 0)
        return 0;
    finding_release(ret_finding);
    return -1;
}

static int execute(struct pg_session *session, const struct pg_statement *statement,
                   const struct pg_parameters *parameters, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (pg_session_execute(session, statement, parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count == 0)
        return error_set(err, ERROR_NOT_FOUND, "the instance was removed or changed meanwhile");
    return 0;
}

static int record_success(struct pg_session *session, const struct instance *instance,
                          const struct instance_target *target, const struct finding *finding,
                          struct error *err)
{
    const struct redis_probe *server = &finding->server;
    char capabilities[FINDING_CAPABILITIES_MAX];
    SCOPED(json_writer_release) struct json_writer values, nodes;
    struct pg_parameters parameters;
    json_writer_init(&values);
    json_writer_init(&nodes);
    bool told = finding_write_parameters(finding, &values);
    finding_write_nodes(finding, &nodes);
    finding_capabilities(finding, target, capabilities);
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, instance->project_id);
    pg_parameters_add_reference(&parameters, instance->id);
    pg_parameters_add_reference(&parameters, server->engine);
    pg_parameters_add_reference(&parameters, server->version);
    pg_parameters_add_reference(&parameters, capabilities);
    pg_parameters_add_reference(&parameters, finding_role(finding));
    pg_parameters_add_reference(&parameters, finding_mode(finding));
    pg_parameters_add_integer(&parameters, server->databases);
    pg_parameters_add_integer(&parameters, server->used_memory);
    pg_parameters_add_integer(&parameters, server->maxmemory);
    pg_parameters_add_reference(&parameters,
                                server->maxmemory_policy[0] ? server->maxmemory_policy : NULL);
    pg_parameters_add_reference(&parameters, told ? values.text : NULL);
    pg_parameters_add_reference(&parameters, nodes.text);
    pg_parameters_add_integer(&parameters, instance->version);
    return execute(session, &instance_probe_succeed, &parameters, err);
}

/* Leaves the probe's own reason in err, and what went wrong with the record before it. */
static void record_failure(struct pg_session *session, const struct config *config,
                           const struct instance *instance, struct error *err)
{
    struct pg_parameters parameters;
    struct error unrecorded = {0};
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, instance->project_id);
    pg_parameters_add_reference(&parameters, instance->id);
    pg_parameters_add_reference(&parameters, err->text);
    pg_parameters_add_integer(&parameters, config->probe_down_seconds);
    pg_parameters_add_integer(&parameters, instance->version);
    if (execute(session, &instance_probe_fail, &parameters, &unrecorded) < 0)
        error_prefix(err, "not recorded (%s)", unrecorded.text);
}

static bool says_nothing_about_the_server(enum error_code code)
{
    return code == ERROR_CONFIG || code == ERROR_SECRET || code == ERROR_SECRET_KEY ||
           code == ERROR_SCAN_CANCELLED;
}

int instance_probe(struct pg_session *session, const struct instance_access *access,
                   const struct pg_rows *rows, int row, struct redis_interrupt interrupt,
                   struct error *err)
{
    SCOPED(instance_target_release) struct instance_target target = {0};
    SCOPED(finding_release) struct finding finding = {0};
    struct instance instance;
    instance_read(rows, row, 0, &instance);
    struct instance_identity identity = {instance.project_id, instance.id};
    if (instance_target_init(&target, rows, row, INSTANCE_COLUMN_COUNT, identity, access, err) ==
            0 &&
        probe(access->config, &target, interrupt, &finding, err) == 0)
        return record_success(session, &instance, &target, &finding, err);
    if (!says_nothing_about_the_server(err->code))
        record_failure(session, access->config, &instance, err);
    return -1;
}
