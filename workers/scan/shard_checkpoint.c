/* The sum's state is that of a method that never met a server: it only takes, merges and ends. */
#include "shard_checkpoint.h"

#include <string.h>

#include "redis/probe.h"
#include "saved.h"

static void write_endpoint(struct json_writer *json, const char *name,
                           const struct endpoint *endpoint)
{
    char text[ENDPOINT_TEXT_MAX + 1];
    endpoint_format(endpoint, text);
    if (name)
        json_writer_member_text(json, name, text);
    else
        json_writer_text(json, text, strlen(text));
}

static void write_shard(struct json_writer *json, const struct shard *shard, const char *node)
{
    json_writer_begin_object(json);
    json_writer_member_text(json, "id", shard->id);
    write_endpoint(json, "endpoint", &shard->endpoint);
    json_writer_name(json, "replicas");
    json_writer_begin_array(json);
    for (int i = 0; i < shard->replica_count; i++)
        write_endpoint(json, NULL, &shard->replicas[i]);
    json_writer_end_array(json);
    json_writer_member_number(json, "epoch", shard->epoch);
    json_writer_member_number(json, "offset", shard->offset);
    json_writer_member_number(json, "keys", shard->keys);
    saved_slots_write(json, "owned", &shard->owned);
    saved_slots_write(json, "importing", &shard->importing);
    saved_slots_write(json, "todo", &shard->todo);
    saved_slots_write(json, "redirected", &shard->redirected);
    json_writer_member_boolean(json, "done", shard->done);
    if (node) {
        json_writer_name(json, "node");
        json_writer_value(json, node, strlen(node));
    }
    json_writer_end_object(json);
}

static void write_sum(struct json_writer *json, const struct shard_sum *sum)
{
    const struct scan_outcome *outcome = &sum->outcome;
    json_writer_begin_object(json);
    json_writer_member_number(json, "scans", sum->scans);
    json_writer_member_number(json, "progress_seen", sum->progress.keys_seen);
    json_writer_member_number(json, "progress_total", sum->progress.keys_total);
    json_writer_member_number(json, "keys_seen", outcome->keys_seen);
    json_writer_member_number(json, "expired_released", outcome->expired_released);
    json_writer_member_number(json, "keys_before", outcome->keys_before);
    json_writer_member_number(json, "keys_after", outcome->keys_after);
    json_writer_member_number(json, "commands", outcome->commands);
    json_writer_member_number(json, "duration_ms", outcome->duration_ms);
    saved_cost_write(json, "cost", &outcome->cost);
    if (sum->method) {
        json_writer_name(json, "state");
        json_writer_begin_object(json);
        sum->method->save(sum->state, json);
        json_writer_end_object(json);
    }
    json_writer_end_object(json);
}

void shard_checkpoint_write(struct json_writer *json, const struct shard_map *map,
                            const struct shard_sum *sum, char *const nodes[])
{
    json_writer_begin_object(json);
    json_writer_name(json, "sum");
    write_sum(json, sum);
    json_writer_name(json, "map");
    json_writer_begin_array(json);
    for (int i = 0; i < map->count; i++)
        write_shard(json, &map->items[i], nodes[i]);
    json_writer_end_array(json);
    json_writer_end_object(json);
}

static bool read_endpoint(const json_t *saved, struct endpoint *endpoint)
{
    return json_is_string(saved) &&
           endpoint_parse((struct text){json_string_value(saved), json_string_length(saved)},
                          endpoint) == 0;
}

static bool read_replicas(const json_t *saved, struct shard *shard)
{
    const json_t *replicas = json_object_get(saved, "replicas");
    if (!json_is_array(replicas) || json_array_size(replicas) > SHARD_REPLICAS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(replicas); i++) {
        if (!read_endpoint(json_array_get(replicas, i), &shard->replicas[shard->replica_count++]))
            return false;
    }
    return true;
}

static bool read_shard(const json_t *saved, struct shard *shard)
{
    const json_t *done = json_object_get(saved, "done");
    shard->done = json_is_true(done);
    return json_is_boolean(done) && saved_text(saved, "id", REDIS_NODE_ID_MAX, shard->id) &&
           read_endpoint(json_object_get(saved, "endpoint"), &shard->endpoint) &&
           read_replicas(saved, shard) &&
           saved_integer(saved, "epoch", INT64_MIN, INT64_MAX, &shard->epoch) &&
           saved_integer(saved, "offset", INT64_MIN, INT64_MAX, &shard->offset) &&
           saved_integer(saved, "keys", 0, INT64_MAX / REDIS_NODES_MAX, &shard->keys) &&
           saved_slots_read(saved, "owned", &shard->owned) &&
           saved_slots_read(saved, "importing", &shard->importing) &&
           saved_slots_read(saved, "todo", &shard->todo) &&
           saved_slots_read(saved, "redirected", &shard->redirected);
}

/* Every slot has an owner in it, as in any map that a round begins with. */
static bool read_map(const json_t *saved, struct shard_map *map, json_t *nodes)
{
    struct error err = {0};
    if (!json_is_array(saved))
        return false;
    for (size_t i = 0; i < json_array_size(saved); i++) {
        const json_t *item = json_array_get(saved, i);
        json_t *node = json_object_get(item, "node");
        struct shard *shard = shard_map_add(map);
        if (!shard || !read_shard(item, shard))
            return false;
        json_array_append_new(nodes, node ? json_incref(node) : json_null());
    }
    return shard_map_check(map, &err) == 0;
}

static bool read_state(const json_t *saved, const struct scan_request *request,
                       struct shard_sum *sum)
{
    const json_t *state = json_object_get(saved, "state");
    const struct scan_method *const *methods = scan_methods_of(request->kind->id);
    const struct redis_probe nothing = {0};
    const struct scan_server server = scan_server_of(request, &nothing);
    if (!state)
        return true;
    while (*methods && !(*methods)->load)
        methods++;
    if (!*methods)
        return false;
    sum->method = *methods;
    sum->state = sum->method->new (&server);
    return sum->method->load(sum->state, state);
}

static bool read_sum(const json_t *saved, const struct scan_request *request, struct shard_sum *sum)
{
    struct scan_outcome *outcome = &sum->outcome;
    const int64_t most = INT64_MAX / 2;
    int64_t scans;
    if (!saved_integer(saved, "scans", 1, INT32_MAX, &scans) ||
        !saved_integer(saved, "progress_seen", 0, most, &sum->progress.keys_seen) ||
        !saved_integer(saved, "progress_total", 0, most, &sum->progress.keys_total) ||
        !saved_integer(saved, "keys_seen", 0, most, &outcome->keys_seen) ||
        !saved_integer(saved, "expired_released", 0, most, &outcome->expired_released) ||
        !saved_integer(saved, "keys_before", 0, most, &outcome->keys_before) ||
        !saved_integer(saved, "keys_after", 0, most, &outcome->keys_after) ||
        !saved_integer(saved, "commands", 0, most, &outcome->commands) ||
        !saved_integer(saved, "duration_ms", 0, INT32_MAX, &outcome->duration_ms) ||
        !saved_cost_read(saved, "cost", &outcome->cost))
        return false;
    sum->scans = (int)scans;
    return read_state(saved, request, sum);
}

/* What was done has left something in the state, and where nothing was there is something to do. */
static bool is_whole(const struct shard_map *map, const struct shard_sum *sum)
{
    bool done = shard_map_is_done(map);
    for (int i = 0; i < map->count; i++)
        done = done || map->items[i].done;
    return !done || sum->method;
}

bool shard_checkpoint_read(const json_t *saved, const struct scan_request *request,
                           struct shard_map *ret_map, struct shard_sum *ret_sum)
{
    *ret_map = (struct shard_map){0};
    *ret_sum = (struct shard_sum){.resume = json_array()};
    if (read_map(json_object_get(saved, "map"), ret_map, ret_sum->resume) &&
        read_sum(json_object_get(saved, "sum"), request, ret_sum) && is_whole(ret_map, ret_sum))
        return true;
    shard_map_release(ret_map);
    shard_sum_release(ret_sum);
    return false;
}
