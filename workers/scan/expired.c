/* Expired keys: nothing is asked about a key.  A master deletes every expired key that SCAN passes
 * and counts it; a replica deletes nothing.
 *
 * The counter is the server's, so what its own expiry and its clients' reads released meanwhile is
 * in it: it is sampled, so that a reset hides little, and a restart is seen.  The configuration is
 * read and never written. */
#include "expired.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "method.h"
#include "redis/parameters.h"
#include "saved.h"
#include "snapshot.h"

struct expired {
    struct expired_count count;
    struct expired_trend trend;
    struct scan_expiry expiry;
    const struct scan_snapshot *before;
    int64_t started_ms, sampled_ms;
};

void expired_count_init(struct expired_count *count, int64_t counter)
{
    *count = (struct expired_count){.last = counter};
}

void expired_count_take(struct expired_count *count, int64_t counter)
{
    bool reset = counter < count->last;
    count->resets += reset;
    count->released += reset ? counter : counter - count->last;
    count->last = counter;
}

void expired_trend_init(struct expired_trend *trend)
{
    *trend = (struct expired_trend){.expires = -1};
}

static bool is_worse(const struct expired_trend *trend, int64_t expires, int stale)
{
    int64_t growth = expires - trend->expires;
    return (growth >= EXPIRED_GROWTH_LEAST && growth >= trend->expires / EXPIRED_GROWTH) ||
           (stale > EXPIRED_STALE && stale > trend->stale && growth > 0);
}

void expired_trend_take(struct expired_trend *trend, int64_t expires, int stale)
{
    bool first = trend->expires < 0;
    bool worse = !first && is_worse(trend, expires, stale);
    trend->expires = expires;
    trend->stale = stale;
    trend->worse = worse ? trend->worse + 1 : 0;
    trend->better = worse || first ? 0 : trend->better + 1;
    if (!trend->starving && trend->worse >= EXPIRED_WORSE) {
        trend->starving = true;
        trend->times++;
    } else if (trend->better >= EXPIRED_BETTER) {
        trend->starving = false;
    }
}

bool expired_is_possible(const struct scan_snapshot *before, const struct scan_snapshot *after,
                         int64_t released)
{
    int64_t written = released - before->keys + after->keys;
    if (written <= 0 || before->commands < 0 || before->input_bytes < 0 ||
        after->commands < before->commands || after->input_bytes < before->input_bytes)
        return true;
    return written <=
           after->commands - before->commands + (after->input_bytes - before->input_bytes);
}

int64_t expired_usual(const struct scan_snapshot *before, int64_t ms)
{
    if (before->uptime_s <= 0)
        return 0;
    return (int64_t)((double)before->expired / (double)before->uptime_s * (double)ms / 1000);
}

static const char *expired_check(const struct scan_server *server)
{
    return server->probe->role == REDIS_ROLE_MASTER
               ? NULL
               : "a replica: expired keys are released on masters only";
}

static void *expired_new(const struct scan_server *server)
{
    (void)server;
    struct expired *expired = calloc(1, sizeof(*expired));
    if (!expired)
        abort();
    return expired;
}

static int ask_lazy_free(struct scan_source *source, const struct redis_probe *probe,
                         enum scan_lazy_free *ret_lazy, struct error *err)
{
    static const char *const names[] = {"lazyfree-lazy-expire"};
    SCOPED(redis_parameters_release) struct redis_parameters parameters = {0};
    source->commands++;
    if (redis_parameters_ask(source->connection, probe, names, 1, &parameters, err) < 0)
        return -1;
    const char *value = parameters.values[0];
    *ret_lazy = !value                      ? SCAN_LAZY_FREE_UNKNOWN
                : strcmp(value, "yes") == 0 ? SCAN_LAZY_FREE_ON
                                            : SCAN_LAZY_FREE_OFF;
    return 0;
}

static int expired_begin(void *state, struct scan_source *source,
                         const struct scan_snapshot *before, bool *ret_careful, struct error *err)
{
    struct expired *expired = state;
    expired->before = before;
    expired->started_ms = expired->sampled_ms = clock_monotonic_ms();
    expired_count_init(&expired->count, before->expired);
    expired_trend_init(&expired->trend);
    expired_trend_take(&expired->trend, before->expires, before->stale);
    if (ask_lazy_free(source, &before->server, &expired->expiry.lazy_free, err) < 0)
        return -1;
    *ret_careful = expired->expiry.lazy_free != SCAN_LAZY_FREE_ON;
    return 0;
}

static int take_sample(struct expired *expired, const struct scan_snapshot *now, bool *hurry,
                       struct error *err)
{
    if (!scan_snapshot_is_same_process(expired->before, now))
        return error_set(err, ERROR_REDIS_UNREADY, "the server was restarted during the scan");
    if (now->server.role != REDIS_ROLE_MASTER)
        return error_set(err, ERROR_REDIS_UNREADY, "it became a replica during the scan");
    expired_count_take(&expired->count, now->expired);
    expired_trend_take(&expired->trend, now->expires, now->stale);
    *hurry = expired->trend.starving;
    return 0;
}

static int expired_watch(void *state, struct scan_source *source, bool *hurry, struct error *err)
{
    struct expired *expired = state;
    SCOPED(scan_snapshot_release) struct scan_snapshot now = {0};
    if (clock_monotonic_ms() - expired->sampled_ms < EXPIRED_SAMPLE_MS)
        return 0;
    source->commands++;
    if (scan_snapshot_take(source->connection, source->interrupt, source->database, &now, err) < 0)
        return -1;
    expired->sampled_ms = clock_monotonic_ms();
    if (take_sample(expired, &now, hurry, err) < 0)
        return error_prefix(err, "%s", redis_connection_name(source->connection));
    return 0;
}

static int expired_end(void *state, const struct scan_snapshot *before,
                       const struct scan_snapshot *after, struct scan_outcome *outcome,
                       struct error *err)
{
    struct expired *expired = state;
    struct expired_count *count = &expired->count;
    expired_count_take(count, after->expired);
    if (count->resets == 0 && !expired_is_possible(before, after, count->released))
        return error_set(err, ERROR_REDIS_PROTOCOL,
                         "INFO: %lld keys expired of %lld, %lld are left, and fewer were written",
                         (long long)count->released, (long long)before->keys,
                         (long long)after->keys);
    expired->before = NULL;
    outcome->expired_released = count->released;
    expired->expiry.resets = count->resets;
    expired->expiry.hurries = expired->trend.times;
    expired->expiry.usual = expired_usual(before, clock_monotonic_ms() - expired->started_ms);
    return 0;
}

static void expired_merge(void *state, const void *other)
{
    struct scan_expiry *sum = &((struct expired *)state)->expiry;
    const struct scan_expiry *expiry = &((const struct expired *)other)->expiry;
    sum->usual += expiry->usual;
    sum->resets += expiry->resets;
    sum->hurries += expiry->hurries;
    if (expiry->lazy_free > sum->lazy_free)
        sum->lazy_free = expiry->lazy_free;
}

static void expired_finish(void *state, const struct shard_map *map, struct scan_outcome *outcome)
{
    (void)map;
    outcome->num = outcome->expired_released;
    outcome->expiry = ((const struct expired *)state)->expiry;
}

static void expired_save(const void *state, struct json_writer *json)
{
    const struct expired *expired = state;
    const struct scan_expiry *expiry = &expired->expiry;
    json_writer_member_number(json, "last", expired->count.last);
    json_writer_member_number(json, "released", expired->count.released);
    json_writer_member_number(json, "count_resets", expired->count.resets);
    json_writer_member_number(json, "times", expired->trend.times);
    json_writer_member_number(json, "elapsed_ms", clock_monotonic_ms() - expired->started_ms);
    json_writer_member_number(json, "usual", expiry->usual);
    json_writer_member_number(json, "resets", expiry->resets);
    json_writer_member_number(json, "hurries", expiry->hurries);
    json_writer_member_number(json, "lazy_free", expiry->lazy_free);
}

static bool expired_load(void *state, const json_t *saved)
{
    struct expired *expired = state;
    struct scan_expiry *expiry = &expired->expiry;
    int64_t elapsed_ms, lazy_free;
    if (!saved_integer(saved, "last", 0, INT64_MAX, &expired->count.last) ||
        !saved_integer(saved, "released", 0, INT64_MAX / 2, &expired->count.released) ||
        !saved_integer(saved, "count_resets", 0, INT32_MAX, &expired->count.resets) ||
        !saved_integer(saved, "times", 0, INT32_MAX, &expired->trend.times) ||
        !saved_integer(saved, "elapsed_ms", 0, INT64_MAX / 2, &elapsed_ms) ||
        !saved_integer(saved, "usual", 0, INT64_MAX / 2, &expiry->usual) ||
        !saved_integer(saved, "resets", 0, INT32_MAX, &expiry->resets) ||
        !saved_integer(saved, "hurries", 0, INT32_MAX, &expiry->hurries) ||
        !saved_integer(saved, "lazy_free", SCAN_LAZY_FREE_ON, SCAN_LAZY_FREE_OFF, &lazy_free))
        return false;
    expired->started_ms = clock_monotonic_ms() - elapsed_ms;
    if ((int64_t)expiry->lazy_free < lazy_free)
        expiry->lazy_free = (enum scan_lazy_free)lazy_free;
    return true;
}

const struct scan_method scan_method_expired = {
    .check = expired_check,
    .new = expired_new,
    .free = free,
    .begin = expired_begin,
    .watch = expired_watch,
    .end = expired_end,
    .merge = expired_merge,
    .save = expired_save,
    .load = expired_load,
    .finish = expired_finish,
};
