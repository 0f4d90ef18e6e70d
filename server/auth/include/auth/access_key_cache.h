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
#include "auth/signature.h"
#include "base/text.h"

enum { ACCESS_KEY_CACHE_ID_MAX = IDENTITY_NAME_MAX, ACCESS_KEY_CACHE_SECRET_MAX = 128 };

struct access_key {
    struct identity identity; /* its name is the key's id */
    bool known;               /* false: there is no such key, or it is disabled */
    size_t secret_length;
    char secret[ACCESS_KEY_CACHE_SECRET_MAX + 1];
    bool is_temporary;
    unsigned char token_digest[DIGEST_LENGTH]; /* of a temporary key: SHA-256 */
    int64_t ends_ms; /* of a temporary key: by this machine's monotonic clock */
};

/* Makes it a key that is not known: with a secret that nobody has, so that a request that names it
 * is verified as any other.  The id stays. */
void access_key_make_unknown(struct access_key *key);

/* Verifies what the request claims with the key's secret.  An unknown key costs the same work as a
 * wrong signature, down to the memory that is read, and is answered in the same way. */
int access_key_verify(const struct access_key *key, const struct auth_request *request,
                      const struct signature *signature, struct error *err);

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
