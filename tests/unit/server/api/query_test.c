/* Query parameters: decoded once, strictly, and refused by name. */
#include "api/query.h"

#include <string.h>

#include "unit.h"

static void test_decodes(void **state)
{
    (void)state;
    struct api_query query;
    struct error err = {0};
    assert_int_equal(
        api_query_parse(TEXT("limit=5&&name=a%20b%2Bc&empty=&bare&%6Fffset=7"), &query, &err), 0);
    assert_true(text_equals(api_query_find(&query, "name"), TEXT("a b+c")));
    assert_true(text_equals(api_query_find(&query, "offset"), TEXT("7")));
    assert_non_null(api_query_find(&query, "empty").bytes);
    assert_non_null(api_query_find(&query, "bare").bytes);
    assert_null(api_query_find(&query, "absent").bytes);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        {"limit=1&limit=1", "limit"},
        {"limit=1&%6cimit=2", "limit"},
        {"=1&=2", "query"},
        {"a=%", "query"},
        {"a=%2", "query"},
        {"a=%zz", "query"},
        {"a=%00", "query"},
        {"a=%ff", "query"},
        {"a=%c0%80", "query"},
        {"%ed%a0%80=1", "query"},
        {"a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", "query"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_query query;
        struct error err = {0};
        assert_int_equal(api_query_parse(text_of(cases[i].text), &query, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.public_argument, cases[i].named);
    }
    char large[API_QUERY_STORAGE + 8];
    memset(large, 'x', sizeof(large));
    struct api_query query;
    struct error err = {0};
    assert_int_equal(api_query_parse((struct text){large, sizeof(large)}, &query, &err), -1);
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        int64_t value;
    } cases[] = {
        {"", 0, 10},         {"limit=1", 0, 1},     {"limit=1000", 0, 1000},
        {"limit=0", -1, 0},  {"limit=1001", -1, 0}, {"limit=-1", -1, 0},
        {"limit=", -1, 0},   {"limit=1e2", -1, 0},  {"limit=%201", -1, 0},
        {"limit=+1", -1, 0}, {"limit=0x1", -1, 0},  {"limit=99999999999999999999", -1, 0},
        {"limit=007", 0, 7},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_query query;
        struct error err = {0};
        int64_t value = 0;
        assert_int_equal(api_query_parse(text_of(cases[i].text), &query, &err), 0);
        assert_int_equal(api_query_integer(&query, "limit", 1, 1000, 10, &value, &err),
                         cases[i].status);
        if (cases[i].status == 0)
            assert_int_equal(value, cases[i].value);
        else
            assert_string_equal(err.public_argument, "limit");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decodes),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
