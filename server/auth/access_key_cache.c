/* A set-associative table, as in a processor's cache: no growth, no chains, no eviction lists. */
#include "auth/access_key_cache.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/secret.h"

enum { WAYS = 4 };

struct entry {
    int64_t expires_ms; /* 0: empty */
    struct access_key key;
};

struct access_key_cache {
    size_t sets;
    int64_t lifetime_ms;
    uint64_t seed;
    struct entry entries[];
};

struct access_key_cache *access_key_cache_new(int64_t entries, int64_t lifetime_ms)
{
    size_t sets = ((size_t)entries + WAYS - 1) / WAYS;
    struct access_key_cache *cache =
        calloc(1, sizeof(*cache) + sets * WAYS * sizeof(cache->entries[0]));
    if (!cache || RAND_bytes((unsigned char *)&cache->seed, sizeof(cache->seed)) != 1)
        abort();
    cache->sets = sets;
    cache->lifetime_ms = lifetime_ms;
    return cache;
}

static void empty(struct entry *entry)
{
    if (entry->expires_ms)
        secret_cleanse(entry, sizeof(*entry));
    entry->expires_ms = 0;
}

void access_key_cache_clear(struct access_key_cache *cache)
{
    for (size_t i = 0; i < cache->sets * WAYS; i++)
        empty(&cache->entries[i]);
}

void access_key_cache_free(struct access_key_cache *cache)
{
    if (!cache)
        return;
    access_key_cache_clear(cache);
    free(cache);
}

static struct entry *set_of(struct access_key_cache *cache, struct text id)
{
    uint64_t hash = cache->seed ^ 0xcbf29ce484222325; /* FNV-1a, seeded */
    for (size_t i = 0; i < id.length; i++)
        hash = (hash ^ (unsigned char)id.bytes[i]) * 0x100000001b3;
    return &cache->entries[(hash >> 20) % cache->sets * WAYS];
}

static struct entry *find_entry(struct access_key_cache *cache, struct text id)
{
    struct entry *set = set_of(cache, id);
    for (int i = 0; i < WAYS; i++) {
        if (set[i].expires_ms && text_equals(text_of(set[i].key.identity.name), id))
            return &set[i];
    }
    return NULL;
}

const struct access_key *access_key_cache_find(struct access_key_cache *cache, struct text id,
                                               int64_t now_ms)
{
    struct entry *entry = find_entry(cache, id);
    if (!entry)
        return NULL;
    if (entry->expires_ms <= now_ms) {
        empty(entry);
        return NULL;
    }
    return &entry->key;
}

void access_key_cache_put(struct access_key_cache *cache, const struct access_key *key,
                          int64_t now_ms)
{
    struct text id = text_of(key->identity.name);
    struct entry *place = find_entry(cache, id);
    if (!place) {
        struct entry *set = set_of(cache, id);
        place = set;
        for (int i = 1; i < WAYS; i++) {
            if (set[i].expires_ms < place->expires_ms)
                place = &set[i];
        }
    }
    empty(place);
    if (cache->lifetime_ms == 0)
        return;
    place->key = *key;
    place->expires_ms = now_ms + cache->lifetime_ms;
}

void access_key_cache_forget(struct access_key_cache *cache, struct text id)
{
    struct entry *entry = find_entry(cache, id);
    if (entry)
        empty(entry);
}
