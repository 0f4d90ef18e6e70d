/* INFO: lines, integers and the keyspace. */

#include "redis/info.h"
#include "unit.h"

static const char sample[] = "# Server\r\nredis_version:7.0.15\r\nempty:\r\n\r\n# Keyspace\r\n"
                             "db0:keys=2,expires=1,avg_ttl=0\r\n"
                             "db15:keys=10,expires=0,avg_ttl=0,subexpiry=0\r\n";

static void finds_fields(void **state)
{
    static const struct {
        const char *info, *name, *value;
    } cases[] = {
        {sample, "redis_version", "7.0.15"},
        {sample, "empty", ""},
        {sample, "redis_versio", NULL},
        {sample, "version", NULL},
        {sample, "# Server", NULL},
        {"", "a", NULL},
        {"a:1", "a", "1"},
        {"a:1\nb:2\n", "b", "2"},
        {"a:b:c\r\n", "a", "b:c"},
        {"a:1\r\na:2\r\n", "a", "1"},
        {"\r\n\r\n:x\r\na:1", "a", "1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text value;
        bool found = redis_info_find(text_of(cases[i].info), cases[i].name, &value);
        assert_int_equal(found, cases[i].value != NULL);
        if (found)
            assert_true(text_equals(value, text_of(cases[i].value)));
    }
}

static void finds_items(void **state)
{
    static const struct {
        const char *list, *name, *value;
    } cases[] = {
        {"ip=10.0.0.1,port=6379,state=online", "ip", "10.0.0.1"},
        {"ip=10.0.0.1,port=6379,state=online", "state", "online"},
        {"ip=10.0.0.1,port=6379", "por", NULL},
        {"ip=,port=1", "ip", ""},
        {"10.0.0.1,6379,online", "10.0.0.1", NULL},
        {"a=b=c,d", "a", "b=c"},
        {",,a=1", "a", "1"},
        {"", "a", NULL},
    };
    int64_t number;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text value;
        bool found = redis_info_item(text_of(cases[i].list), cases[i].name, &value);
        assert_int_equal(found, cases[i].value != NULL);
        if (found)
            assert_true(text_equals(value, text_of(cases[i].value)));
    }
    assert_int_equal(redis_info_item_integer(TEXT("a=x,port=6379"), "port", &number), 0);
    assert_int_equal(number, 6379);
    assert_int_equal(redis_info_item_integer(TEXT("a=x,port=6379"), "a", &number), -1);
    assert_int_equal(redis_info_item_integer(TEXT("a=x"), "port", &number), -1);
}

static void reads_integers(void **state)
{
    int64_t number = 7;
    (void)state;
    assert_int_equal(redis_info_integer(TEXT("a:12\r\n"), "a", &number), 0);
    assert_int_equal(number, 12);
    assert_int_equal(redis_info_integer(TEXT("a:1.5\r\n"), "a", &number), -1);
    assert_int_equal(redis_info_integer(TEXT("a:\r\n"), "a", &number), -1);
    assert_int_equal(redis_info_integer(TEXT("b:1\r\n"), "a", &number), -1);
}

static void lists_databases(void **state)
{
    struct text rest = text_of(sample);
    struct redis_keyspace keyspace;
    (void)state;
    assert_int_equal(redis_info_next_database(&rest, &keyspace), 1);
    assert_int_equal(keyspace.db, 0);
    assert_int_equal(keyspace.keys, 2);
    assert_int_equal(keyspace.expires, 1);
    assert_int_equal(redis_info_next_database(&rest, &keyspace), 1);
    assert_int_equal(keyspace.db, 15);
    assert_int_equal(keyspace.keys, 10);
    assert_int_equal(redis_info_next_database(&rest, &keyspace), 0);
    assert_int_equal(redis_info_next_database(&rest, &keyspace), 0);
    assert_int_equal(redis_info_total_keys(text_of(sample)), 12);
}

static void refuses_malformed_databases(void **state)
{
    static const struct {
        const char *info;
        int64_t total;
    } cases[] = {
        {"", 0},
        {"dbx:keys=1,expires=0\r\n", 0},
        {"db:keys=1,expires=0\r\n", 0},
        {"db0_distrib_strings_sizes:16=1,32=2\r\n", 0},
        {"db0:keys=1\r\n", -1},
        {"db0:expires=1\r\n", -1},
        {"db0:keys=,expires=0\r\n", -1},
        {"db0:keys=-1,expires=0\r\n", -1},
        {"db0:keys=1x,expires=0\r\n", -1},
        {"db99999999999:keys=1,expires=0\r\n", -1},
        {"db0:keys=9223372036854775807,expires=0\r\ndb1:keys=1,expires=0\r\n", -1},
        {"db0:expires=0,keys=3", 3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(redis_info_total_keys(text_of(cases[i].info)), cases[i].total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_fields),
        cmocka_unit_test(finds_items),
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(lists_databases),
        cmocka_unit_test(refuses_malformed_databases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
