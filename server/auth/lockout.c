/* A set-associative table of rows under sharded locks. */
#include "auth/lockout.h"

#include <stdlib.h>

#include <pthread.h>

enum { SHARDS = 64, CACHE_LINE = 64 };

struct row {
    uint64_t name;
    int64_t failures;
    int64_t ends_us; /* when it is forgotten, locked or not */
};

struct shard {
    _Alignas(CACHE_LINE) pthread_mutex_t mutex;
};

struct lockout {
    int64_t failures;
    int64_t lock_us;
    uint64_t sets;
    struct row *rows; /* LOCKOUT_WAYS for each set */
    struct shard shards[SHARDS];
};

struct lockout *lockout_new(int64_t failures, int64_t lock_us, int64_t places)
{
    struct lockout *lockout = aligned_alloc(CACHE_LINE, sizeof(*lockout));
    if (!lockout)
        abort();
    lockout->failures = failures;
    lockout->lock_us = lock_us;
    lockout->sets = ((uint64_t)places + LOCKOUT_WAYS - 1) / LOCKOUT_WAYS;
    lockout->rows = calloc(lockout->sets * LOCKOUT_WAYS, sizeof(*lockout->rows));
    if (!lockout->rows)
        abort();
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&lockout->shards[i].mutex, NULL);
    return lockout;
}

void lockout_free(struct lockout *lockout)
{
    if (!lockout)
        return;
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&lockout->shards[i].mutex);
    free(lockout->rows);
    free(lockout);
}

static struct row *set_of(const struct lockout *lockout, uint64_t name)
{
    return &lockout->rows[name % lockout->sets * LOCKOUT_WAYS];
}

static pthread_mutex_t *mutex_of(struct lockout *lockout, uint64_t name)
{
    return &lockout->shards[name % lockout->sets % SHARDS].mutex;
}

/* A row without failures is no row. */
static struct row *find(struct row *set, uint64_t name)
{
    for (int i = 0; i < LOCKOUT_WAYS; i++) {
        if (set[i].name == name && set[i].failures > 0)
            return &set[i];
    }
    return NULL;
}

static int64_t weight(const struct row *row, int64_t now_us)
{
    return row->ends_us > now_us ? row->failures : 0;
}

static struct row *make_room(struct row *set, int64_t now_us)
{
    struct row *least = set;
    for (int i = 1; i < LOCKOUT_WAYS; i++) {
        int64_t mine = weight(&set[i], now_us), its = weight(least, now_us);
        if (mine < its || (mine == its && set[i].ends_us < least->ends_us))
            least = &set[i];
    }
    least->failures = 0;
    return least;
}

int64_t lockout_remaining_us(struct lockout *lockout, uint64_t name, int64_t now_us)
{
    pthread_mutex_t *mutex = mutex_of(lockout, name);
    pthread_mutex_lock(mutex);
    const struct row *row = find(set_of(lockout, name), name);
    bool locked = row && row->failures >= lockout->failures && row->ends_us > now_us;
    int64_t remaining_us = locked ? row->ends_us - now_us : 0;
    pthread_mutex_unlock(mutex);
    return remaining_us;
}

bool lockout_fail(struct lockout *lockout, uint64_t name, int64_t now_us)
{
    pthread_mutex_t *mutex = mutex_of(lockout, name);
    pthread_mutex_lock(mutex);
    struct row *set = set_of(lockout, name), *row = find(set, name);
    bool locks = false;
    if (!row)
        row = make_room(set, now_us);
    else if (row->ends_us <= now_us)
        row->failures = 0;
    /* One that was under way when its name was locked changes nothing. */
    if (row->failures < lockout->failures) {
        int64_t failures = row->failures + 1;
        *row = (struct row){name, failures, now_us + lockout->lock_us};
        locks = failures == lockout->failures;
    }
    pthread_mutex_unlock(mutex);
    return locks;
}

void lockout_succeed(struct lockout *lockout, uint64_t name)
{
    pthread_mutex_t *mutex = mutex_of(lockout, name);
    pthread_mutex_lock(mutex);
    struct row *row = find(set_of(lockout, name), name);
    if (row)
        row->failures = 0;
    pthread_mutex_unlock(mutex);
}
