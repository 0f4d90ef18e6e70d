/* Address maps: what is taken, what is refused and why, and what becomes of an address. */
#include "redis/address_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void applies(void **state)
{
    static const char text[] = "10.0.0.5:6379=192.0.2.1:7001,10.0.0.5=192.0.2.9,"
                               "Db-2.internal=db2.example,[2001:db8::1]:6379=10.1.1.1:1,"
                               "[2001:db8::2]=[::1]";
    static const struct {
        const char *announced, *reachable;
    } cases[] = {
        {"10.0.0.5:6379", "192.0.2.1:7001"},          {"10.0.0.5:6380", "192.0.2.9:6380"},
        {"db-2.INTERNAL:6379", "db2.example:6379"},   {"[2001:db8::1]:6379", "10.1.1.1:1"},
        {"[2001:db8::1]:6380", "[2001:db8::1]:6380"}, {"[2001:db8::2]:5", "[::1]:5"},
        {"192.0.2.1:7001", "192.0.2.1:7001"},         {"10.0.0.50:6379", "10.0.0.50:6379"},
    };
    struct redis_address_map map;
    struct error err = {0};
    (void)state;
    assert_int_equal(redis_address_map_parse(text, &map, &err), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint endpoint;
        char shown[ENDPOINT_TEXT_MAX + 1];
        assert_int_equal(endpoint_parse(text_of(cases[i].announced), &endpoint), 0);
        redis_address_map_apply(NULL, &endpoint);
        redis_address_map_apply(&map, &endpoint);
        endpoint_format(&endpoint, shown);
        assert_string_equal(shown, cases[i].reachable);
    }
    redis_address_map_release(&map);
}

static void refuses(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"a", "entry 1 is neither"},
        {"a=", "entry 1 is neither"},
        {"=a", "entry 1 is neither"},
        {",", "entry 1 is neither"},
        {"a=b,", "entry 2 is neither"},
        {"a=b, c=d", "entry 2 is neither"},
        {"a=b=c", "entry 1 is neither"},
        {"a:1=b", "entry 1 is neither"},
        {"a=b:1", "entry 1 is neither"},
        {"a:0=b:1", "entry 1 is neither"},
        {"a:1=b:65536", "entry 1 is neither"},
        {"::1=a", "entry 1 is neither"},
        {"[::1=a", "entry 1 is neither"},
        {"[a]=b", "entry 1 is neither"},
        {"[]=b", "entry 1 is neither"},
        {"a:1=b:1,a=b,A:1=c:1", "entry 3 is for an address that has one already"},
        {"a=b,A=c", "entry 2 is for an address that has one already"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_address_map map;
        struct error err = {0};
        if (redis_address_map_parse(cases[i].text, &map, &err) == 0)
            fail_msg("%s is taken", cases[i].text);
        assert_int_equal(err.code, ERROR_CONFIG);
        if (!strstr(err.text, cases[i].reason))
            fail_msg("%s: %s", cases[i].text, err.text);
        redis_address_map_release(&map);
    }
}

static void is_bounded(void **state)
{
    struct redis_address_map map;
    struct error err = {0};
    char *text = malloc(REDIS_ADDRESS_MAP_BYTES_MAX + 2), *end = text;
    (void)state;
    assert_non_null(text);
    assert_int_equal(redis_address_map_parse(NULL, &map, &err), 0);
    assert_int_equal(redis_address_map_parse("", &map, &err), 0);
    assert_int_equal(map.count, 0);
    for (int i = 0; i <= REDIS_ADDRESS_MAP_ENTRIES_MAX; i++)
        end += snprintf(end, 16, "%sh%d=a", i ? "," : "", i);
    assert_int_equal(redis_address_map_parse(text, &map, &err), -1);
    assert_string_equal(err.text, "address map: more than 1024 entries");
    redis_address_map_release(&map);
    memset(text, 'a', REDIS_ADDRESS_MAP_BYTES_MAX + 1);
    text[REDIS_ADDRESS_MAP_BYTES_MAX + 1] = '\0';
    error_clear(&err);
    assert_int_equal(redis_address_map_parse(text, &map, &err), -1);
    assert_string_equal(err.text, "address map: longer than 65536 bytes");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applies),
        cmocka_unit_test(refuses),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
