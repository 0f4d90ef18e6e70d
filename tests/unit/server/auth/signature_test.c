/* The contract's signed requests: each gives the canonical request it names, and is accepted or
 * refused. */
#include "auth/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "unit.h"

enum { WINDOW_SECONDS = 900, HEADERS_MAX = 16 };

/* The fixture holds bytes as latin-1 text in UTF-8. */
static struct text bytes_of(const json_t *value)
{
    const char *utf8 = json_string_value(value);
    size_t length = json_string_length(value), used = 0;
    char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)utf8[i];
        if (c >= 0xc2 && c <= 0xc3)
            c = (unsigned char)((c << 6) | ((unsigned char)utf8[++i] & 0x3f));
        bytes[used++] = (char)c;
    }
    return (struct text){bytes, used};
}

struct vector {
    struct auth_header headers[HEADERS_MAX];
    struct auth_request request;
};

static void read_vector(const json_t *json, struct vector *ret_vector)
{
    size_t index;
    json_t *header;
    ret_vector->request = (struct auth_request){
        .method = bytes_of(json_object_get(json, "method")),
        .target = bytes_of(json_object_get(json, "target")),
        .body = bytes_of(json_object_get(json, "body")),
        .headers = ret_vector->headers,
    };
    json_array_foreach(json_object_get(json, "headers"), index, header)
    {
        assert_true(index < HEADERS_MAX);
        ret_vector->headers[index].name = bytes_of(json_array_get(header, 0));
        ret_vector->headers[index].value = bytes_of(json_array_get(header, 1));
        ret_vector->request.header_count++;
    }
}

static void free_vector(struct vector *vector)
{
    free((void *)(uintptr_t)vector->request.method.bytes);
    free((void *)(uintptr_t)vector->request.target.bytes);
    free((void *)(uintptr_t)vector->request.body.bytes);
    for (size_t i = 0; i < vector->request.header_count; i++) {
        free((void *)(uintptr_t)vector->headers[i].name.bytes);
        free((void *)(uintptr_t)vector->headers[i].value.bytes);
    }
}

/* What the server does, in its order: parse, look the key up, compare the project header, verify.
 */
static int judge(const json_t *fixture, const struct auth_request *request, int64_t now,
                 struct signature *ret_signature, struct error *err)
{
    const char *known = json_string_value(json_object_get(fixture, "access_key"));
    const char *secret = json_string_value(json_object_get(fixture, "secret_key"));
    const char *project = json_string_value(json_object_get(fixture, "project_id"));
    const struct auth_header *claimed = auth_request_find_header(request, "X-Project-Id");
    if (signature_parse(request, now, WINDOW_SECONDS, ret_signature, err) < 0)
        return -1;
    if (!text_equals(ret_signature->access_key, text_of(known)))
        return signature_refuse(err);
    if (claimed && !text_equals(claimed->value, text_of(project)))
        return signature_refuse(err);
    return signature_verify(request, ret_signature, text_of(secret), err);
}

static void check_canonical(const json_t *json, const struct auth_request *request,
                            const struct signature *signature)
{
    const json_t *expected = json_object_get(json, "canonical_request");
    if (!json_is_string(expected))
        return;
    struct error err = {0};
    struct text text = bytes_of(expected);
    unsigned char digest[DIGEST_LENGTH], wanted[DIGEST_LENGTH];
    EVP_Digest(text.bytes, text.length, wanted, NULL, EVP_sha256(), NULL);
    assert_int_equal(signature_canonical_digest(request, signature, digest, &err), 0);
    assert_memory_equal(digest, wanted, sizeof(digest));
    free((void *)(uintptr_t)text.bytes);
}

static json_t *load_fixture(void)
{
    json_error_t problem;
    json_t *fixture = json_load_file(FIXTURES "/signature-vectors.json", 0, &problem);
    assert_non_null(fixture);
    return fixture;
}

static void test_vectors(void **state)
{
    (void)state;
    json_t *fixture = load_fixture(), *json;
    size_t index, accepted = 0;
    json_array_foreach(json_object_get(fixture, "vectors"), index, json)
    {
        struct vector vector;
        struct signature signature = {0};
        struct error err = {0};
        int64_t now;
        struct text stamp = text_of(json_string_value(json_object_get(json, "server_time")));
        bool accept = strcmp(json_string_value(json_object_get(json, "expect")), "accept") == 0;
        assert_int_equal(clock_parse_basic(stamp.bytes, (int)stamp.length, &now), 0);
        read_vector(json, &vector);
        int status = judge(fixture, &vector.request, now, &signature, &err);
        if ((status == 0) != accept)
            fail_msg("vector '%s': %s", json_string_value(json_object_get(json, "name")),
                     status == 0 ? "accepted" : err.text);
        if (!accept)
            assert_int_equal(error_describe(err.code)->http_status, 401);
        if (accept)
            check_canonical(json, &vector.request, &signature);
        accepted += accept;
        free_vector(&vector);
    }
    assert_int_equal(index, 28);
    assert_int_equal(accepted, 13);
    json_decref(fixture);
}

static int parse_with(const char *authorization, const char *date, struct error *err)
{
    struct auth_header headers[] = {
        {TEXT("X-Sdk-Date"), text_of(date)},
        {TEXT("Authorization"), text_of(authorization)},
    };
    struct auth_request request = {
        .method = TEXT("GET"), .target = TEXT("/"), .headers = headers, .header_count = 2};
    struct signature signature;
    return signature_parse(&request, 1795367363, WINDOW_SECONDS, &signature, err);
}

#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_headers_that_do_not_parse(void **state)
{
    (void)state;
    static const struct {
        const char *authorization;
        const char *date;
    } cases[] = {
        {"", "20261122T170923Z"},
        {"SDK-HMAC-SHA256", "20261122T170923Z"},
        {"SDK-HMAC-SHA256Access=A, SignedHeaders=x-sdk-date, Signature=" DIGITS,
         "20261122T170923Z"},
        {"AWS4-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" DIGITS,
         "20261122T170923Z"},
        {"SDK-HMAC-SHA256 SignedHeaders=x-sdk-date, Signature=" DIGITS, "20261122T170923Z"},
        {"SDK-HMAC-SHA256 Access=, SignedHeaders=x-sdk-date, Signature=" DIGITS,
         "20261122T170923Z"},
        {"SDK-HMAC-SHA256 Access=A, Signature=" DIGITS, "20261122T170923Z"},
        {"SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date", "20261122T170923Z"},
        {"SDK-HMAC-SHA256 Access=A, Access=B, SignedHeaders=x-sdk-date, Signature=" DIGITS,
         "20261122T170923Z"},
        {"SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" DIGITS ", Extra=1",
         "20261122T170923Z"},
        {"SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" DIGITS "0",
         "20261122T170923Z"},
        {"SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" DIGITS, "2026-11-22"},
        {"SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" DIGITS,
         "20261322T170923Z"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        assert_int_equal(parse_with(cases[i].authorization, cases[i].date, &err), -1);
        assert_int_equal(err.code, ERROR_UNAUTHENTICATED);
        assert_true(err.public_argument[0] != '\0');
    }
    struct error err = {0};
    assert_int_equal(parse_with("SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, "
                                "Signature=" DIGITS,
                                "20261122T170923Z", &err),
                     0);
}

static void test_repeated_headers_are_refused(void **state)
{
    (void)state;
    static const char authorization[] =
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date, Signature=" DIGITS;
    struct auth_header headers[] = {
        {TEXT("X-Sdk-Date"), TEXT("20261122T170923Z")},
        {TEXT("Authorization"), TEXT(authorization)},
        {TEXT("x-sdk-DATE"), TEXT("20261122T170923Z")},
        {TEXT("authorization"), TEXT(authorization)},
    };
    struct auth_request request = {.method = TEXT("GET"), .target = TEXT("/"), .headers = headers};
    for (request.header_count = 3; request.header_count <= 4; request.header_count++) {
        struct signature signature;
        struct error err = {0};
        assert_int_equal(signature_parse(&request, 1795367363, WINDOW_SECONDS, &signature, &err),
                         -1);
        assert_int_equal(err.code, ERROR_UNAUTHENTICATED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_headers_that_do_not_parse),
        cmocka_unit_test(test_repeated_headers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
