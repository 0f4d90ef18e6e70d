/* Reading is what can be paced: bytes that are not read stay with the server, as its socket and
 * ours hold little.  What pings measure is heard whenever something is waited for. */
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pace.h"
#include "rate.h"
#include "rdb/reader.h"
#include "readiness.h"
#include "redis/full_sync.h"
#include "redis/info.h"
#include "redis/retry.h"
#include "scan/guard.h"
#include "scan/metrics.h"

enum {
    US_OF_MS = 1000,
    US_OF_S = 1000000,
    GUARD_FACTOR = 2, /* where the request leaves them open */
    GUARD_MS = 1,
    CEILING_MS = 20,
    PAUSE_POLL_US = 20000,
    WINDOW_US = 250000,   /* over which the speed is measured */
    RATE_LEAST = 1 << 20, /* bytes per second that are left however slow it is to be */
    NEAR_LEAST = 64 << 10,
    NEAR_MOST = 4 << 20,
    INFO_COMMANDS = 1
};

struct node {
    char name[ENDPOINT_TEXT_MAX + 1];
    struct errand *errand;
    struct redis_connection *connection;
    struct redis_memory memory;
    struct redis_target target;
    struct redis_full_sync *sync;
    struct guard *guard;
    struct pace pace;
    struct scan_cost said; /* of the metrics */
    struct rate rate;
    int64_t per_second;  /* bytes that may be read now; 0: no limit */
    int64_t measured;    /* bytes a second at full speed */
    int64_t window_us;   /* when measuring began */
    int64_t window_size; /* and how much was read then */
    bool memory_known;
    int64_t offset; /* of its replication, -1: not told */
    char allocator[RDB_ALLOCATOR_MAX + 1];
};

static int or_default(int value, int standard)
{
    return value > 0 ? value : standard;
}

static void listen_to_guard(struct node *node)
{
    const int64_t baseline = node->pace.limits.baseline_us;
    struct scan_progress *progress = &node->errand->progress;
    int64_t latency, now = clock_monotonic_us();
    if (!node->guard)
        return;
    while (guard_take(node->guard, &latency)) {
        pace_take_latency(&node->pace, now, latency);
        metric_observe(&scan_metric_added_latency, 0, latency > baseline ? latency - baseline : 0);
    }
    pace_take_waiting(&node->pace, now, guard_waiting_us(node->guard, now));
    progress->is_paused = pace_is_paused(&node->pace, now);
    progress->pause = SCAN_PAUSE_CEILING;
    progress->latency_us = node->pace.latency_us;
    progress->cost = pace_cost(&node->pace, now);
    scan_metrics_note_cost(&node->said, &progress->cost);
}

/* Of the connection's waits. */
static int ask(void *argument, struct error *err)
{
    struct node *node = argument;
    listen_to_guard(node);
    return errand_ask(node->errand, err);
}

static void note_allocator(struct node *node, struct text info)
{
    struct text name;
    if (redis_info_find(info, "mem_allocator", &name) && name.length <= RDB_ALLOCATOR_MAX)
        memcpy(node->allocator, name.bytes, name.length);
}

static int check_readiness(struct node *node, struct error *err)
{
    static const struct text words[] = {{"INFO", 4}};
    struct errand *errand = node->errand;
    const struct redis_reply *reply;
    struct readiness readiness;
    if (redis_connection_call(node->connection, words, 1, &reply, err) < 0)
        return -1;
    if (reply->kind != REDIS_STRING)
        return redis_connection_unexpected(node->connection, reply, "INFO", err);
    if (readiness_check(reply->text, errand->request->fork_memory_percent, &readiness, err) < 0)
        return error_prefix(err, "%s", node->name);
    int64_t keys = redis_info_total_keys(reply->text);
    errand->progress.keys_total = keys > 0 ? keys : 0;
    node->memory_known = readiness.memory_known;
    note_allocator(node, reply->text);
    return 0;
}

static int begin_guard(struct node *node, struct error *err)
{
    const struct offline_request *request = node->errand->request;
    int64_t least, usual;
    if (guard_measure(node->connection, &least, &usual, err) < 0)
        return -1;
    int64_t by_factor = usual * or_default(request->guard_factor, GUARD_FACTOR);
    int64_t by_time = usual + (int64_t)or_default(request->guard_ms, GUARD_MS) * US_OF_MS;
    const struct pace_limits limits = {
        .guarded = request->profile != SCAN_FAST,
        .baseline_us = usual,
        .guard_us = by_factor > by_time ? by_factor : by_time,
        .ceiling_us = (int64_t)or_default(request->ceiling_ms, CEILING_MS) * US_OF_MS,
    };
    pace_init(&node->pace, &limits, clock_monotonic_us());
    node->guard = guard_new(&node->target);
    return 0;
}

static void keep_near(struct node *node)
{
    int64_t bytes = node->per_second / RATE_BURST_PARTS;
    if (node->per_second > 0)
        redis_full_sync_keep_near(node->sync, bytes < NEAR_LEAST  ? NEAR_LEAST
                                              : bytes > NEAR_MOST ? NEAR_MOST
                                                                  : bytes);
}

static int begin(struct node *node, struct error *err)
{
    const struct redis_interrupt interrupt = {ask, node};
    if (redis_connection_open(&node->target, interrupt, &node->connection, err) < 0 ||
        check_readiness(node, err) < 0 || begin_guard(node, err) < 0 ||
        redis_full_sync_begin(node->connection, &node->sync, err) < 0)
        return -1;
    int64_t now = clock_monotonic_us();
    rate_init(&node->rate, now);
    node->window_us = now;
    node->offset = redis_full_sync_offset(node->sync);
    node->per_second = node->errand->request->bytes_per_second;
    keep_near(node);
    return 0;
}

int node_open(struct errand *errand, struct node **ret_node, struct error *err)
{
    struct node *node = calloc(1, sizeof(*node));
    if (!node)
        abort();
    node->errand = errand;
    endpoint_format(&errand->request->target.endpoint, node->name);
    redis_memory_init(&node->memory);
    node->target = errand->request->target;
    node->target.memory = &node->memory;
    if (begin(node, err) < 0) {
        node_free(node);
        return -1;
    }
    *ret_node = node;
    return 0;
}

/* The guard's connection goes last: its thread is waited for. */
static void close_all(struct node *node)
{
    redis_full_sync_free(node->sync);
    redis_connection_free(node->connection);
    node->sync = NULL;
    node->connection = NULL;
    guard_free(node->guard);
    node->guard = NULL;
}

void node_free(struct node *node)
{
    if (!node)
        return;
    close_all(node);
    free(node);
}

/* How fast it goes while nothing holds it back. */
static void measure(struct node *node, int64_t now)
{
    int64_t given = redis_full_sync_given(node->sync), elapsed = now - node->window_us;
    if (elapsed < WINDOW_US)
        return;
    if (node->pace.share == PACE_FULL && !node->pace.paused)
        node->measured = (given - node->window_size) * US_OF_S / elapsed;
    node->window_us = now;
    node->window_size = given;
}

/* A share of what the server has given, rather than of a limit that it may never have reached. */
static void follow_pace(struct node *node)
{
    int64_t limit = node->errand->request->bytes_per_second, before = node->per_second;
    int64_t base =
        limit > 0 && (node->measured == 0 || limit < node->measured) ? limit : node->measured;
    int64_t share = base * node->pace.share / PACE_FULL;
    if (node->pace.share == PACE_FULL || base == 0)
        node->per_second = limit;
    else
        node->per_second = share > RATE_LEAST ? share : base < RATE_LEAST ? base : RATE_LEAST;
    if (node->per_second != before)
        keep_near(node);
}

/* How much may be read now; 0: ask again after that time. */
static int64_t find_turn(struct node *node, size_t most, int64_t *ret_wait_us)
{
    int64_t now = clock_monotonic_us(), allowed = (int64_t)most;
    *ret_wait_us = PAUSE_POLL_US;
    listen_to_guard(node);
    measure(node, now);
    follow_pace(node);
    if (pace_is_paused(&node->pace, now))
        return 0;
    if (node->per_second > 0)
        allowed = rate_allow(&node->rate, node->per_second, now, ret_wait_us);
    return allowed < (int64_t)most ? allowed : (int64_t)most;
}

static int64_t wait_for_turn(struct node *node, size_t most, struct error *err)
{
    for (;;) {
        int64_t wait, allowed = find_turn(node, most, &wait);
        if (errand_check(node->errand, err) < 0)
            return -1;
        if (allowed > 0)
            return allowed;
        if (errand_nap(node->errand, wait < PAUSE_POLL_US ? wait : PAUSE_POLL_US, err) < 0)
            return -1;
    }
}

ssize_t node_read(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    struct node *node = argument;
    int64_t allowed = wait_for_turn(node, most, err);
    if (allowed < 0)
        return error_prefix(err, "%s", node->name);
    ssize_t moved = redis_full_sync_read(node->sync, ret_bytes, (size_t)allowed, err);
    if (moved > 0)
        rate_take(&node->rate, moved);
    return moved;
}

int node_end(struct node *node, int64_t used, struct error *err)
{
    int status = redis_full_sync_end(node->sync, used, err);
    listen_to_guard(node);
    close_all(node);
    return status;
}

const char *node_name(const struct node *node)
{
    return node->name;
}

const char *node_allocator(const struct node *node)
{
    return node->allocator;
}

int64_t node_offset(const struct node *node)
{
    return node->offset;
}

void node_tell(const struct node *node, struct scan_outcome *outcome)
{
    outcome->cost = pace_cost(&node->pace, clock_monotonic_us());
    outcome->commands = INFO_COMMANDS + REDIS_SYNC_COMMANDS;
    if (!node->memory_known && node->errand->request->fork_memory_percent > 0)
        snprintf(outcome->note, sizeof(outcome->note),
                 "the server does not tell its machine's memory: it was not asked whether a fork "
                 "fits");
}
