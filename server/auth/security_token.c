/* A token is compared by its digest, which is all that is kept of it. */
#include "auth/security_token.h"

#include <openssl/crypto.h>

#include "base/digest.h"

static const char token_header[] = "x-security-token";

static int refuse(const char *why, struct error *err)
{
    signature_refuse(err);
    return error_prefix(err, "%s", why);
}

static int compare(struct text token, const struct access_key *key, struct error *err)
{
    unsigned char digest[DIGEST_LENGTH];
    digest_of(token, digest);
    if (CRYPTO_memcmp(digest, key->token_digest, sizeof(digest)) != 0)
        return refuse("wrong security token", err);
    return 0;
}

int security_token_check(const struct auth_request *request, const struct signature *signature,
                         const struct access_key *key, int64_t now_ms, struct error *err)
{
    const struct auth_header *header = auth_request_find_header(request, token_header);
    size_t count = auth_request_count_headers(request, token_header);
    if (!key->is_temporary) {
        bool is_empty = count == 0 || (count == 1 && text_trim(header->value).length == 0);
        return is_empty ? 0 : refuse("a security token with a permanent key", err);
    }
    if (count != 1)
        return refuse("not one security token", err);
    if (!signature_signs(signature, token_header))
        return refuse("security token not signed", err);
    if (compare(text_trim(header->value), key, err) < 0)
        return -1;
    return now_ms < key->ends_ms ? 0 : refuse("key expired", err);
}
