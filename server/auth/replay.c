/* Tokens under which a request that changes something is remembered. */
#include "auth/replay.h"

#include "base/digest.h"

static const char header_name[] = "idempotency-key";

/* Each part with its length before it, so that no two lists of parts look the same. */
static void hash(const struct text *parts, size_t count, unsigned char ret_digest[DIGEST_LENGTH])
{
    struct digest *digest = digest_begin();
    for (size_t i = 0; i < count; i++) {
        digest_put(digest, (struct text){(const char *)&parts[i].length, sizeof(parts[i].length)});
        digest_put(digest, parts[i]);
    }
    digest_end(digest, ret_digest);
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

static int find_key(const struct auth_request *request, const struct auth_header **ret_header,
                    struct error *err)
{
    *ret_header = auth_request_find_header(request, header_name);
    if (*ret_header &&
        (!is_key((*ret_header)->value) || auth_request_count_headers(request, header_name) != 1))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "Idempotency-Key header");
    return 0;
}

int replay_check(const struct auth_request *request, struct error *err)
{
    const struct auth_header *header;
    return find_key(request, &header, err);
}

int replay_read(const struct auth_request *request, const unsigned char signature[DIGEST_LENGTH],
                struct replay *ret_replay, struct error *err)
{
    const struct auth_header *header;
    const struct text parts[] = {request->method, request->target, request->body};
    const struct text signature_parts[] = {TEXT("signature"),
                                           {(const char *)signature, DIGEST_LENGTH}};
    if (find_key(request, &header, err) < 0)
        return -1;
    ret_replay->has_key = header != NULL;
    if (header) {
        const struct text key_parts[] = {TEXT("idempotency-key"), header->value};
        hash(key_parts, 2, ret_replay->key_token);
    }
    hash(signature_parts, 2, ret_replay->signature_token);
    hash(parts, sizeof(parts) / sizeof(parts[0]), ret_replay->fingerprint);
    return 0;
}
