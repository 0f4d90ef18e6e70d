/* What makes a request the same as an earlier one: equal for equal ones, and for no others. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auth/replay.h"
#include "fuzz_request.h"

static bool is_key(struct text key)
{
    for (size_t i = 0; i < key.length; i++) {
        unsigned char c = (unsigned char)key.bytes[i];
        if (c < 0x20 || c > 0x7e)
            return false;
    }
    return key.length >= 1 && key.length <= IDEMPOTENCY_KEY_MAX;
}

static const unsigned char signature[DIGEST_LENGTH];

static void check_is_other(const struct auth_request *request, const struct replay *replay)
{
    struct replay other;
    struct error err = {0};
    assert(replay_read(request, signature, &other, &err) == 0);
    assert(memcmp(other.fingerprint, replay->fingerprint, sizeof(other.fingerprint)) != 0);
    assert(other.has_key == replay->has_key);
    assert(!other.has_key ||
           memcmp(other.key_token, replay->key_token, sizeof(other.key_token)) == 0);
}

/* The same bytes cut elsewhere, and one byte less, are other requests. */
static void check_others(struct auth_request request, const struct replay *replay)
{
    struct replay again;
    struct error err = {0};
    assert(replay_read(&request, signature, &again, &err) == 0);
    assert(memcmp(&again.fingerprint, replay->fingerprint, sizeof(again.fingerprint)) == 0);
    struct auth_request other = request;
    other.target = request.method;
    other.method = request.target;
    if (!text_equals(other.target, request.target))
        check_is_other(&other, replay);
    other = request;
    if (other.body.length > 0) {
        other.body.length--;
        check_is_other(&other, replay);
    }
    other = request;
    if (other.target.length > 0) {
        other.target.length--;
        check_is_other(&other, replay);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct fuzz_request request;
    struct replay replay;
    struct error err = {0};
    fuzz_request_init(&request, (struct text){(const char *)bytes, length});
    const struct auth_header *header = auth_request_find_header(&request.auth, "Idempotency-Key");
    bool well = !header || (is_key(header->value) &&
                            auth_request_count_headers(&request.auth, "Idempotency-Key") == 1);
    assert((replay_read(&request.auth, signature, &replay, &err) == 0) == well);
    if (well) {
        assert(replay.has_key == (header != NULL));
        check_others(request.auth, &replay);
    } else {
        assert(err.code == ERROR_INVALID_PARAMETER);
    }
    fuzz_request_release(&request);
    return 0;
}
