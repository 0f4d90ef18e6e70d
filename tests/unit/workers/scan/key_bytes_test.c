/* What bytes prove about lengths: the bounds at every edge, and that the two directions agree. */
#include "key_bytes.h"

#include <string.h>

#include "redis/probe.h"
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

static const struct key_layout layout = {.known = true, .names = true, .text = 8, .node = 40};

static void test_length_most_by_encoding(void **state)
{
    static const struct {
        enum scan_key_type type;
        enum key_encoding encoding;
        int64_t bytes, most;
    } cases[] = {
        {SCAN_KEY_STRING, KEY_NUMBER, 56, 20},
        {SCAN_KEY_STRING, KEY_EMBEDDED, 59, 12}, /* 16 + 24 + 2, a name of 3, and 2 beside it */
        {SCAN_KEY_STRING, KEY_EMBEDDED, 1000, 44},
        {SCAN_KEY_STRING, KEY_RAW, 1000, 953},
        {SCAN_KEY_STRING, KEY_RAW, 1, 0},
        {SCAN_KEY_SET, KEY_INTSET, 153, 50},
        {SCAN_KEY_SET, KEY_TABLE, 45 + 3200, 100},
        {SCAN_KEY_SET, KEY_COMPACT, 1000, 500},
        {SCAN_KEY_HASH, KEY_COMPACT, 45 + 7 + 129 * 4, 129},
        {SCAN_KEY_HASH, KEY_COMPACT, 45 + 7 + 129 * 4 + 9, 130},
        {SCAN_KEY_ZSET, KEY_COMPACT, 45 + 7 + 129 * 4 + 10, 131},
        {SCAN_KEY_HASH, KEY_TABLE, 45 + 4000, 100},
        {SCAN_KEY_ZSET, KEY_SKIPLIST, 45 + 7200, 100},
        {SCAN_KEY_LIST, KEY_QUICKLIST, 45 + 40 + 3 * 48 - 1, 48},
        {SCAN_KEY_LIST, KEY_QUICKLIST, 45 + 40 + 3 * 48, 24 * 44},
        {SCAN_KEY_LIST, KEY_QUICKLIST, 45 + 40 + 6 * 48 - 1, 167 * 44},
        {SCAN_KEY_LIST, KEY_QUICKLIST, 45 + 40 + 6 * 48, INT64_MAX},
        {SCAN_KEY_HASH, KEY_ENCODING_OTHER, 1000, 500},
        {SCAN_KEY_HASH, KEY_TABLE, INT64_MAX, (INT64_MAX - 45) / 40},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t most =
            key_length_most_as(&layout, cases[i].type, cases[i].encoding, cases[i].bytes, 3);
        int64_t rough = key_length_most(cases[i].type, cases[i].bytes);
        int64_t expected = cases[i].most < rough ? cases[i].most : rough;
        if (most != expected)
            fail_msg("case %zu: %lld", i, (long long)most);
        const struct key_layout unknown = {0};
        assert_int_equal(
            key_length_most_as(&unknown, cases[i].type, cases[i].encoding, cases[i].bytes, 3),
            rough);
    }
}

/* Not less than by any encoding that values of the type have. */
static void test_length_most_of(void **state)
{
    static const struct {
        enum scan_key_type type;
        enum key_encoding encoding;
    } cases[] = {
        {SCAN_KEY_STRING, KEY_NUMBER}, {SCAN_KEY_STRING, KEY_EMBEDDED},
        {SCAN_KEY_STRING, KEY_RAW},    {SCAN_KEY_LIST, KEY_QUICKLIST},
        {SCAN_KEY_SET, KEY_INTSET},    {SCAN_KEY_SET, KEY_TABLE},
        {SCAN_KEY_HASH, KEY_COMPACT},  {SCAN_KEY_HASH, KEY_TABLE},
        {SCAN_KEY_ZSET, KEY_COMPACT},  {SCAN_KEY_ZSET, KEY_SKIPLIST},
    };
    (void)state;
    for (int known = 0; known < 2; known++) {
        const struct key_layout known_or_not = {
            .known = known, .names = true, .text = 8, .node = 40};
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            for (int64_t bytes = 1; bytes < 5000; bytes++)
                assert_true(
                    key_length_most_of(&known_or_not, cases[i].type, bytes, 5) >=
                    key_length_most_as(&known_or_not, cases[i].type, cases[i].encoding, bytes, 5));
        }
    }
}

static void test_layouts(void **state)
{
    static const struct {
        struct redis_probe probe;
        struct key_layout layout;
    } cases[] = {
        {{.redis_version = 30200, .pointers_64 = true}, {.known = false}},
        {{.redis_version = 40000, .pointers_64 = true}, {true, false, 2, 32}},
        {{.redis_version = 50000, .pointers_64 = true}, {true, false, 2, 32}},
        {{.redis_version = 60000, .pointers_64 = true, .jemalloc = true}, {true, true, 2, 32}},
        {{.redis_version = 60200, .pointers_64 = true, .jemalloc = true}, {true, true, 8, 32}},
        {{.redis_version = 60200, .pointers_64 = true}, {true, true, 2, 32}},
        {{.redis_version = 70015, .pointers_64 = true, .jemalloc = true}, {true, true, 8, 40}},
        {{.redis_version = 70015, .jemalloc = true}, {.known = false}},
        {{.redis_version = 70200, .pointers_64 = true, .jemalloc = true}, {.known = false}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct key_layout got = key_layout_of(&cases[i].probe);
        const struct key_layout *want = &cases[i].layout;
        if (got.known != want->known ||
            (got.known &&
             (got.names != want->names || got.text != want->text || got.node != want->node)))
            fail_msg("case %zu", i);
    }
}

static void test_take_encoding(void **state)
{
    const struct {
        struct redis_reply reply;
        enum key_encoding encoding;
        enum error_code code;
    } cases[] = {
        {{.kind = REDIS_STRING, .text = TEXT("ziplist")}, KEY_COMPACT, ERROR_NONE},
        {{.kind = REDIS_STRING, .text = TEXT("listpack")}, KEY_COMPACT, ERROR_NONE},
        {{.kind = REDIS_STRING, .text = TEXT("hashtable")}, KEY_TABLE, ERROR_NONE},
        {{.kind = REDIS_STRING, .text = TEXT("embstr")}, KEY_EMBEDDED, ERROR_NONE},
        {{.kind = REDIS_STRING, .text = TEXT("new")}, KEY_ENCODING_OTHER, ERROR_NONE},
        {{.kind = REDIS_NIL}, KEY_GONE, ERROR_NONE},
        {{.kind = REDIS_ERROR, .text = TEXT("MOVED 5 127.0.0.1:7000")}, KEY_GONE, ERROR_NONE},
        {{.kind = REDIS_INTEGER, .integer = 3}, KEY_GONE, ERROR_REDIS_PROTOCOL},
        {{.kind = REDIS_ERROR, .text = TEXT("NOPERM no")}, KEY_GONE, ERROR_REDIS_REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        enum key_encoding encoding;
        int status = key_take_encoding(&cases[i].reply, &encoding, &err);
        if (status != (cases[i].code ? -1 : 0) || err.code != cases[i].code ||
            encoding != cases[i].encoding)
            fail_msg("case %zu: %d %s", i, status, err.text);
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
        cmocka_unit_test(test_length_most),      cmocka_unit_test(test_bytes_below),
        cmocka_unit_test(test_directions_agree), cmocka_unit_test(test_length_most_by_encoding),
        cmocka_unit_test(test_layouts),          cmocka_unit_test(test_take_encoding),
        cmocka_unit_test(test_take_bytes),       cmocka_unit_test(test_length_most_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
