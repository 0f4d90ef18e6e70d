/* Address maps: what is taken, what is refused, and what becomes of an endpoint. */
#include "base/address_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void refuses(void **state)
{
    static const char *const cases[] = {
        "a",
        "a:1",
        "a:1=",
        "=b:1",
        "a:1=b",
        "a=b:1",
        "a=b,",
        ",a=b",
        "a=b,,c=d",
        "a:0=b:1",
        "a:1=b:0",
        "a:1=b:65536",
        "a=b=c",
        "a =b",
        "a= b",
        "::1=b",
        "a=::1",
        "[::1=b",
        "[a]=b",
        "a=b,a=c",
        "a=b,A=c",
        "a:1=b:1,a:1=c:1",
        "é=b",
        "a:1=[::1]",
        "[::1]:1=[::2]",
        ",",
        "a:+1=b:1",
        "a=b\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address_map map;
        struct error err = {0};
        if (address_map_parse(cases[i], &map, &err) == 0)
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_int_equal(map.count, 0);
    }
}

static void maps(void **state)
{
    static const char text[] = "10.0.0.1:6379=203.0.113.1:16379,10.0.0.1=203.0.113.2,"
                               "[2001:db8::1]:7=[::1]:8,[2001:DB8::2]=near.example,Name=1.2.3.4";
    static const char *const cases[][2] = {
        {"10.0.0.1:6379", "203.0.113.1:16379"},
        {"10.0.0.1:6380", "203.0.113.2:6380"},
        {"10.0.0.2:6379", "10.0.0.2:6379"},
        {"[2001:db8::1]:7", "[::1]:8"},
        {"[2001:db8::1]:8", "[2001:db8::1]:8"},
        {"[2001:db8::2]:1", "near.example:1"},
        {"name:5", "1.2.3.4:5"},
        {"203.0.113.1:16379", "203.0.113.1:16379"},
    };
    struct address_map map;
    struct error err = {0};
    (void)state;
    assert_int_equal(address_map_parse(text, &map, &err), 0);
    assert_int_equal(map.count, 5);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint endpoint;
        char written[ENDPOINT_TEXT_MAX + 1];
        assert_int_equal(endpoint_parse(text_of(cases[i][0]), &endpoint), 0);
        address_map_apply(&map, &endpoint);
        endpoint_format(&endpoint, written);
        assert_string_equal(written, cases[i][1]);
    }
    address_map_release(&map);
    assert_int_equal(map.count, 0);
}

static void the_empty_one_changes_nothing(void **state)
{
    struct endpoint endpoint = {"a", 1};
    struct address_map map;
    struct error err = {0};
    (void)state;
    assert_int_equal(address_map_parse(NULL, &map, &err), 0);
    assert_int_equal(address_map_parse("", &map, &err), 0);
    address_map_apply(&map, &endpoint);
    assert_string_equal(endpoint.host, "a");
    address_map_release(&map);
}

/* `a<n>=b` as often as count says. */
static int parse_many(int count, struct address_map *ret_map, struct error *err)
{
    char *text = calloc((size_t)count, 16), *end = text;
    for (int i = 0; i < count; i++)
        end += snprintf(end, 16, "%sa%d=b", i > 0 ? "," : "", i);
    int status = address_map_parse(text, ret_map, err);
    free(text);
    return status;
}

static void is_bounded(void **state)
{
    struct address_map map;
    struct error err = {0};
    (void)state;
    assert_int_equal(parse_many(ADDRESS_MAP_ENTRIES_MAX, &map, &err), 0);
    assert_int_equal(map.count, ADDRESS_MAP_ENTRIES_MAX);
    address_map_release(&map);
    assert_int_equal(parse_many(ADDRESS_MAP_ENTRIES_MAX + 1, &map, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses),
        cmocka_unit_test(maps),
        cmocka_unit_test(the_empty_one_changes_nothing),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
