/* Tokens of requests: equal for the same request, different for any other, and only for clean keys.
 */
#include "auth/replay.h"

#include <string.h>

#include "unit.h"

static const unsigned char signature[DIGEST_LENGTH] = {1, 2, 3};

static int read_with(const char *key, struct replay *ret_replay, struct error *err)
{
    struct auth_header headers[] = {{TEXT("Idempotency-Key"), {key, key ? strlen(key) : 0}}};
    struct auth_request request = {.method = TEXT("POST"),
                                   .target = TEXT("/a"),
                                   .body = TEXT("{}"),
                                   .headers = headers,
                                   .header_count = key != NULL};
    return replay_read(&request, signature, ret_replay, err);
}

static void test_keys(void **state)
{
    (void)state;
    struct replay none, one, again, other;
    struct error err = {0};
    assert_int_equal(read_with(NULL, &none, &err), 0);
    assert_false(none.has_key);
    assert_int_equal(read_with("key 1", &one, &err), 0);
    assert_int_equal(read_with("key 1", &again, &err), 0);
    assert_int_equal(read_with("key 2", &other, &err), 0);
    assert_memory_equal(one.key_token, again.key_token, sizeof(one.key_token));
    assert_memory_not_equal(one.key_token, other.key_token, sizeof(one.key_token));
    assert_memory_equal(one.fingerprint, other.fingerprint, sizeof(one.fingerprint));
    assert_memory_equal(one.signature_token, other.signature_token, sizeof(signature));
    /* What the database is told does not hold the signature. */
    assert_null(memmem(&one, sizeof(one), signature, 3));
}

static void test_refused_keys(void **state)
{
    (void)state;
    char longest[IDEMPOTENCY_KEY_MAX + 2];
    memset(longest, 'k', sizeof(longest));
    longest[IDEMPOTENCY_KEY_MAX + 1] = '\0';
    const char *const keys[] = {"", longest, "\x01", "caf\xc3\xa9", "a\tb"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct replay replay;
        struct error err = {0};
        assert_int_equal(read_with(keys[i], &replay, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
    }
    struct replay replay;
    struct error err = {0};
    longest[IDEMPOTENCY_KEY_MAX] = '\0';
    assert_int_equal(read_with(longest, &replay, &err), 0);
}

static void test_fingerprints(void **state)
{
    (void)state;
    /* The same bytes cut in other places are another request. */
    static const char *const requests[][3] = {
        {"POST", "/a", "b"}, {"POST", "/ab", ""}, {"POST", "/a", "bc"}, {"PUT", "/a", "b"}};
    struct replay replays[COUNT_OF(requests)];
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct auth_request request = {.method = text_of(requests[i][0]),
                                       .target = text_of(requests[i][1]),
                                       .body = text_of(requests[i][2])};
        struct error err = {0};
        assert_int_equal(replay_read(&request, signature, &replays[i], &err), 0);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(replays[i].fingerprint, replays[j].fingerprint,
                                    sizeof(replays[i].fingerprint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_refused_keys),
        cmocka_unit_test(test_fingerprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
