/* What the last probe recorded of an instance: its nodes and its configuration.  No tenant waits
 * for a Redis. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/scope.h"
#include "model/instance_store.h"
#include "operations.h"

static int refuse_unknown(struct error *err)
{
    return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
}

static void write_node(struct json_writer *body, const struct pg_rows *rows, int row)
{
    const char *host = pg_rows_string(rows, row, INSTANCE_NODE_HOST);
    const char *id = pg_rows_string(rows, row, INSTANCE_NODE_ID);
    const char *port = pg_rows_string(rows, row, INSTANCE_NODE_PORT);
    const char *shard = pg_rows_string(rows, row, INSTANCE_NODE_SHARD);
    char name[320], group[32];
    snprintf(name, sizeof(name), "%s:%s", host, port);
    snprintf(group, sizeof(group), "group-%s", shard);
    json_writer_begin_object(body);
    json_writer_member_text(body, "logical_node_id", id);
    json_writer_member_text(body, "name", name);
    json_writer_member_text(body, "status", "Active");
    json_writer_member_text(body, "node_role", "redis-server");
    json_writer_member_text(body, "node_type", pg_rows_string(rows, row, INSTANCE_NODE_ROLE));
    json_writer_member_text(body, "node_ip", host);
    json_writer_member_text(body, "node_port", port);
    json_writer_member_text(body, "node_id", id);
    json_writer_member_text(body, "group_id", shard);
    json_writer_member_text(body, "group_name", group);
    json_writer_member_boolean(body, "is_access", true);
    json_writer_end_object(body);
}

int render_nodes(const struct api_request *request, const struct pg_rows *rows,
                 struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    if (rows->row_count == 0)
        return refuse_unknown(err);
    bool empty = pg_rows_is_null(rows, 0, INSTANCE_NODE_ID);
    json_writer_begin_object(body);
    json_writer_member_text(body, "instance_id", request->instance.text);
    json_writer_member_number(body, "total", empty ? 0 : rows->row_count);
    json_writer_name(body, "nodes");
    json_writer_begin_array(body);
    for (int row = 0; !empty && row < rows->row_count; row++)
        write_node(body, rows, row);
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

/* The parameters that are shown, where the server has them; ids are ours and stay. */
static const struct parameter {
    const char *id, *name, *type, *range, *fallback, *description;
} parameters[] = {
    {"1", "timeout", "integer", "0-7200", "0",
     "Seconds after which an idle client is disconnected; 0 never"},
    {"2", "maxmemory-policy", "enum",
     "noeviction,allkeys-lru,volatile-lru,allkeys-lfu,volatile-lfu,allkeys-random,volatile-random,"
     "volatile-ttl",
     "noeviction", "Which keys are evicted when memory is full"},
    {"3", "maxmemory-samples", "integer", "1-64", "5", "Keys compared for each eviction"},
    {"4", "lfu-log-factor", "integer", "0-2147483647", "10", "How slowly LFU counters saturate"},
    {"5", "lfu-decay-time", "integer", "0-2147483647", "1",
     "Minutes after which LFU counters fall"},
    {"6", "notify-keyspace-events", "regular", "KEg$lshzxeA", "",
     "Keyspace events that are published"},
    {"7", "slowlog-log-slower-than", "integer", "0-2147483647", "10000",
     "Microseconds past which a command is logged as slow"},
    {"8", "slowlog-max-len", "integer", "0-2147483647", "128", "Slow commands that are remembered"},
    {"9", "latency-monitor-threshold", "integer", "0-86400000", "0",
     "Milliseconds past which latency events are recorded; 0 is off"},
    {"10", "active-expire-effort", "integer", "1-10", "1", "How hard expired keys are looked for"},
    {"11", "lazyfree-lazy-expire", "enum", "yes,no", "no",
     "Whether expired values are freed aside"},
    {"12", "databases", "integer", "1-2147483647", "16", "Number of databases"},
    {"13", "hash-max-listpack-entries", "integer", "0-2147483647", "128",
     "Fields up to which a hash is kept compact"},
    {"14", "set-max-intset-entries", "integer", "0-2147483647", "512",
     "Members up to which a set of integers is kept compact"},
    {"15", "zset-max-listpack-entries", "integer", "0-2147483647", "128",
     "Members up to which a sorted set is kept compact"},
    {"16", "proto-max-bulk-len", "integer", "1048576-2147483647", "536870912",
     "Bytes of the largest string"},
};

static void write_parameter(struct json_writer *body, const struct parameter *parameter,
                            const char *value)
{
    json_writer_begin_object(body);
    json_writer_member_text(body, "param_id", parameter->id);
    json_writer_member_text(body, "param_name", parameter->name);
    json_writer_member_text(body, "param_value", value);
    json_writer_member_text(body, "value_type", parameter->type);
    json_writer_member_text(body, "value_range", parameter->range);
    json_writer_member_text(body, "default_value", parameter->fallback);
    json_writer_member_text(body, "description", parameter->description);
    json_writer_end_object(body);
}

int render_configs(const struct api_request *request, const struct pg_rows *rows,
                   struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    char read_at[PG_TIME_LENGTH + 1];
    if (rows->row_count == 0)
        return refuse_unknown(err);
    struct text text = pg_rows_text(rows, 0, INSTANCE_CONFIGS_PARAMETERS);
    SCOPED(json_cleanup) json_t *values = json_loadb(text.bytes, text.length, 0, NULL);
    json_writer_begin_object(body);
    json_writer_member_text(body, "instance_id", request->instance.text);
    json_writer_name(body, "redis_config");
    json_writer_begin_array(body);
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        const char *value = json_string_value(json_object_get(values, parameters[i].name));
        if (value)
            write_parameter(body, &parameters[i], value);
    }
    json_writer_end_array(body);
    if (pg_rows_time(rows, 0, INSTANCE_CONFIGS_READ_AT, read_at) == 0)
        json_writer_member_text(body, "config_time", read_at);
    json_writer_member_text(body, "config_status", "SUCCESS");
    json_writer_member_text(body, "status", pg_rows_string(rows, 0, INSTANCE_CONFIGS_STATUS));
    json_writer_end_object(body);
    return 0;
}
