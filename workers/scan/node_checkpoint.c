/* The replication is kept as well: a replica that has followed another master since then has
 * another's data. */
#include "node_checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "saved.h"
#include "snapshot.h"

static const struct scan_batch *oldest_batch(const struct driver *driver)
{
    const struct scan_batch *oldest = NULL;
    for (int i = 0; i < DRIVER_BATCHES_MAX; i++) {
        const struct scan_batch *batch = &driver->batches[i];
        if (batch->busy && (!oldest || batch->seen_before < oldest->seen_before))
            oldest = batch;
    }
    return oldest;
}

/* Keys that were kept back and are being asked about are in no cursor's reach any more, and not in
 * the state yet. */
static bool is_between(const struct driver *driver)
{
    for (int i = 0; i < DRIVER_BATCHES_MAX; i++) {
        if (driver->batches[i].busy && driver->batches[i].recalled)
            return true;
    }
    return false;
}

static void write_databases(struct json_writer *json, const struct driver *driver)
{
    const struct scan_snapshot *before = driver->before;
    json_writer_name(json, "databases");
    json_writer_begin_array(json);
    for (int i = driver->database; i < before->database_count; i++)
        json_writer_number(json, before->databases[i]);
    json_writer_end_array(json);
}

static void write_replication(struct json_writer *json, const struct redis_replication *replication)
{
    json_writer_member_boolean(json, "master", replication->role == REDIS_ROLE_MASTER);
    json_writer_member_text(json, "replication", replication->id);
    json_writer_member_text(json, "source_host", replication->source.host);
    json_writer_member_number(json, "source_port", replication->source.port);
}

static void write_before(struct json_writer *json, const struct scan_snapshot *before)
{
    json_writer_member_text(json, "run_id", before->run_id);
    write_replication(json, &before->replication);
    json_writer_member_number(json, "keys", before->keys);
    json_writer_member_number(json, "expires", before->expires);
    json_writer_member_number(json, "expired", before->expired);
    json_writer_member_number(json, "uptime_s", before->uptime_s);
    json_writer_member_number(json, "commands_before", before->commands);
    json_writer_member_number(json, "input_bytes", before->input_bytes);
}

static void write(struct json_writer *json, const struct driver *driver)
{
    char node[ENDPOINT_TEXT_MAX + 1];
    const struct scan_batch *oldest = oldest_batch(driver);
    struct scan_cost cost = driver_cost(driver);
    endpoint_format(&driver->request->target.endpoint, node);
    json_writer_begin_object(json);
    json_writer_member_text(json, "node", node);
    write_before(json, driver->before);
    write_databases(json, driver);
    json_writer_member_text(json, "cursor", oldest ? oldest->cursor : driver->cursor.digits);
    json_writer_member_number(json, "keys_seen",
                              oldest ? oldest->seen_before : driver->progress.keys_seen);
    json_writer_member_number(json, "commands", driver->commands);
    json_writer_member_number(json, "duration_ms", driver_duration_ms(driver));
    saved_cost_write(json, "cost", &cost);
    saved_slots_write(json, "redirected", &driver->redirected);
    json_writer_name(json, "state");
    json_writer_begin_object(json);
    driver->method->save(driver->state, json);
    json_writer_end_object(json);
    json_writer_end_object(json);
}

void node_checkpoint_give(struct driver *driver)
{
    const struct scan_request *request = driver->request;
    struct json_writer json;
    const struct scan_method *method = driver->method;
    if (!request->checkpoint || !driver->before || !method->save || is_between(driver) ||
        (method->is_settled && !method->is_settled(driver->state)))
        return;
    driver->checkpoint_ms = clock_monotonic_ms();
    json_writer_init(&json);
    json.most = SCAN_CHECKPOINT_MAX;
    write(&json, driver);
    request->checkpoint(request->checkpoint_argument, json.is_overlong ? NULL : json.text,
                        json.length);
    json_writer_release(&json);
}

void node_checkpoint_give_when_due(struct driver *driver)
{
    if (driver->request->checkpoint &&
        clock_monotonic_ms() - driver->checkpoint_ms >= SCAN_CHECKPOINT_MS)
        node_checkpoint_give(driver);
}

/* What a checkpoint changes of the driver and of what was before. */
struct resumed {
    struct scan_snapshot before;
    struct scan_cost cost;
    struct redis_slots redirected;
    char cursor[SCAN_CURSOR_DIGITS_MAX + 1];
    int64_t keys_seen, commands, duration_ms;
};

static bool read_replication(const json_t *saved, struct redis_replication *replication)
{
    int64_t port;
    bool master = json_is_true(json_object_get(saved, "master"));
    *replication = (struct redis_replication){
        .role = master ? REDIS_ROLE_MASTER : REDIS_ROLE_REPLICA, .linked = true};
    if (!saved_text(saved, "replication", REDIS_NODE_ID_MAX, replication->id) ||
        !saved_text(saved, "source_host", ENDPOINT_HOST_MAX, replication->source.host) ||
        !saved_integer(saved, "source_port", 0, UINT16_MAX, &port))
        return false;
    replication->source.port = (int)port;
    return true;
}

static bool read_before(const json_t *saved, struct scan_snapshot *before)
{
    return saved_text(saved, "run_id", REDIS_NODE_ID_MAX, before->run_id) &&
           read_replication(saved, &before->replication) &&
           saved_integer(saved, "keys", 0, INT64_MAX, &before->keys) &&
           saved_integer(saved, "expires", 0, INT64_MAX, &before->expires) &&
           saved_integer(saved, "expired", 0, INT64_MAX, &before->expired) &&
           saved_integer(saved, "uptime_s", -1, INT64_MAX, &before->uptime_s) &&
           saved_integer(saved, "commands_before", -1, INT64_MAX, &before->commands) &&
           saved_integer(saved, "input_bytes", -1, INT64_MAX, &before->input_bytes);
}

static bool read_databases(const json_t *saved, struct scan_snapshot *before)
{
    const json_t *databases = json_object_get(saved, "databases");
    size_t count = json_array_size(databases);
    if (!json_is_array(databases) || count > SCAN_DATABASES_MAX)
        return false;
    before->databases = calloc(count + 1, sizeof(*before->databases));
    if (!before->databases)
        abort();
    for (size_t i = 0; i < count; i++) {
        const json_t *database = json_array_get(databases, i);
        if (!json_is_integer(database) || json_integer_value(database) < 0 ||
            json_integer_value(database) > INT32_MAX)
            return false;
        before->databases[before->database_count++] = (int)json_integer_value(database);
    }
    return true;
}

static bool read(const json_t *saved, struct resumed *resumed)
{
    struct scan_cursor cursor;
    return read_before(saved, &resumed->before) && read_databases(saved, &resumed->before) &&
           saved_text(saved, "cursor", SCAN_CURSOR_DIGITS_MAX, resumed->cursor) &&
           scan_cursor_resume(&cursor, 1, text_of(resumed->cursor)) == 0 &&
           saved_integer(saved, "keys_seen", 0, INT64_MAX / 2, &resumed->keys_seen) &&
           saved_integer(saved, "commands", 0, INT64_MAX / 2, &resumed->commands) &&
           saved_integer(saved, "duration_ms", 0, INT32_MAX, &resumed->duration_ms) &&
           saved_cost_read(saved, "cost", &resumed->cost) &&
           saved_slots_read(saved, "redirected", &resumed->redirected);
}

/* One that does not tell its run_id may be any. */
static bool is_same_data(const struct scan_snapshot *then, const struct scan_snapshot *now)
{
    if (!then->run_id[0] || strcmp(then->run_id, now->run_id) != 0)
        return false;
    return now->replication.role == REDIS_ROLE_MASTER ||
           redis_replication_is_same(&then->replication, &now->replication);
}

static void take(struct driver *driver, struct resumed *resumed, struct scan_snapshot *before)
{
    int *databases = before->databases;
    resumed->before.server = before->server;
    resumed->before.stale = before->stale;
    *before = resumed->before;
    resumed->before.databases = databases;
    memcpy(driver->resume_cursor, resumed->cursor, sizeof(driver->resume_cursor));
    driver->progress.keys_seen = resumed->keys_seen;
    driver->commands += resumed->commands;
    driver->earlier_ms = resumed->duration_ms;
    driver->earlier_cost = resumed->cost;
    driver->redirected = resumed->redirected;
}

bool node_checkpoint_resume(struct driver *driver, const json_t *saved,
                            struct scan_snapshot *before)
{
    struct resumed resumed = {0};
    bool taken = saved && driver->method->load && read(saved, &resumed) &&
                 is_same_data(&resumed.before, before) &&
                 driver->method->load(driver->state, json_object_get(saved, "state"));
    if (taken)
        take(driver, &resumed, before);
    scan_snapshot_release(&resumed.before);
    return taken;
}

bool node_checkpoint_is_of(const json_t *saved, const struct endpoint *endpoint)
{
    char own[ENDPOINT_TEXT_MAX + 1], node[ENDPOINT_TEXT_MAX + 1];
    endpoint_format(endpoint, own);
    return saved_text(saved, "node", ENDPOINT_TEXT_MAX, node) && strcmp(node, own) == 0;
}
