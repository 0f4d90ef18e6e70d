/* Checkpoints out of any text, as the database might hold them: what is taken up is written again
 * as it was, and what is not leaves nothing. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/scope.h"
#include "checkpoint.h"
#include "fuzz.h"
#include "node_checkpoint.h"
#include "shard_checkpoint.h"
#include "snapshot.h"

static void keep(void *argument, const char *text, size_t length)
{
    char **place = argument;
    free(*place);
    *place = text ? fuzz_terminated((struct text){text, length}) : NULL;
}

static const char *member_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* The scan that the text says that it is of. */
static struct scan_request request_of(const json_t *saved, struct text text, int *database)
{
    const char *kind = member_text(saved, "kind"), *addresses = member_text(saved, "addresses");
    const struct scan_kind *found = kind ? scan_kind_find(kind) : NULL;
    struct scan_request request = {.kind = found ? found : &scan_kinds[SCAN_KIND_BIGKEY],
                                   .target.endpoint = {"10.0.0.9", 6379},
                                   .endpoints = member_text(saved, "endpoints"),
                                   .address_map = addresses,
                                   .with_bytes = json_is_true(json_object_get(saved, "bytes")),
                                   .resume = text.bytes,
                                   .resume_length = text.length,
                                   .checkpoint = keep};
    const json_t *number = json_object_get(saved, "database");
    if (json_integer_value(number) >= 0 && json_integer_value(number) <= INT32_MAX) {
        *database = (int)json_integer_value(number);
        request.database = database;
    }
    return request;
}

/* How long something took goes on while it is looked at. */
static void stop_clocks(json_t *value)
{
    const char *name;
    json_t *member;
    size_t index;
    json_object_foreach(value, name, member)
    {
        if (strcmp(name, "elapsed_ms") == 0 || strcmp(name, "duration_ms") == 0)
            json_integer_set(member, 0);
        stop_clocks(member);
    }
    json_array_foreach(value, index, member) stop_clocks(member);
}

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert(value);
    stop_clocks(value);
    return value;
}

static const struct scan_method *method_of(const struct scan_request *request)
{
    const struct scan_method *const *methods = scan_methods_of(request->kind->id);
    while (methods[1] && !methods[0]->load)
        methods++;
    return methods[0];
}

/* Takes the scan of a node up and gives its checkpoint again; null where it is not taken. */
static char *pass_node(struct scan_request *request, const json_t *saved)
{
    static struct driver driver;
    char *text = NULL;
    const struct redis_probe nothing = {0};
    const struct scan_server server = scan_server_of(request, &nothing);
    struct scan_snapshot before = {.replication.role = REDIS_ROLE_MASTER};
    const char *run_id = member_text(saved, "run_id");
    if (run_id && strlen(run_id) <= REDIS_NODE_ID_MAX)
        memcpy(before.run_id, run_id, strlen(run_id) + 1);
    memset(&driver, 0, sizeof(driver));
    request->checkpoint_argument = &text;
    driver.request = request;
    driver.method = method_of(request);
    driver.state = driver.method->new ? driver.method->new (&server) : NULL;
    if (node_checkpoint_resume(&driver, saved, &before)) {
        assert(driver.resume_cursor[0] && driver.progress.keys_seen >= 0 && driver.commands >= 0);
        driver.before = &before;
        memcpy(driver.cursor.digits, driver.resume_cursor, sizeof(driver.cursor.digits));
        node_checkpoint_give(&driver);
        assert(text);
    }
    if (driver.method->free)
        driver.method->free(driver.state);
    scan_snapshot_release(&before);
    return text;
}

static char *write_shards(const struct shard_map *map, const struct shard_sum *sum)
{
    static char *nodes[REDIS_NODES_MAX];
    struct json_writer json;
    size_t length;
    assert(map->count >= 1 && map->count <= REDIS_NODES_MAX);
    assert(json_array_size(sum->resume) == (size_t)map->count);
    for (int i = 0; i < map->count; i++) {
        const json_t *node = json_array_get(sum->resume, (size_t)i);
        nodes[i] = json_is_null(node) ? NULL : json_dumps(node, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    json_writer_init(&json);
    shard_checkpoint_write(&json, map, sum, nodes);
    char *text = json_writer_take(&json, &length);
    json_writer_release(&json);
    for (int i = 0; i < map->count; i++)
        free(nodes[i]);
    return text;
}

/* The same for the scan of a cluster. */
static char *pass_shards(struct scan_request *request, const json_t *saved)
{
    struct shard_map map;
    struct shard_sum sum;
    char *text = NULL;
    if (shard_checkpoint_read(saved, request, &map, &sum)) {
        text = write_shards(&map, &sum);
        shard_map_release(&map);
        shard_sum_release(&sum);
    } else {
        assert(map.count == 0 && !map.items && !sum.state && !sum.resume);
    }
    return text;
}

typedef char *pass_fn(struct scan_request *request, const json_t *saved);

static void check_part(struct scan_request *request, const char *part, pass_fn *pass)
{
    json_t *saved = scan_checkpoint_take(request, part);
    char *first = pass(request, saved);
    free(first);
    if (saved && first) {
        stop_clocks(saved);
        first = pass(request, saved);
        assert(first);
        SCOPED(json_cleanup) json_t *once = parse(first);
        char *second = pass(request, once);
        assert(second);
        SCOPED(json_cleanup) json_t *twice = parse(second);
        assert(json_equal(once, twice));
        free(first);
        free(second);
    }
    json_decref(saved);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct text text = {(const char *)bytes, length};
    int database;
    json_t *saved = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
    struct scan_request request = request_of(saved, text, &database);
    check_part(&request, SCAN_CHECKPOINT_NODE, pass_node);
    check_part(&request, SCAN_CHECKPOINT_SHARDS, pass_shards);
    json_decref(saved);
    return 0;
}
