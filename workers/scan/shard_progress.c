/* Sums over a few structs. */
#include "shard_progress.h"

#include "shard_map.h"
#include "shard_round.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void add_running(struct scan_progress *sum, const struct scan_progress *one)
{
    scan_cost_add(&sum->cost, &one->cost);
    sum->commands += one->commands;
    sum->latency_us = larger(sum->latency_us, one->latency_us);
    if (one->is_paused && (!sum->is_paused || one->pause == SCAN_PAUSE_CEILING))
        sum->pause = one->pause;
    sum->is_paused = sum->is_paused || one->is_paused;
}

static enum scan_shard_state state_of(const struct shard *shard, bool runs, bool picked)
{
    const struct redis_slots *left = picked ? &shard->picked : &shard->todo;
    if (runs)
        return SCAN_SHARD_RUNNING;
    return shard->done || redis_slots_are_none(left) ? SCAN_SHARD_DONE : SCAN_SHARD_WAITING;
}

/* Of what an earlier attempt has done it is not known how much that was. */
static void tell_shard(struct scan_shard_progress *told, const struct shard *shard,
                       const struct scan_progress *running, bool picked)
{
    endpoint_format(&shard->endpoint, told->name);
    told->state = state_of(shard, running != NULL, picked);
    told->keys_seen = shard->seen + (running ? running->keys_seen : 0);
    if (told->state == SCAN_SHARD_DONE && told->keys_seen == 0)
        told->keys_seen = shard->keys;
    told->keys_total = larger(shard->keys, told->keys_seen);
}

void shard_telling_fill(struct shard_telling *telling)
{
    const struct shard_map *map = telling->map;
    struct scan_progress *progress = &telling->progress;
    *progress = telling->sum->progress;
    progress->cost = telling->sum->outcome.cost;
    if (telling->sum->state && telling->sum->method->touched)
        progress->cost.touched = telling->sum->method->touched(telling->sum->state);
    progress->commands = telling->sum->outcome.commands;
    progress->shards = telling->shards;
    progress->shard_count = map->count < SCAN_SHARDS_TOLD_MAX ? map->count : SCAN_SHARDS_TOLD_MAX;
    for (int i = 0; i < map->count; i++) {
        const struct scan_progress *running = telling->running ? telling->running[i] : NULL;
        if (running)
            add_running(progress, running);
        if (i < progress->shard_count)
            tell_shard(&telling->shards[i], &map->items[i], running, telling->picked);
    }
}
