/* Big keys of a server that evicts by use: which lengths are asked, and what became of a key
 * between the questions. */
#include <stdio.h>
#include <string.h>

#include "rules.h"
#include "unit.h"

#define HEAD                                                                                       \
    "redis_version:7.0.15\narch_bits:64\nmem_allocator:jemalloc-5.3.0\nrole:master\n"              \
    "maxmemory_policy:allkeys-lru\nexpired_keys:5\n"
#define KEY(name, type, db, size, unit)                                                            \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"db\":" db ",\"size\":" size                    \
    ",\"unit\":\"" unit "\"}"
#define ONE "*2\r\n$1\r\n0\r\n*1\r\n$1\r\n"

static void check_keys(const struct rule *rules, const char *keys, int64_t touched)
{
    struct run run = {.rules = rules, .kind = SCAN_KIND_BIGKEY};
    run_scan(&run);
    assert_string_equal(run.err.text, "");
    assert_int_equal(run.status, 0);
    assert_string_equal(run.outcome.keys, keys);
    assert_int_equal(run.outcome.cost.touched, touched);
    scan_outcome_release(&run.outcome);
}

static void test_keys_that_vanish_or_change(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(HEAD "db0:keys=8,expires=0\n"),
        {"SCAN 0 COUNT 10",
         "*2\r\n$1\r\n0\r\n*8\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n"
         "$1\r\ng\r\n$1\r\nh\r\n",
         false, false},
        {"MEMORY USAGE a", ":72\r\n", true, false},
        {"MEMORY USAGE b", ":144\r\n", true, false},
        {"MEMORY USAGE c", ":64\r\n", true, false},
        {"MEMORY USAGE d", ":56\r\n", true, false},
        {"MEMORY USAGE e", ":56\r\n", true, false},
        {"MEMORY USAGE f", ":64\r\n", true, false},
        {"MEMORY USAGE g", "$-1\r\n", true, false},
        {"MEMORY USAGE h", ":64\r\n", true, false},
        {"TYPE a", "+string\r\n", true, false},
        {"TYPE b", "+list\r\n", true, false},
        {"TYPE c", "+set\r\n", true, false},
        {"TYPE d", "+string\r\n", true, false},
        {"TYPE d", "+none\r\n", true, false},
        {"TYPE e", "+string\r\n", false, false},
        {"TYPE f", "+hash\r\n", true, false},
        {"TYPE h", "+zset\r\n", true, false},
        {"OBJECT ENCODING a", "$6\r\nembstr\r\n", true, false},
        {"OBJECT ENCODING b", "$9\r\nquicklist\r\n", true, false},
        {"OBJECT ENCODING c", "$6\r\nintset\r\n", true, false},
        {"OBJECT ENCODING d", "$6\r\nembstr\r\n", true, false},
        {"OBJECT ENCODING e", "$6\r\nembstr\r\n", true, false},
        {"OBJECT ENCODING f", "$8\r\nlistpack\r\n", true, false},
        {"OBJECT ENCODING h", "$-1\r\n", true, false},
        {"STRLEN a", ":13\r\n", true, false},
        {"LLEN b", ":0\r\n", true, false},
        {"SCARD c", "-WRONGTYPE Operation against a key\r\n", true, false},
        {"STRLEN d", ":0\r\n", true, false},
        {"STRLEN e", ":0\r\n", true, false},
        {"HLEN f", ":2\r\n", true, false},
        {0},
    };
    (void)state;
    check_keys(rules,
               "[" KEY("a", "string", "0", "13", "byte") "," KEY(
                   "e", "string", "0", "0", "byte") "," KEY("f", "hash", "0", "2", "count") "]",
               6);
}

/* Those of each database are asked there; the shorter one is in the one that is scanned first. */
static void test_databases(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(HEAD "db0:keys=1,expires=0\ndb3:keys=1,expires=0\n"),
        {"SCAN 0 COUNT 10", ONE "a\r\n", true, false},
        {"MEMORY USAGE a", ":64\r\n", true, false},
        {"TYPE a", "+set\r\n", true, false},
        {"OBJECT ENCODING a", "$6\r\nintset\r\n", true, false},
        {"SELECT 3", "+OK\r\n", true, false},
        {"SCAN 0 COUNT 10", ONE "b\r\n", true, false},
        {"MEMORY USAGE b", ":80\r\n", true, false},
        {"TYPE b", "+set\r\n", true, false},
        {"OBJECT ENCODING b", "$6\r\nintset\r\n", true, false},
        {"SCARD b", ":9\r\n", true, false},
        {"SELECT 0", "+OK\r\n", true, false},
        {"SCARD a", ":2\r\n", true, false},
        {0},
    };
    (void)state;
    check_keys(rules,
               "[" KEY("b", "set", "3", "9", "count") "," KEY("a", "set", "0", "2", "count") "]",
               2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_that_vanish_or_change),
        cmocka_unit_test(test_databases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
