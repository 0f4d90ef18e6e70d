/* Read the map, scan what is to do, read the map again. */
#include "shards.h"

#include <assert.h>

#include "base/clock.h"
#include "nap.h"
#include "shard_reader.h"
#include "shard_round.h"

enum { ROUND_NAP_MS = 100 };

/* Of the shards that the next round is over. */
static int64_t keys_to_do(const struct shard_map *map)
{
    int64_t keys = 0;
    for (int i = 0; i < map->count; i++)
        keys += redis_slots_are_none(&map->items[i].todo) ? 0 : map->items[i].keys;
    return keys;
}

/* One round, and the map after it in place of the one before. */
static int run_round(struct scan_patience *patience, struct shard_map *map, struct shard_sum *sum,
                     struct error *err)
{
    struct shard_map after;
    sum->progress.keys_total += keys_to_do(map);
    if (shard_round_run(patience, map, sum, err) < 0)
        return -1;
    if (shard_reader_run(patience, map, &after, err) < 0) {
        shard_map_release(&after);
        return -1;
    }
    shard_map_carry(map, &after);
    shard_map_release(map);
    *map = after;
    return 0;
}

static int run_rounds(struct scan_patience *patience, struct shard_map *map, struct shard_sum *sum,
                      struct error *err)
{
    if (shard_reader_run(patience, NULL, map, err) < 0)
        return -1;
    shard_map_begin(map);
    for (int round = 1; round <= SHARD_ROUNDS_MAX; round++) {
        if (run_round(patience, map, sum, err) < 0)
            return -1;
        if (shard_map_is_done(map))
            return 0;
        scan_nap(ROUND_NAP_MS);
    }
    if (sum->unread.code != ERROR_NONE)
        *err = sum->unread;
    error_set(err, ERROR_REDIS_UNREADY, "slots kept moving");
    return error_prefix(err, "cluster: not all keys seen after %d rounds", SHARD_ROUNDS_MAX);
}

int scan_cluster(const struct scan_request *request, struct scan_outcome *ret_outcome,
                 struct error *err)
{
    struct scan_patience patience = {request, clock_monotonic_ms()};
    struct shard_map map = {0};
    struct shard_sum sum = {0};
    int status = run_rounds(&patience, &map, &sum, err);
    if (status == 0) {
        assert(sum.method); /* every slot was to do somewhere */
        *ret_outcome = sum.outcome;
        ret_outcome->duration_ms = clock_monotonic_ms() - patience.started;
        sum.method->finish(sum.state, &map, ret_outcome);
    }
    if (sum.state)
        sum.method->free(sum.state);
    shard_map_release(&map);
    return status;
}
