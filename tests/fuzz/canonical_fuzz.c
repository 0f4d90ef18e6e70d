/* Whole requests out of any text: the canonical request is the one that a plain writing down of the
 * contract gives, and only its signature is accepted. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "canonical.h"
#include "fuzz_request.h"

enum { WINDOW_SECONDS = 900 };

static const struct text secret = {"SKTESTSKTESTSKTESTSKTESTSKTESTSKTEST0000", 40};

/* The server's clock is that of the request. */
static int64_t clock_of(const struct auth_request *request)
{
    const struct auth_header *header = auth_request_find_header(request, "X-SDK-DATE");
    struct text date = header ? text_trim(header->value) : TEXT("");
    int64_t now = 0;
    clock_parse_basic(date.bytes, (int)date.length, &now);
    return now;
}

static void check_refusal(const struct error *err)
{
    assert(err->code == ERROR_UNAUTHENTICATED && err->public_argument[0]);
}

static bool contains(struct text outer, struct text inner)
{
    return inner.bytes >= outer.bytes && inner.bytes + inner.length <= outer.bytes + outer.length;
}

static void check_claims(const struct auth_request *request, const struct signature *signature,
                         int64_t now)
{
    struct text value = auth_request_find_header(request, "authorization")->value;
    struct error err = {0};
    struct signature again;
    assert(auth_request_count_headers(request, "authorization") == 1);
    assert(auth_request_count_headers(request, "x-sdk-date") == 1);
    assert(signature->access_key.length > 0 && contains(value, signature->access_key));
    assert(signature->signed_headers.length > 0 && contains(value, signature->signed_headers));
    assert(signature->date.length == CLOCK_BASIC_LENGTH);
    assert(signature_parse(request, now + WINDOW_SECONDS, WINDOW_SECONDS, &again, &err) == 0);
    assert(signature_parse(request, now - WINDOW_SECONDS, WINDOW_SECONDS, &again, &err) == 0);
    assert(signature_parse(request, now + WINDOW_SECONDS + 1, WINDOW_SECONDS, &again, &err) < 0);
    check_refusal(&err);
}

static void check_verification(const struct auth_request *request, struct signature *signature,
                               const struct canonical *canonical)
{
    struct error err = {0};
    unsigned char right[DIGEST_LENGTH];
    canonical_sign(canonical, signature->date, secret, right);
    bool given = memcmp(right, signature->digest, sizeof(right)) == 0;
    assert((signature_verify(request, signature, secret, &err) == 0) == given);
    memcpy(signature->digest, right, sizeof(right));
    err = (struct error){0};
    assert(signature_verify(request, signature, secret, &err) == 0);
    signature->digest[right[0] % DIGEST_LENGTH] ^= (unsigned char)(1 << right[1] % 8);
    assert(signature_verify(request, signature, secret, &err) < 0);
    check_refusal(&err);
}

static void check_canonical(const struct auth_request *request, struct signature *signature,
                            bool parsed)
{
    struct error err = {0};
    struct canonical canonical;
    unsigned char digest[DIGEST_LENGTH], expected[DIGEST_LENGTH];
    bool well = canonical_write(request, signature->signed_headers, &canonical);
    assert((signature_canonical_digest(request, signature, digest, &err) == 0) == well);
    if (well) {
        canonical_digest(&canonical, expected);
        assert(memcmp(digest, expected, sizeof(digest)) == 0);
        if (parsed)
            check_verification(request, signature, &canonical);
    } else {
        check_refusal(&err);
    }
    free(canonical.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct fuzz_request request;
    struct signature signature = {0};
    struct error err = {0};
    fuzz_request_init(&request, (struct text){(const char *)bytes, length});
    int64_t now = clock_of(&request.auth);
    bool parsed = signature_parse(&request.auth, now, WINDOW_SECONDS, &signature, &err) == 0;
    if (parsed)
        check_claims(&request.auth, &signature, now);
    else
        check_refusal(&err);
    if (!signature.signed_headers.bytes)
        signature.signed_headers = TEXT("host;x-sdk-date");
    check_canonical(&request.auth, &signature, parsed);
    fuzz_request_release(&request);
    return 0;
}
