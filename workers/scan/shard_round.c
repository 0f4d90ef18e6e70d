/* A shard is owned by the thread that took it, from when it was taken until it is marked as done;
 * the sum, the next shard and the failure are under the mutex.  The calling thread watches. */
#include "shard_round.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/scope.h"
#include "checkpoint.h"
#include "node_checkpoint.h"
#include "shard_checkpoint.h"
#include "shard_progress.h"

enum { NODES_AT_ONCE_MAX = 64, WATCH_MS = 100, NS_OF_MS = 1000000, NS_OF_S = 1000000000 };

struct round {
    struct scan_patience *patience;
    struct shard_map *map;
    struct shard_sum *sum;
    bool picked;
    pthread_mutex_t mutex;
    pthread_cond_t ended; /* a thread */
    int next, threads;
    struct error failure;
    atomic_bool stopping;
    char **nodes; /* the last checkpoint of each shard that is not done; null: none */
    const struct scan_progress **running; /* what the scan of each shard told last; null: none */
    struct shard_telling telling;         /* the calling thread's */
    int64_t unsure;                       /* of the progress: keys of such shards */
    int64_t given_ms;                     /* monotonic: the last checkpoint of the whole */
};

/* A scan of one node, as its thread sees it. */
struct visit {
    struct round *round;
    const struct shard *shard;
    struct scan_progress reported;
};

static bool is_stopped(void *argument)
{
    const struct visit *visit = argument;
    return atomic_load_explicit(&visit->round->stopping, memory_order_relaxed);
}

static void on_progress(void *argument, const struct scan_progress *progress)
{
    struct visit *visit = argument;
    struct round *round = visit->round;
    pthread_mutex_lock(&round->mutex);
    int64_t keys = progress->keys_seen - visit->reported.keys_seen;
    round->sum->progress.keys_seen += keys;
    round->unsure += keys;
    if (round->picked) /* how many there are is not known before */
        round->sum->progress.keys_total += keys;
    visit->reported = *progress;
    pthread_mutex_unlock(&round->mutex);
}

/* Null: it does not run any more. */
static void set_running(struct round *round, const struct shard *shard,
                        const struct scan_progress *progress)
{
    pthread_mutex_lock(&round->mutex);
    round->running[shard - round->map->items] = progress;
    pthread_mutex_unlock(&round->mutex);
}

static char **node_of(const struct round *round, const struct shard *shard)
{
    return &round->nodes[shard - round->map->items];
}

static void keep_node(struct round *round, const struct shard *shard, char *text)
{
    char **node = node_of(round, shard);
    free(*node);
    *node = text;
}

static void on_checkpoint(void *argument, const char *text, size_t length)
{
    struct visit *visit = argument;
    char *copy = text ? text_copy(text, length) : NULL;
    if (!copy)
        return;
    pthread_mutex_lock(&visit->round->mutex);
    keep_node(visit->round, visit->shard, copy);
    pthread_mutex_unlock(&visit->round->mutex);
}

static int scan_at(struct round *round, const struct shard *shard, const struct endpoint *endpoint,
                   const struct node_place *place, struct node_result *ret_result,
                   struct error *err)
{
    struct visit visit = {.round = round, .shard = shard};
    struct scan_request request = *round->patience->request;
    request.target.endpoint = *endpoint;
    request.timeout_ms = scan_patience_left_ms(round->patience);
    request.stopped = is_stopped;
    request.stopped_argument = &visit;
    request.progress = on_progress;
    request.progress_argument = &visit;
    request.checkpoint = request.checkpoint && !round->picked ? on_checkpoint : NULL;
    request.checkpoint_argument = &visit;
    request.hotkeys_command = false; /* shares of different nodes' time cannot be compared */
    set_running(round, shard, &visit.reported);
    int status = node_scan_run(&request, place, ret_result, err);
    set_running(round, shard, NULL);
    if (status < 0)
        return -1;
    pthread_mutex_lock(&round->mutex);
    round->unsure -= visit.reported.keys_seen;
    pthread_mutex_unlock(&round->mutex);
    return 0;
}

static int read_picked(struct round *round, const struct shard *shard,
                       struct node_result *ret_result, struct error *err)
{
    const struct node_place place = {.cluster = true, .master = true, .slots = &shard->picked};
    return scan_at(round, shard, &shard->endpoint, &place, ret_result, err);
}

/* Returns 1 after a success and 0 where none was of use. */
static int scan_replicas(struct round *round, const struct shard *shard, const json_t *resume,
                         struct node_result *ret_result, struct error *err)
{
    const struct node_place place = {
        .cluster = true, .replica = true, .offset = shard->offset, .resume = resume};
    int first = 0;
    for (int i = 0; i < shard->replica_count; i++) {
        if (node_checkpoint_is_of(resume, &shard->replicas[i]))
            first = i;
    }
    for (int i = 0; i < shard->replica_count; i++) {
        const struct endpoint *replica = &shard->replicas[(first + i) % shard->replica_count];
        struct error failure = {0};
        if (scan_at(round, shard, replica, &place, ret_result, &failure) == 0)
            return 1;
        if (node_error_ends_the_scan(failure.code)) {
            *err = failure;
            return -1;
        }
    }
    return 0;
}

/* Whatever is wrong with a replica, its master is tried as well; where that was begun with, it is
 * gone on with. */
static int scan_shard(struct round *round, const struct shard *shard,
                      struct node_result *ret_result, struct error *err)
{
    const char *node = *node_of(round, shard);
    SCOPED(json_cleanup) json_t *resume = node ? json_loads(node, 0, NULL) : NULL;
    const struct node_place place = {.cluster = true, .master = true, .resume = resume};
    if (scan_reads_replicas(round->patience->request) &&
        !node_checkpoint_is_of(resume, &shard->endpoint)) {
        int scanned = scan_replicas(round, shard, resume, ret_result, err);
        if (scanned != 0)
            return scanned > 0 ? 0 : -1;
    }
    return scan_at(round, shard, &shard->endpoint, &place, ret_result, err);
}

static void merge(struct shard_sum *sum, struct node_result *result)
{
    struct scan_outcome *outcome = &sum->outcome;
    outcome->keys_seen += result->outcome.keys_seen;
    outcome->expired_released += result->outcome.expired_released;
    outcome->keys_before += result->outcome.keys_before;
    outcome->keys_after += result->outcome.keys_after;
    outcome->commands += result->outcome.commands;
    scan_cost_add(&outcome->cost, &result->outcome.cost);
    if (sum->method) {
        sum->method->merge(sum->state, result->state);
        return;
    }
    sum->method = result->method;
    sum->state = result->state;
    result->state = NULL;
}

static void fail(struct round *round, const struct error *failure)
{
    if (round->failure.code == ERROR_NONE)
        round->failure = *failure;
    atomic_store(&round->stopping, true);
}

static struct shard *take_shard(struct round *round)
{
    while (!atomic_load(&round->stopping) && round->next < round->map->count) {
        struct shard *shard = &round->map->items[round->next++];
        if (round->picked ? !redis_slots_are_none(&shard->picked)
                          : !shard->done && !redis_slots_are_none(&shard->todo))
            return shard;
    }
    return NULL;
}

static void take_result(struct round *round, struct shard *shard, struct node_result *result)
{
    shard->seen += result->outcome.keys_seen;
    if (round->picked) {
        redis_slots_unite(&round->sum->settled, &result->settled);
    } else {
        shard->done = true;
        shard->redirected = result->redirected;
        keep_node(round, shard, NULL);
    }
    merge(round->sum, result);
}

static bool is_forgiven(const struct round *round, enum error_code code)
{
    return round->picked ? !node_error_ends_the_scan(code) : node_error_passes(code);
}

static void *run_shards(void *argument)
{
    struct round *round = argument;
    struct shard *shard;
    pthread_mutex_lock(&round->mutex);
    while ((shard = take_shard(round))) {
        struct node_result result = {0};
        struct error err = {0};
        pthread_mutex_unlock(&round->mutex);
        int status = round->picked ? read_picked(round, shard, &result, &err)
                                   : scan_shard(round, shard, &result, &err);
        pthread_mutex_lock(&round->mutex);
        if (status == 0) {
            take_result(round, shard, &result);
        } else if (is_forgiven(round, err.code)) {
            round->sum->unread = err;
        } else {
            fail(round, &err);
        }
        node_result_release(&result);
    }
    round->threads--;
    pthread_cond_signal(&round->ended);
    pthread_mutex_unlock(&round->mutex);
    return NULL;
}

static void wait_a_little(struct round *round)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)WATCH_MS * NS_OF_MS;
    until.tv_sec += until.tv_nsec / NS_OF_S;
    until.tv_nsec %= NS_OF_S;
    pthread_cond_timedwait(&round->ended, &round->mutex, &until);
}

/* With the mutex. */
static void write_checkpoint(struct round *round, struct json_writer *json)
{
    struct shard_sum sum = *round->sum;
    sum.outcome.duration_ms += clock_monotonic_ms() - round->patience->started;
    sum.progress.keys_seen -= round->unsure;
    json_writer_init(json);
    json->most = SCAN_CHECKPOINT_MAX;
    shard_checkpoint_write(json, round->map, &sum, round->nodes);
}

static void give_checkpoint(struct round *round)
{
    const struct scan_request *request = round->patience->request;
    struct json_writer json;
    if (!request->checkpoint || round->picked)
        return;
    round->given_ms = clock_monotonic_ms();
    pthread_mutex_lock(&round->mutex);
    write_checkpoint(round, &json);
    pthread_mutex_unlock(&round->mutex);
    scan_checkpoint_give(request, SCAN_CHECKPOINT_SHARDS, json.is_overlong ? NULL : json.text,
                         json.length);
    json_writer_release(&json);
}

/* The request's functions are called without the mutex, as they may take their time. */
static void watch(struct round *round)
{
    const struct scan_request *request = round->patience->request;
    pthread_mutex_lock(&round->mutex);
    while (round->threads > 0) {
        wait_a_little(round);
        shard_telling_fill(&round->telling);
        pthread_mutex_unlock(&round->mutex);
        struct error err = {0};
        if (request->progress)
            request->progress(request->progress_argument, &round->telling.progress);
        if (clock_monotonic_ms() - round->given_ms >= SCAN_CHECKPOINT_MS)
            give_checkpoint(round);
        int status = scan_patience_ask(round->patience, &err);
        pthread_mutex_lock(&round->mutex);
        if (status < 0)
            fail(round, &err);
    }
    pthread_mutex_unlock(&round->mutex);
}

static void init_sync(struct round *round)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&round->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&round->mutex, NULL);
}

/* At least one, or the round could not end. */
static int start_threads(struct round *round, pthread_t threads[NODES_AT_ONCE_MAX], int wanted)
{
    int count = 0;
    pthread_mutex_lock(&round->mutex);
    while (count < wanted && pthread_create(&threads[count], NULL, run_shards, round) == 0)
        count++;
    round->threads = count;
    pthread_mutex_unlock(&round->mutex);
    if (count == 0)
        abort();
    return count;
}

/* What the sum brings to resume is of this round only. */
static void init_nodes(struct round *round)
{
    json_t *resume = round->sum->resume;
    round->nodes = calloc((size_t)round->map->count, sizeof(*round->nodes));
    round->running = calloc((size_t)round->map->count, sizeof(const struct scan_progress *));
    if (!round->nodes || !round->running)
        abort();
    round->telling.running = round->running;
    for (int i = 0; resume && i < round->map->count; i++) {
        const json_t *node = json_array_get(resume, (size_t)i);
        round->nodes[i] = json_is_object(node) ? json_dumps(node, JSON_COMPACT) : NULL;
    }
    json_decref(resume);
    round->sum->resume = NULL;
}

static void run_threads(struct round *round)
{
    const struct scan_request *request = round->patience->request;
    pthread_t threads[NODES_AT_ONCE_MAX];
    int wanted = scan_nodes_at_once(request);
    wanted = wanted < NODES_AT_ONCE_MAX ? wanted : NODES_AT_ONCE_MAX;
    int count =
        start_threads(round, threads, wanted < round->map->count ? wanted : round->map->count);
    watch(round);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static int run_round(struct scan_patience *patience, struct shard_map *map, struct shard_sum *sum,
                     bool picked, struct error *err)
{
    struct round round = {.patience = patience,
                          .map = map,
                          .sum = sum,
                          .picked = picked,
                          .telling = {.map = map, .sum = sum, .picked = picked},
                          .given_ms = clock_monotonic_ms()};
    init_sync(&round);
    init_nodes(&round);
    run_threads(&round);
    if (round.failure.code != ERROR_NONE)
        give_checkpoint(&round);
    for (int i = 0; i < map->count; i++)
        free(round.nodes[i]);
    free(round.nodes);
    free(round.running);
    pthread_cond_destroy(&round.ended);
    pthread_mutex_destroy(&round.mutex);
    if (round.failure.code == ERROR_NONE)
        return 0;
    *err = round.failure;
    return -1;
}

void shard_sum_release(struct shard_sum *sum)
{
    if (sum->state)
        sum->method->free(sum->state);
    json_decref(sum->resume);
    *sum = (struct shard_sum){0};
}

int shard_round_run(struct scan_patience *patience, struct shard_map *map, struct shard_sum *sum,
                    struct error *err)
{
    return run_round(patience, map, sum, false, err);
}

int shard_round_run_picked(struct scan_patience *patience, struct shard_map *map,
                           struct shard_sum *sum, struct error *err)
{
    sum->settled = (struct redis_slots){0};
    return run_round(patience, map, sum, true, err);
}
