/* The one form of it, which the server takes apart by SQL. */
#include "task_progress.h"

#include <string.h>

/* Of a shard: its members around its name, and the spaces that the database puts between them. */
enum { SHARD_BYTES = 128 };

static const char *const state_names[] = {
    [SCAN_SHARD_WAITING] = "waiting", [SCAN_SHARD_RUNNING] = "running", [SCAN_SHARD_DONE] = "done"};

static void write_cost(struct json_writer *json, const struct scan_progress *progress,
                       const char *profile)
{
    json_writer_name(json, "cost");
    json_writer_begin_object(json);
    json_writer_member_text(json, "profile", profile);
    scan_cost_write(json, &progress->cost);
    if (progress->latency_us > 0)
        json_writer_member_number(json, "latency_us", progress->latency_us);
    json_writer_member_number(json, "commands", progress->commands);
    json_writer_end_object(json);
}

static void write_shard(struct json_writer *json, const struct scan_shard_progress *shard)
{
    json_writer_begin_object(json);
    json_writer_member_text(json, "shard", shard->name);
    json_writer_member_text(json, "state", state_names[shard->state]);
    json_writer_member_number(json, "keys_seen", shard->keys_seen);
    json_writer_member_number(json, "keys_total", shard->keys_total);
    json_writer_end_object(json);
}

static void write_shards(struct json_writer *json, const struct scan_progress *progress)
{
    size_t room = TASK_PROGRESS_MAX;
    json_writer_name(json, "shards");
    json_writer_begin_array(json);
    for (int i = 0; i < progress->shard_count; i++) {
        if (json->length + strlen(progress->shards[i].name) + SHARD_BYTES > room)
            break;
        write_shard(json, &progress->shards[i]);
    }
    json_writer_end_array(json);
}

void task_progress_write(struct json_writer *json, const struct scan_progress *progress,
                         const char *profile)
{
    json_writer_begin_object(json);
    if (progress->is_paused)
        json_writer_member_text(json, "pause", scan_pause_reason_name(progress->pause));
    write_cost(json, progress, profile);
    if (progress->shard_count > 0)
        write_shards(json, progress);
    json_writer_end_object(json);
}
