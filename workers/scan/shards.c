/* Read the map, scan what is to do, read the map again. */
#include "shards.h"

#include <assert.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/scope.h"
#include "checkpoint.h"
#include "redis/retry.h"
#include "shard_checkpoint.h"
#include "shard_progress.h"
#include "shard_reader.h"
#include "shard_round.h"

/* Slots that are read one by one where that saves a scan of their nodes, and scans after which all
 * are: nodes that take slots over all the time are never found steady, but each slot has moments in
 * which it does not move. */
enum { FEW_SLOTS = 512, SCANS_MOST = 3 };
enum { REST_LEAST_MS = 100, REST_MOST_MS = 3200 };

/* A scan of a cluster, from round to round. */
struct rounds {
    struct scan_patience patience;
    struct shard_map map;
    struct shard_sum sum;
    bool fruitless; /* the last round was over picked slots, and settled none */
    int rest_ms;    /* before the next round */
};

/* Of the shards that the next round is over. */
static int64_t keys_to_do(const struct shard_map *map)
{
    int64_t keys = 0;
    for (int i = 0; i < map->count; i++)
        keys += redis_slots_are_none(&map->items[i].todo) ? 0 : map->items[i].keys;
    return keys;
}

/* A slot that stays open, or is too large to be read at once, has a scan in between. */
static int run_shards(struct rounds *rounds, struct error *err)
{
    struct shard_map *map = &rounds->map;
    int slots_most = rounds->sum.scans < SCANS_MOST ? FEW_SLOTS : REDIS_SLOT_COUNT;
    if (rounds->sum.resume)
        return shard_round_run(&rounds->patience, map, &rounds->sum, err);
    if (rounds->sum.scans > 0 && !rounds->fruitless && shard_map_pick(map, slots_most)) {
        if (shard_round_run_picked(&rounds->patience, map, &rounds->sum, err) < 0)
            return -1;
        rounds->fruitless = redis_slots_are_none(&rounds->sum.settled);
        shard_map_settle(map, &rounds->sum.settled);
    } else {
        rounds->fruitless = false;
        rounds->sum.scans++;
        rounds->sum.progress.keys_total += keys_to_do(map);
        if (shard_round_run(&rounds->patience, map, &rounds->sum, err) < 0)
            return -1;
    }
    return 0;
}

/* One round, and the map after it in place of the one before. */
static int run_round(struct rounds *rounds, struct error *err)
{
    struct shard_map after;
    if (run_shards(rounds, err) < 0)
        return -1;
    if (shard_map_is_done(&rounds->map))
        return 0;
    if (shard_reader_run(&rounds->patience, &rounds->map, &after, err) < 0) {
        shard_map_release(&after);
        return -1;
    }
    shard_map_carry(&rounds->map, &after);
    shard_map_release(&rounds->map);
    rounds->map = after;
    return 0;
}

/* Longer and longer while nothing comes of it: a slot can be on its way for minutes. */
static int rest(struct rounds *rounds, struct error *err)
{
    if (rounds->fruitless && rounds->rest_ms < REST_MOST_MS)
        rounds->rest_ms *= 2;
    struct redis_interrupt interrupt = {scan_patience_ask, &rounds->patience};
    return redis_nap(rounds->rest_ms, interrupt, err);
}

/* With a map of which all is to do, or in the midst of a round that an earlier run has begun. */
static int begin(struct rounds *rounds, struct error *err)
{
    const struct scan_request *request = rounds->patience.request;
    SCOPED(json_cleanup) json_t *resume = scan_checkpoint_take(request, SCAN_CHECKPOINT_SHARDS);
    if (resume && shard_checkpoint_read(resume, request, &rounds->map, &rounds->sum))
        return 0;
    if (shard_reader_run(&rounds->patience, NULL, &rounds->map, err) < 0)
        return -1;
    shard_map_begin(&rounds->map);
    return 0;
}

static int run_rounds(struct rounds *rounds, struct error *err)
{
    if (begin(rounds, err) < 0)
        return -1;
    for (int round = 1; round <= SHARD_ROUNDS_MAX; round++) {
        if (run_round(rounds, err) < 0)
            return -1;
        if (shard_map_is_done(&rounds->map))
            return 0;
        if (rest(rounds, err) < 0)
            return -1;
    }
    if (rounds->sum.unread.code != ERROR_NONE)
        *err = rounds->sum.unread;
    error_set(err, ERROR_REDIS_UNREADY, "slots kept moving");
    return error_prefix(err, "cluster: not all keys seen after %d rounds", SHARD_ROUNDS_MAX);
}

/* The last word: all of it is done. */
static void tell_end(const struct rounds *rounds)
{
    const struct scan_request *request = rounds->patience.request;
    struct shard_telling telling = {.map = &rounds->map, .sum = &rounds->sum};
    if (!request->progress)
        return;
    shard_telling_fill(&telling);
    request->progress(request->progress_argument, &telling.progress);
}

int scan_cluster(const struct scan_request *request, struct scan_outcome *ret_outcome,
                 struct error *err)
{
    struct rounds rounds = {.patience = {request, clock_monotonic_ms()}, .rest_ms = REST_LEAST_MS};
    struct shard_sum *sum = &rounds.sum;
    int status = run_rounds(&rounds, err);
    if (status == 0) {
        assert(sum->method); /* every slot was to do somewhere */
        tell_end(&rounds);
        *ret_outcome = sum->outcome;
        ret_outcome->duration_ms += clock_monotonic_ms() - rounds.patience.started;
        sum->method->finish(sum->state, &rounds.map, ret_outcome);
    }
    shard_sum_release(sum);
    shard_map_release(&rounds.map);
    return status;
}
