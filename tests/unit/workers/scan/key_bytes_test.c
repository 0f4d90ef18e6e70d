/* What bytes prove about lengths: the bounds at every edge, and that the two directions agree. */
#include "key_bytes.h"

#include <string.h>

#include "unit.h"

enum { LIST_PLAIN = 176, LIST_COUNTED = 296, RATIO = 44, LENGTHS = 14000 };

static void test_length_most(void **state)
{
    static const struct {
        enum scan_key_type type;
        int64_t bytes, most;
    } cases[] = {
        {SCAN_KEY_STRING, 1, 20},
        {SCAN_KEY_STRING, 20, 20},
        {SCAN_KEY_STRING, 21, 21},
        {SCAN_KEY_STRING, INT64_MAX, INT64_MAX},
        {SCAN_KEY_LIST, 1, 0},
        {SCAN_KEY_LIST, LIST_PLAIN - 1, 87},
        {SCAN_KEY_LIST, LIST_PLAIN, LIST_PLAIN * RATIO},
        {SCAN_KEY_LIST, LIST_COUNTED - 1, (LIST_COUNTED - 1) * RATIO},
        {SCAN_KEY_LIST, LIST_COUNTED, INT64_MAX},
        {SCAN_KEY_LIST, INT64_MAX, INT64_MAX},
        {SCAN_KEY_SET, 1, 0},
        {SCAN_KEY_SET, 101, 50},
        {SCAN_KEY_ZSET, 100, 50},
        {SCAN_KEY_HASH, INT64_MAX, INT64_MAX / 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (key_length_most(cases[i].type, cases[i].bytes) != cases[i].most)
            fail_msg("case %zu: %lld", i,
                     (long long)key_length_most(cases[i].type, cases[i].bytes));
    }
}

static void test_bytes_below(void **state)
{
    static const struct {
        enum scan_key_type type;
        int64_t length, below;
    } cases[] = {
        {SCAN_KEY_STRING, INT64_MIN, 0}, /* a ranking that is not full */
        {SCAN_KEY_STRING, 0, 0},
        {SCAN_KEY_STRING, 20, 0},
        {SCAN_KEY_STRING, 21, 21},
        {SCAN_KEY_STRING, INT64_MAX, INT64_MAX},
        {SCAN_KEY_LIST, INT64_MIN, 0},
        {SCAN_KEY_LIST, 1, 2},
        {SCAN_KEY_LIST, 87, 174},
        {SCAN_KEY_LIST, 88, LIST_PLAIN},
        {SCAN_KEY_LIST, LIST_PLAIN * RATIO, LIST_PLAIN},
        {SCAN_KEY_LIST, LIST_PLAIN * RATIO + 1, LIST_PLAIN + 1},
        {SCAN_KEY_LIST, (LIST_COUNTED - 1) * RATIO, LIST_COUNTED - 1},
        {SCAN_KEY_LIST, (LIST_COUNTED - 1) * RATIO + 1, LIST_COUNTED},
        {SCAN_KEY_LIST, INT64_MAX, LIST_COUNTED},
        {SCAN_KEY_SET, 0, 0},
        {SCAN_KEY_SET, 1, 2},
        {SCAN_KEY_ZSET, INT64_MAX / 2, INT64_MAX - 1},
        {SCAN_KEY_HASH, INT64_MAX / 2 + 1, INT64_MAX},
        {SCAN_KEY_HASH, INT64_MAX, INT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (key_bytes_below(cases[i].type, cases[i].length) != cases[i].below)
            fail_msg("case %zu: %lld", i,
                     (long long)key_bytes_below(cases[i].type, cases[i].length));
    }
}

/* As most never falls, the byte before `below` speaks for all that are less. */
static void test_directions_agree(void **state)
{
    (void)state;
    for (int number = 0; number < SCAN_KEY_TYPE_COUNT; number++) {
        enum scan_key_type type = (enum scan_key_type)number;
        for (int64_t bytes = 1; bytes < LENGTHS; bytes++)
            assert_true(key_length_most(type, bytes) >= key_length_most(type, bytes - 1));
        for (int64_t length = 1; length < LENGTHS; length++) {
            int64_t below = key_bytes_below(type, length);
            if (below > 0 && key_length_most(type, below - 1) >= length)
                fail_msg("type %d: fewer than %lld bytes for %lld", number, (long long)below,
                         (long long)length);
            if (key_length_most(type, below) < length)
                fail_msg("type %d: %lld bytes are too few for %lld as well", number,
                         (long long)below, (long long)length);
        }
    }
}

static void test_take_bytes(void **state)
{
    const struct {
        struct redis_reply reply;
        int64_t bytes;
        enum error_code code;
    } cases[] = {
        {{.kind = REDIS_INTEGER, .integer = 56}, 56, ERROR_NONE},
        {{.kind = REDIS_INTEGER, .integer = INT64_MAX}, INT64_MAX, ERROR_NONE},
        {{.kind = REDIS_NIL}, 0, ERROR_NONE},
        {{.kind = REDIS_ERROR, .text = TEXT("MOVED 5 127.0.0.1:7000")}, 0, ERROR_NONE},
        {{.kind = REDIS_ERROR, .text = TEXT("ASK 5 127.0.0.1:7000")}, 0, ERROR_NONE},
        {{.kind = REDIS_INTEGER, .integer = 0}, 0, ERROR_REDIS_PROTOCOL},
        {{.kind = REDIS_INTEGER, .integer = -1}, 0, ERROR_REDIS_PROTOCOL},
        {{.kind = REDIS_STATUS, .text = TEXT("OK")}, 0, ERROR_REDIS_PROTOCOL},
        {{.kind = REDIS_STRING, .text = TEXT("56")}, 0, ERROR_REDIS_PROTOCOL},
        {{.kind = REDIS_ERROR, .text = TEXT("ERR unknown command 'MEMORY'")},
         0,
         ERROR_REDIS_REFUSED},
        {{.kind = REDIS_ERROR, .text = TEXT("NOPERM this user has no permissions")},
         0,
         ERROR_REDIS_REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scan_key key = {.bytes = 7};
        struct error err = {0};
        int status = key_take_bytes(&key, &cases[i].reply, &err);
        if (status != (cases[i].code ? -1 : 0) || err.code != cases[i].code ||
            key.bytes != cases[i].bytes)
            fail_msg("case %zu: %d %s", i, status, err.text);
        if (cases[i].code)
            assert_non_null(strstr(err.text, "MEMORY USAGE"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length_most),
        cmocka_unit_test(test_bytes_below),
        cmocka_unit_test(test_directions_agree),
        cmocka_unit_test(test_take_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
