/* Buckets as one number each: the moment at which it will be full again.  (The "virtual scheduling"
 * form of the generic cell rate algorithm, ITU-T I.371.)  Nothing has to be refilled, and a bucket
 * that is full is as good as none. */
#include "auth/throttle.h"

#include <assert.h>
#include <stdlib.h>

#include <pthread.h>

enum { SHARDS = 64, CACHE_LINE = 64, NS_PER_US = 1000, NS_PER_SECOND = 1000000000 };

struct bucket {
    uint64_t name;
    int64_t full_at_ns;
};

struct shard {
    _Alignas(CACHE_LINE) pthread_mutex_t mutex;
};

struct throttle {
    int64_t step_ns; /* the time that brings one */
    int64_t burst;
    uint64_t sets;
    struct bucket *buckets; /* THROTTLE_WAYS for each set */
    struct shard shards[SHARDS];
};

struct throttle *throttle_new(int64_t rate, int64_t burst, int64_t places)
{
    assert(rate >= 1 && rate <= THROTTLE_RATE_MAX && burst >= 1 && burst <= THROTTLE_BURST_MAX);
    struct throttle *throttle = aligned_alloc(CACHE_LINE, sizeof(*throttle));
    if (!throttle)
        abort();
    throttle->step_ns = NS_PER_SECOND / rate;
    throttle->burst = burst;
    throttle->sets = ((uint64_t)places + THROTTLE_WAYS - 1) / THROTTLE_WAYS;
    throttle->buckets = calloc(throttle->sets * THROTTLE_WAYS, sizeof(*throttle->buckets));
    if (!throttle->buckets)
        abort();
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&throttle->shards[i].mutex, NULL);
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&throttle->shards[i].mutex);
    free(throttle->buckets);
    free(throttle);
}

/* The name's own bucket, or the one that it may take over. */
static struct bucket *find(struct bucket *set, uint64_t name)
{
    struct bucket *fullest = set;
    for (int i = 0; i < THROTTLE_WAYS; i++) {
        if (set[i].name == name)
            return &set[i];
        if (set[i].full_at_ns < fullest->full_at_ns)
            fullest = &set[i];
    }
    return fullest;
}

/* How long the bucket takes to be full. */
static int64_t take(const struct throttle *throttle, struct bucket *bucket, uint64_t name,
                    int64_t now_ns, bool *ret_allowed)
{
    int64_t owing_ns = bucket->full_at_ns > now_ns ? bucket->full_at_ns - now_ns : 0;
    *ret_allowed = owing_ns <= (throttle->burst - 1) * throttle->step_ns;
    if (!*ret_allowed)
        return owing_ns;
    *bucket = (struct bucket){name, now_ns + owing_ns + throttle->step_ns};
    return owing_ns + throttle->step_ns;
}

void throttle_take(struct throttle *throttle, uint64_t name, int64_t now_us,
                   struct throttle_verdict *ret_verdict)
{
    uint64_t index = name % throttle->sets;
    pthread_mutex_t *mutex = &throttle->shards[index % SHARDS].mutex;
    int64_t step_ns = throttle->step_ns;
    pthread_mutex_lock(mutex);
    struct bucket *bucket = find(&throttle->buckets[index * THROTTLE_WAYS], name);
    int64_t owing_ns = take(throttle, bucket, name, now_us * NS_PER_US, &ret_verdict->allowed);
    pthread_mutex_unlock(mutex);

    int64_t taken = (owing_ns + step_ns - 1) / step_ns;
    ret_verdict->limit = throttle->burst;
    ret_verdict->remaining = taken < throttle->burst ? throttle->burst - taken : 0;
    if (ret_verdict->remaining == 0)
        owing_ns -= (throttle->burst - 1) * step_ns;
    ret_verdict->reset_us = (owing_ns + NS_PER_US - 1) / NS_PER_US;
}
