/* One INFO tells all: the answer is parsed before the connection is used again. */
#include "snapshot.h"

#include <stdlib.h>

#include "redis/info.h"

static int list_databases(struct text info, struct scan_snapshot *snapshot, struct error *err)
{
    struct redis_keyspace keyspace;
    int capacity = 0;
    while (redis_info_next_database(&info, &keyspace) > 0) {
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
    }
    return 0;
}

static int parse(struct text info, struct scan_snapshot *snapshot, struct error *err)
{
    if (redis_probe_parse(info, &snapshot->server, err) < 0)
        return -1;
    if (snapshot->server.mode == REDIS_MODE_SENTINEL)
        return 0; /* it tells of no keys */
    snapshot->keys = snapshot->server.keys;
    redis_replication_parse(info, snapshot->server.role, &snapshot->replication);
    if (redis_info_integer(info, "expired_keys", &snapshot->expired) < 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "INFO: no expired_keys in the reply");
    return list_databases(info, snapshot, err);
}

int scan_snapshot_take(struct redis_connection *connection, struct scan_snapshot *ret_snapshot,
                       struct error *err)
{
    const struct text words[] = {TEXT("INFO")};
    const struct redis_reply *reply;
    *ret_snapshot = (struct scan_snapshot){0};
    if (redis_connection_call(connection, words, 1, &reply, err) < 0)
        return -1;
    if (reply->kind != REDIS_STRING)
        return redis_connection_unexpected(connection, reply, "INFO", err);
    if (parse(reply->text, ret_snapshot, err) < 0)
        return error_prefix(err, "%s", redis_connection_name(connection));
    return 0;
}

void scan_snapshot_release(struct scan_snapshot *snapshot)
{
    free(snapshot->databases);
    *snapshot = (struct scan_snapshot){0};
}
