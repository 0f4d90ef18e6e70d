/* Access keys in a cache of their own, all with the same lifetime. */
#include "auth/access_key_cache.h"

#include <stdlib.h>

#include "auth/cache.h"

_Static_assert((int)ACCESS_KEY_CACHE_ID_MAX <= (int)CACHE_KEY_MAX, "an access key's id is a key");

struct access_key_cache {
    struct cache *keys; /* of struct access_key */
    int64_t lifetime_ms;
};

struct access_key_cache *access_key_cache_new(int64_t entries, int64_t lifetime_ms)
{
    struct access_key_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        abort();
    cache->keys = cache_new(entries, sizeof(struct access_key));
    cache->lifetime_ms = lifetime_ms;
    return cache;
}

void access_key_cache_clear(struct access_key_cache *cache)
{
    cache_clear(cache->keys);
}

void access_key_cache_free(struct access_key_cache *cache)
{
    if (!cache)
        return;
    cache_free(cache->keys);
    free(cache);
}

const struct access_key *access_key_cache_find(struct access_key_cache *cache, struct text id,
                                               int64_t now_ms)
{
    return cache_find(cache->keys, id, now_ms);
}

void access_key_cache_put(struct access_key_cache *cache, const struct access_key *key,
                          int64_t now_ms)
{
    cache_put(cache->keys, text_of(key->identity.name), key, now_ms, cache->lifetime_ms);
}

void access_key_cache_forget(struct access_key_cache *cache, struct text id)
{
    cache_forget(cache->keys, id);
}
