/* Access keys that an event loop remembers, known and unknown ones, with the secret opened.
 *
 * Bounded: a full set gives up its oldest entry.  An entry counts for a few seconds only, and goes
 * at once when the database says that the key was changed.  Secrets are cleansed when they leave.
 * One thread. */
#ifndef AUTH_ACCESS_KEY_CACHE_H
#define AUTH_ACCESS_KEY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/identity.h"
#include "base/text.h"

enum { ACCESS_KEY_CACHE_ID_MAX = IDENTITY_NAME_MAX, ACCESS_KEY_CACHE_SECRET_MAX = 128 };

struct access_key {
    struct identity identity; /* its name is the key's id */
    bool known;               /* false: there is no such key, or it is disabled */
    size_t secret_length;
    char secret[ACCESS_KEY_CACHE_SECRET_MAX + 1];
};

struct access_key_cache;

/* entries is rounded up to whole sets.  Never null; freed by access_key_cache_free. */
struct access_key_cache *access_key_cache_new(int64_t entries, int64_t lifetime_ms);
void access_key_cache_free(struct access_key_cache *cache);

/* Null where it is not there or too old at now_ms.  Valid until the next call that changes the
 * cache. */
const struct access_key *access_key_cache_find(struct access_key_cache *cache, struct text id,
                                               int64_t now_ms);
void access_key_cache_put(struct access_key_cache *cache, const struct access_key *key,
                          int64_t now_ms);
void access_key_cache_forget(struct access_key_cache *cache, struct text id);
void access_key_cache_clear(struct access_key_cache *cache);

#endif
