/* The algorithms are fetched for each thread: a shared one is counted by all who use it. */
#include "base/digest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { GATHERED_MAX = 512 };

struct digest {
    EVP_MD_CTX *open, *whole; /* of begin and end, and of digest_of */
    EVP_MAC_CTX *hmac;
    /* What was put and not hashed yet: a request comes in forty pieces. */
    size_t gathered;
    char bytes[GATHERED_MAX];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key_of_thread;
static _Thread_local struct digest *own;

static void digest_free(void *object)
{
    struct digest *digest = object;
    EVP_MD_CTX_free(digest->open);
    EVP_MD_CTX_free(digest->whole);
    EVP_MAC_CTX_free(digest->hmac);
    free(digest);
}

static void make_key(void)
{
    if (pthread_key_create(&key_of_thread, digest_free) != 0)
        abort();
}

static void check(int status)
{
    if (status != 1)
        abort();
}

static EVP_MD_CTX *make_context(EVP_MD *algorithm)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        abort();
    check(EVP_DigestInit_ex2(context, algorithm, NULL));
    return context;
}

static EVP_MAC_CTX *make_hmac(void)
{
    static const unsigned char none[DIGEST_LENGTH];
    char name[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
    EVP_MAC_free(algorithm);
    if (!context)
        abort();
    check(EVP_MAC_init(context, none, sizeof(none), parameters));
    return context;
}

static struct digest *digest_own(void)
{
    if (own)
        return own;
    EVP_MD *algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    own = calloc(1, sizeof(*own));
    if (!own || !algorithm)
        abort();
    own->open = make_context(algorithm);
    own->whole = make_context(algorithm);
    own->hmac = make_hmac();
    EVP_MD_free(algorithm);
    pthread_once(&once, make_key);
    pthread_setspecific(key_of_thread, own);
    return own;
}

/* With the algorithm that the context has. */
static void begin(EVP_MD_CTX *context)
{
    check(EVP_DigestInit_ex2(context, NULL, NULL));
}

static void put(EVP_MD_CTX *context, struct text bytes)
{
    if (bytes.length > 0)
        check(EVP_DigestUpdate(context, bytes.bytes, bytes.length));
}

struct digest *digest_begin(void)
{
    struct digest *digest = digest_own();
    digest->gathered = 0;
    begin(digest->open);
    return digest;
}

static void hash_gathered(struct digest *digest)
{
    put(digest->open, (struct text){digest->bytes, digest->gathered});
    digest->gathered = 0;
}

void digest_put(struct digest *digest, struct text bytes)
{
    if (bytes.length > sizeof(digest->bytes) - digest->gathered)
        hash_gathered(digest);
    if (bytes.length > sizeof(digest->bytes)) {
        put(digest->open, bytes);
    } else if (bytes.length > 0) {
        memcpy(digest->bytes + digest->gathered, bytes.bytes, bytes.length);
        digest->gathered += bytes.length;
    }
}

void digest_end(struct digest *digest, unsigned char ret_digest[DIGEST_LENGTH])
{
    hash_gathered(digest);
    check(EVP_DigestFinal_ex(digest->open, ret_digest, NULL));
}

void digest_of(struct text bytes, unsigned char ret_digest[DIGEST_LENGTH])
{
    EVP_MD_CTX *context = digest_own()->whole;
    begin(context);
    put(context, bytes);
    check(EVP_DigestFinal_ex(context, ret_digest, NULL));
}

void digest_hmac(struct text key, struct text message, unsigned char ret_digest[DIGEST_LENGTH])
{
    static const unsigned char none[DIGEST_LENGTH];
    EVP_MAC_CTX *context = digest_own()->hmac;
    size_t length;
    check(EVP_MAC_init(context, (const unsigned char *)(key.bytes ? key.bytes : ""), key.length,
                       NULL));
    check(EVP_MAC_update(context, (const unsigned char *)message.bytes, message.length));
    check(EVP_MAC_final(context, ret_digest, &length, DIGEST_LENGTH));
    check(EVP_MAC_init(context, none, sizeof(none), NULL));
}
