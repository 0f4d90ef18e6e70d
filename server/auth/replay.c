/* Tokens under which a request that changes something is remembered. */
#include "auth/replay.h"

#include <openssl/evp.h>

#include "base/scope.h"

static const char header_name[] = "idempotency-key";

static void digest_cleanup(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
}

/* Each part with its length before it, so that no two lists of parts look the same. */
static int hash(const struct text *parts, size_t count,
                unsigned char ret_digest[SIGNATURE_DIGEST_LENGTH], struct error *err)
{
    SCOPED(digest_cleanup) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool done = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; done && i < count; i++)
        done = EVP_DigestUpdate(digest, &parts[i].length, sizeof(parts[i].length)) == 1 &&
               EVP_DigestUpdate(digest, parts[i].bytes ? parts[i].bytes : "", parts[i].length) == 1;
    if (!done || EVP_DigestFinal_ex(digest, ret_digest, NULL) != 1)
        return error_set(err, ERROR_INTERNAL, "SHA-256 failed");
    return 0;
}

static bool is_key(struct text key)
{
    if (key.length == 0 || key.length > IDEMPOTENCY_KEY_MAX)
        return false;
    for (size_t i = 0; i < key.length; i++) {
        if (key.bytes[i] < ' ' || key.bytes[i] > '~')
            return false;
    }
    return true;
}

int replay_read(const struct auth_request *request,
                const unsigned char signature[SIGNATURE_DIGEST_LENGTH], struct replay *ret_replay,
                struct error *err)
{
    const struct auth_header *header = auth_request_find_header(request, header_name);
    const struct text parts[] = {request->method, request->target, request->body};
    const struct text signature_parts[] = {TEXT("signature"),
                                           {(const char *)signature, SIGNATURE_DIGEST_LENGTH}};
    ret_replay->has_key = header != NULL;
    if (header) {
        const struct text key_parts[] = {TEXT("idempotency-key"), header->value};
        if (!is_key(header->value) || auth_request_count_headers(request, header_name) != 1)
            return error_set_public(err, ERROR_INVALID_PARAMETER, "Idempotency-Key header");
        if (hash(key_parts, 2, ret_replay->key_token, err) < 0)
            return -1;
    }
    if (hash(signature_parts, 2, ret_replay->signature_token, err) < 0)
        return -1;
    return hash(parts, sizeof(parts) / sizeof(parts[0]), ret_replay->fingerprint, err);
}
