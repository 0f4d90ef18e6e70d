/* Temporary keys and their tokens, case by case. */
#include "auth/security_token.h"

#include <openssl/evp.h>
#include <string.h>

#include "unit.h"

#define TOKEN "dG9rZW4="
#define SIGNED "host;x-sdk-date;x-security-token"

enum { ENDS_MS = 5000 };

static struct access_key make_key(bool is_temporary)
{
    struct access_key key = {.known = true, .is_temporary = is_temporary, .ends_ms = ENDS_MS};
    EVP_Digest(TOKEN, strlen(TOKEN), key.token_digest, NULL, EVP_sha256(), NULL);
    return key;
}

static int check(const struct access_key *key, const char *first, const char *second,
                 const char *signed_headers, int64_t now_ms, struct error *err)
{
    struct auth_header headers[3] = {{TEXT("Host"), TEXT("h")}};
    struct auth_request request = {.headers = headers, .header_count = 1};
    const struct signature signature = {.signed_headers = text_of(signed_headers)};
    const char *const tokens[] = {first, second};
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        if (tokens[i])
            headers[request.header_count++] =
                (struct auth_header){TEXT("X-Security-Token"), text_of(tokens[i])};
    }
    *err = (struct error){0};
    return security_token_check(&request, &signature, key, now_ms, err);
}

static void test_temporary_keys(void **state)
{
    static const struct {
        const char *first, *second, *signed_headers;
        int64_t now_ms;
        bool accepted;
    } cases[] = {
        {TOKEN, NULL, SIGNED, 0, true},
        {" " TOKEN "\t", NULL, SIGNED, 0, true},
        {TOKEN, NULL, "X-Security-Token;x-sdk-date", 0, true},
        {TOKEN, NULL, SIGNED, ENDS_MS - 1, true},
        {TOKEN, NULL, SIGNED, ENDS_MS, false},
        {TOKEN, NULL, SIGNED, ENDS_MS + 1, false},
        {NULL, NULL, SIGNED, 0, false},
        {NULL, NULL, "host;x-sdk-date", 0, false},
        {TOKEN, NULL, "host;x-sdk-date", 0, false},
        {TOKEN, NULL, "host;x-sdk-date;x-security-tokens", 0, false},
        {"", NULL, SIGNED, 0, false},
        {TOKEN "x", NULL, SIGNED, 0, false},
        {"dG9rZW4", NULL, SIGNED, 0, false},
        {"DG9rZW4=", NULL, SIGNED, 0, false},
        {TOKEN, TOKEN, SIGNED, 0, false},
        {TOKEN, "", SIGNED, 0, false},
    };
    const struct access_key key = make_key(true);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err;
        int status = check(&key, cases[i].first, cases[i].second, cases[i].signed_headers,
                           cases[i].now_ms, &err);
        assert_int_equal(status, cases[i].accepted ? 0 : -1);
        if (!cases[i].accepted) {
            assert_int_equal(err.code, ERROR_UNAUTHENTICATED);
            assert_string_equal(err.public_argument, "verify aksk signature fail");
        }
    }
}

static void test_permanent_keys_bring_none(void **state)
{
    const struct access_key key = make_key(false);
    struct error err;
    (void)state;
    assert_int_equal(check(&key, NULL, NULL, SIGNED, ENDS_MS + 1, &err), 0);
    assert_int_equal(check(&key, "", NULL, SIGNED, 0, &err), 0);
    assert_int_equal(check(&key, " ", NULL, SIGNED, 0, &err), 0);
    assert_int_equal(check(&key, TOKEN, NULL, SIGNED, 0, &err), -1);
    assert_string_equal(err.public_argument, "verify aksk signature fail");
    assert_int_equal(check(&key, TOKEN, NULL, "host", 0, &err), -1);
    assert_int_equal(check(&key, "", TOKEN, SIGNED, 0, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_temporary_keys),
        cmocka_unit_test(test_permanent_keys_bring_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
