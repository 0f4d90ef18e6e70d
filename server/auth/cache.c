/* Entries stand in one array, `WAYS` to a set; the key's seeded hash says which set. */
#include "auth/cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/secret.h"

enum { WAYS = 4 };

struct entry {
    int64_t expires_ms; /* 0: empty */
    size_t key_length;
    char key[CACHE_KEY_MAX];
    max_align_t value[]; /* of value_size bytes */
};

struct cache {
    size_t sets;
    size_t value_size;
    size_t entry_size;
    uint64_t seed;
    unsigned char *entries;
};

struct cache *cache_new(int64_t entries, size_t value_size)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    size_t unit = sizeof(max_align_t);
    if (!cache || RAND_bytes((unsigned char *)&cache->seed, sizeof(cache->seed)) != 1)
        abort();
    cache->sets = ((size_t)entries + WAYS - 1) / WAYS;
    cache->value_size = value_size;
    cache->entry_size = sizeof(struct entry) + (value_size + unit - 1) / unit * unit;
    cache->entries = calloc(cache->sets * WAYS, cache->entry_size);
    if (!cache->entries)
        abort();
    return cache;
}

static struct entry *entry_at(const struct cache *cache, size_t index)
{
    return (void *)(cache->entries + index * cache->entry_size);
}

static void empty(const struct cache *cache, struct entry *entry)
{
    if (entry->expires_ms)
        secret_cleanse(entry, cache->entry_size);
    entry->expires_ms = 0;
}

void cache_clear(struct cache *cache)
{
    for (size_t i = 0; i < cache->sets * WAYS; i++)
        empty(cache, entry_at(cache, i));
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    cache_clear(cache);
    free(cache->entries);
    free(cache);
}

/* The index of the first entry of the key's set. */
static size_t set_of(const struct cache *cache, struct text key)
{
    uint64_t hash = cache->seed ^ 0xcbf29ce484222325; /* FNV-1a, seeded */
    for (size_t i = 0; i < key.length; i++)
        hash = (hash ^ (unsigned char)key.bytes[i]) * 0x100000001b3;
    return (hash >> 20) % cache->sets * WAYS;
}

static struct entry *find_entry(const struct cache *cache, struct text key)
{
    size_t first = set_of(cache, key);
    for (size_t i = first; i < first + WAYS; i++) {
        struct entry *entry = entry_at(cache, i);
        if (entry->expires_ms && text_equals((struct text){entry->key, entry->key_length}, key))
            return entry;
    }
    return NULL;
}

const void *cache_find(struct cache *cache, struct text key, int64_t now_ms)
{
    struct entry *entry = find_entry(cache, key);
    if (!entry)
        return NULL;
    if (entry->expires_ms <= now_ms) {
        empty(cache, entry);
        return NULL;
    }
    return entry->value;
}

static struct entry *first_to_go(const struct cache *cache, struct text key)
{
    size_t first = set_of(cache, key);
    struct entry *place = entry_at(cache, first);
    for (size_t i = first + 1; i < first + WAYS; i++) {
        if (entry_at(cache, i)->expires_ms < place->expires_ms)
            place = entry_at(cache, i);
    }
    return place;
}

void cache_put(struct cache *cache, struct text key, const void *value, int64_t now_ms,
               int64_t lifetime_ms)
{
    assert(key.length <= CACHE_KEY_MAX);
    cache_forget(cache, key);
    struct entry *place = first_to_go(cache, key);
    if (lifetime_ms == 0 || place->expires_ms > now_ms + lifetime_ms)
        return;
    empty(cache, place);
    memcpy(place->key, key.bytes, key.length);
    place->key_length = key.length;
    memcpy(place->value, value, cache->value_size);
    place->expires_ms = now_ms + lifetime_ms;
}

void cache_forget(struct cache *cache, struct text key)
{
    struct entry *entry = find_entry(cache, key);
    if (entry)
        empty(cache, entry);
}
