/* SipHash through OpenSSL, whose context is made once and keyed anew for each name. */
#include "auth/keyed_hash.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/secret.h"

struct keyed_hasher {
    EVP_MAC_CTX *context;
    unsigned char key[KEYED_HASH_KEY_LENGTH];
};

struct keyed_hasher *keyed_hasher_new(const unsigned char key[KEYED_HASH_KEY_LENGTH])
{
    size_t size = sizeof(uint64_t);
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                               OSSL_PARAM_construct_end()};
    struct keyed_hasher *hasher = calloc(1, sizeof(*hasher));
    EVP_MAC *siphash = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    if (!hasher || !siphash)
        abort();
    hasher->context = EVP_MAC_CTX_new(siphash);
    EVP_MAC_free(siphash);
    if (!hasher->context || EVP_MAC_CTX_set_params(hasher->context, parameters) != 1)
        abort();
    memcpy(hasher->key, key, sizeof(hasher->key));
    return hasher;
}

void keyed_hasher_free(struct keyed_hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MAC_CTX_free(hasher->context);
    secret_cleanse(hasher, sizeof(*hasher));
    free(hasher);
}

static int put(struct keyed_hasher *hasher, struct text part)
{
    return EVP_MAC_update(hasher->context, (const unsigned char *)part.bytes, part.length);
}

uint64_t keyed_hash(struct keyed_hasher *hasher, struct text first, struct text second)
{
    unsigned char digest[sizeof(uint64_t)];
    uint64_t hash;
    size_t length;
    if (EVP_MAC_init(hasher->context, hasher->key, sizeof(hasher->key), NULL) != 1 ||
        put(hasher, first) != 1 || put(hasher, second) != 1 ||
        EVP_MAC_final(hasher->context, digest, &length, sizeof(digest)) != 1 ||
        length != sizeof(digest))
        abort();
    memcpy(&hash, digest, sizeof(hash));
    return hash;
}
