/* One INFO tells all: the answer is parsed before the connection is used again. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "redis/info.h"
#include "redis/retry.h"

static int list_databases(struct text info, const int *only, struct scan_snapshot *snapshot,
                          struct error *err)
{
    struct redis_keyspace keyspace;
    int capacity = 0;
    while (redis_info_next_database(&info, &keyspace) > 0) {
        if (only && keyspace.db != *only)
            continue;
        if (snapshot->database_count == SCAN_DATABASES_MAX)
            return error_set(err, ERROR_REDIS_PROTOCOL, "INFO: more than %d databases",
                             SCAN_DATABASES_MAX);
        if (snapshot->database_count == capacity) {
            capacity = capacity ? capacity * 2 : 16;
            snapshot->databases =
                realloc(snapshot->databases, (size_t)capacity * sizeof(*snapshot->databases));
            if (!snapshot->databases)
                abort();
        }
        snapshot->databases[snapshot->database_count++] = keyspace.db;
        snapshot->keys += keyspace.keys;
        snapshot->expires += keyspace.expires;
    }
    return 0;
}

static int64_t number_or_none(struct text info, const char *name)
{
    int64_t number;
    return redis_info_integer(info, name, &number) < 0 || number < 0 ? -1 : number;
}

/* `12.34`; the server always writes two digits. */
static int parse_stale(struct text info)
{
    struct text value;
    int stale = 0;
    if (!redis_info_find(info, "expired_stale_perc", &value) || value.length < 4 ||
        value.length > 6 || value.bytes[value.length - 3] != '.')
        return -1;
    for (size_t i = 0; i < value.length; i++) {
        if (i == value.length - 3)
            continue;
        if (value.bytes[i] < '0' || value.bytes[i] > '9')
            return -1;
        stale = stale * 10 + (value.bytes[i] - '0');
    }
    return stale;
}

static void parse_process(struct text info, struct scan_snapshot *snapshot)
{
    struct text id;
    snapshot->uptime_s = number_or_none(info, "uptime_in_seconds");
    snapshot->commands = number_or_none(info, "total_commands_processed");
    snapshot->input_bytes = number_or_none(info, "total_net_input_bytes");
    snapshot->stale = parse_stale(info);
    if (redis_info_find(info, "run_id", &id) && id.length <= REDIS_NODE_ID_MAX)
        memcpy(snapshot->run_id, id.bytes, id.length);
}

bool scan_snapshot_is_same_process(const struct scan_snapshot *before,
                                   const struct scan_snapshot *after)
{
    if (before->run_id[0] && after->run_id[0])
        return strcmp(before->run_id, after->run_id) == 0;
    return before->uptime_s < 0 || after->uptime_s < 0 || after->uptime_s >= before->uptime_s;
}

static int parse(struct text info, const int *only, struct scan_snapshot *snapshot,
                 struct error *err)
{
    if (redis_probe_parse(info, &snapshot->server, err) < 0)
        return -1;
    parse_process(info, snapshot);
    if (snapshot->server.mode == REDIS_MODE_SENTINEL)
        return 0; /* it tells of no keys */
    redis_replication_parse(info, snapshot->server.role, &snapshot->replication);
    if (redis_info_integer(info, "expired_keys", &snapshot->expired) < 0 || snapshot->expired < 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "INFO: no expired_keys in the reply");
    return list_databases(info, only, snapshot, err);
}

int scan_snapshot_take(struct redis_connection *connection, struct redis_interrupt interrupt,
                       const int *only, struct scan_snapshot *ret_snapshot, struct error *err)
{
    const struct text words[] = {TEXT("INFO")};
    const struct redis_reply *reply;
    *ret_snapshot = (struct scan_snapshot){0};
    if (redis_retry_call(connection, words, 1, interrupt, &reply, err) < 0)
        return -1;
    if (reply->kind != REDIS_STRING)
        return redis_connection_unexpected(connection, reply, "INFO", err);
    if (parse(reply->text, only, ret_snapshot, err) < 0)
        return error_prefix(err, "%s", redis_connection_name(connection));
    return 0;
}

void scan_snapshot_release(struct scan_snapshot *snapshot)
{
    free(snapshot->databases);
    *snapshot = (struct scan_snapshot){0};
}
