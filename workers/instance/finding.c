/* What is asked of a server, and how the answers are written down. */
#include "finding.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "model/scan_kind.h"

#define POLICY "maxmemory-policy"

const char *const finding_parameter_names[FINDING_PARAMETER_COUNT] = {
    "timeout",
    POLICY,
    "maxmemory-samples",
    "lfu-log-factor",
    "lfu-decay-time",
    "notify-keyspace-events",
    "slowlog-log-slower-than",
    "slowlog-max-len",
    "latency-monitor-threshold",
    "active-expire-effort",
    "lazyfree-lazy-expire",
    "databases",
    "hash-max-listpack-entries",
    "set-max-intset-entries",
    "zset-max-listpack-entries",
    "proto-max-bulk-len",
};

/* A proxy over several servers may refuse SCAN, or answer it as only one of them would. */
static int ask_proxy(struct redis_connection *connection, bool *ret_scans, struct error *err)
{
    const struct text words[] = {TEXT("SCAN"), TEXT("0"), TEXT("COUNT"), TEXT("1")};
    const struct redis_reply *reply;
    if (redis_connection_call(connection, words, 4, &reply, err) < 0)
        return -1;
    *ret_scans = reply->kind == REDIS_ARRAY && reply->count == 2 &&
                 reply->elements[0].kind == REDIS_STRING && reply->elements[1].kind == REDIS_ARRAY;
    return 0;
}

int finding_ask(struct finding *finding, struct redis_connection *connection,
                const struct instance_target *target, struct error *err)
{
    if (redis_probe_connection(connection, &finding->server, err) < 0 ||
        redis_nodes_ask(connection, &finding->server, &target->redis.endpoint, &target->address_map,
                        &finding->nodes, err) < 0 ||
        redis_parameters_ask(connection, &finding->server, finding_parameter_names,
                             FINDING_PARAMETER_COUNT, &finding->parameters, err) < 0)
        return -1;
    finding->scans = true;
    if (instance_target_is_proxy(target) && ask_proxy(connection, &finding->scans, err) < 0)
        return -1;
    return target->hotkeys_command && !instance_target_is_cluster(target)
               ? redis_probe_has_command(connection, "hotkeys", &finding->hotkeys_command, err)
               : 0;
}

void finding_release(struct finding *finding)
{
    redis_nodes_release(&finding->nodes);
    redis_parameters_release(&finding->parameters);
}

int finding_check_mode(const struct finding *finding, const struct instance_target *target,
                       struct error *err)
{
    bool clustered = instance_target_is_cluster(target);
    bool proxied = instance_target_is_proxy(target);
    if (finding->server.mode == REDIS_MODE_SENTINEL)
        return error_set(
            err, ERROR_REDIS_REFUSED,
            "it is a Sentinel, which holds no data: register it with the name of its master");
    if (!proxied && clustered != (finding->server.mode == REDIS_MODE_CLUSTER))
        return error_set(err, ERROR_REDIS_REFUSED,
                         "the server runs in %s mode, the instance is registered as %s",
                         finding_mode(finding), target->cache_mode);
    return 0;
}

void finding_capabilities(const struct finding *finding, const struct instance_target *target,
                          char ret_names[FINDING_CAPABILITIES_MAX])
{
    struct server_capability server = {.version = finding->server.redis_version,
                                       .lfu = redis_probe_is_lfu(&finding->server),
                                       .hotkeys_command = finding->hotkeys_command};
    size_t length = 0;
    ret_names[0] = '\0';
    bool proxied = instance_target_is_proxy(target);
    if (!instance_target_is_scannable(target) || !finding->scans ||
        (proxied && finding->server.mode != REDIS_MODE_STANDALONE))
        return;
    /* Whose replication stream a proxy would pass on, if it does, nobody knows. */
    for (int i = 0; i < SCAN_KIND_COUNT; i++) {
        bool through_proxy = !proxied || scan_kinds[i].id != SCAN_KIND_OFFLINE;
        if (through_proxy && scan_kind_supported(scan_kinds[i].id, &server))
            length += (size_t)snprintf(ret_names + length, FINDING_CAPABILITIES_MAX - length,
                                       "%s%s", length > 0 ? "," : "", scan_kinds[i].name);
    }
}

const char *finding_role(const struct finding *finding)
{
    return finding->server.role == REDIS_ROLE_MASTER ? "master" : "replica";
}

const char *finding_mode(const struct finding *finding)
{
    static const char *const names[] = {[REDIS_MODE_STANDALONE] = "standalone",
                                        [REDIS_MODE_CLUSTER] = "cluster",
                                        [REDIS_MODE_SENTINEL] = "sentinel"};
    return names[finding->server.mode];
}

void finding_write_nodes(const struct finding *finding, struct json_writer *json)
{
    json_writer_begin_array(json);
    for (int i = 0; i < finding->nodes.count; i++) {
        const struct redis_node *node = &finding->nodes.items[i];
        struct uuid id;
        uuid_generate(&id);
        json_writer_begin_object(json);
        json_writer_member_text(json, "id", id.text);
        json_writer_member_text(json, "host", node->endpoint.host);
        json_writer_member_number(json, "port", node->endpoint.port);
        json_writer_member_text(json, "role", node->role == REDIS_ROLE_MASTER ? "master" : "slave");
        json_writer_member_number(json, "shard", node->shard);
        json_writer_end_object(json);
    }
    json_writer_end_array(json);
}

bool finding_write_parameters(const struct finding *finding, struct json_writer *json)
{
    bool told = finding->parameters.count > 0;
    if (!told && !finding->server.maxmemory_policy[0])
        return false;
    json_writer_begin_object(json);
    for (int i = 0; told && i < FINDING_PARAMETER_COUNT; i++) {
        if (finding->parameters.values[i])
            json_writer_member_text(json, finding_parameter_names[i],
                                    finding->parameters.values[i]);
    }
    if (!told)
        json_writer_member_text(json, POLICY, finding->server.maxmemory_policy);
    json_writer_end_object(json);
    return true;
}
