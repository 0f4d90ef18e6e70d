/* Access keys in a cache of their own, all with the same lifetime. */
#include "auth/access_key_cache.h"

#include <stdlib.h>

#include <openssl/rand.h>

#include "auth/cache.h"
#include "auth/metrics.h"
#include "base/secret.h"

enum { DECOY_LENGTH = 40 };

_Static_assert(DECOY_LENGTH <= (int)ACCESS_KEY_CACHE_SECRET_MAX, "a decoy is a secret");
_Static_assert((int)ACCESS_KEY_CACHE_ID_MAX <= (int)CACHE_KEY_MAX, "an access key's id is a key");

struct access_key_cache {
    struct cache *keys; /* of struct access_key */
    int64_t lifetime_ms;
};

void access_key_make_unknown(struct access_key *key)
{
    unsigned char bytes[DECOY_LENGTH / 2];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        abort();
    key->known = false;
    key->secret_length = DECOY_LENGTH;
    text_format_hex(bytes, sizeof(bytes), key->secret);
}

int access_key_verify(const struct access_key *key, const struct auth_request *request,
                      const struct signature *signature, struct error *err)
{
    const struct text secret = {key->secret, key->secret_length};
    if (signature_verify(request, signature, secret, err) < 0)
        return -1;
    return key->known ? 0 : signature_refuse(err);
}

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
    return auth_note_lookup(&auth_metric_access_keys, cache_find(cache->keys, id, now_ms));
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
