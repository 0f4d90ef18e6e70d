/* Hot keys by the LFU counters: what is asked and when, what is forgiven and what is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "unit.h"

#define HEAD "redis_version:7.0.15\nrole:master\nmaxmemory_policy:allkeys-lfu\nexpired_keys:5\n"
#define HOT(name, type, size, unit, freq)                                                          \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"db\":0,\"size\":" size ",\"unit\":\"" unit     \
    "\",\"freq\":" freq "}"
static const char info_one[] = HEAD "db0:keys=3,expires=0\n";

static void check_keys(const struct rule *rules, const char *keys)
{
    struct run run = {.rules = rules, .kind = SCAN_KIND_HOTKEY};
    run_scan(&run);
    assert_string_equal(run.err.text, "");
    assert_int_equal(run.status, 0);
    assert_string_equal(run.outcome.keys, keys);
    assert_int_equal(run.outcome.keys_length, strlen(keys));
    scan_outcome_release(&run.outcome);
}

static void test_types_and_order(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_one),
        {"SCAN 0 COUNT 10",
         "*2\r\n$1\r\n0\r\n*5\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n", false,
         false},
        {"OBJECT FREQ a", ":7\r\n", true, false},
        {"OBJECT FREQ b", ":7\r\n", true, false},
        {"OBJECT FREQ c", ":255\r\n", true, false},
        {"OBJECT FREQ d", "$-1\r\n", true, false},
        {"OBJECT FREQ e", ":0\r\n", true, false},
        {"TYPE a", "+hash\r\n", false, false},
        {"TYPE b", "+zset\r\n", false, false},
        {"TYPE c", "+stream\r\n", false, false},
        {"TYPE e", "+string\r\n", false, false},
        {"HLEN a", ":4\r\n", true, false},
        {"ZCARD b", ":3\r\n", true, false},
        {"STRLEN e", ":0\r\n", true, false},
        {0},
    };
    (void)state;
    check_keys(rules,
               "[" HOT("a", "hash", "4", "count", "7") "," HOT(
                   "b", "zset", "3", "count", "7") "," HOT("e", "string", "0", "byte", "0") "]");
}

/* Between the scan and the question about the length. */
static void test_winners_that_vanish_or_change(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_one),
        {"SCAN 0 COUNT 10",
         "*2\r\n$1\r\n0\r\n*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n", false,
         false},
        {"OBJECT FREQ a", ":9\r\n", true, false},
        {"OBJECT FREQ b", ":8\r\n", true, false},
        {"OBJECT FREQ c", ":7\r\n", true, false},
        {"OBJECT FREQ d", ":6\r\n", true, false},
        {"OBJECT FREQ e", ":5\r\n", true, false},
        {"TYPE a", "+string\r\n", true, false},
        {"TYPE a", "+none\r\n", false, false},
        {"TYPE b", "+string\r\n", true, false},
        {"TYPE b", "+list\r\n", false, false},
        {"LLEN b", ":2\r\n", true, false},
        {"TYPE c", "+set\r\n", false, false},
        {"SCARD c", "-WRONGTYPE Operation against a key\r\n", true, false},
        {"TYPE d", "+string\r\n", true, false},
        {"TYPE d", "+string\r\n", true, false},
        {"STRLEN d", ":0\r\n", true, false},
        {"TYPE d", "+none\r\n", false, false},
        {"TYPE e", "+zset\r\n", false, false},
        {"ZCARD e", ":0\r\n", true, false},
        {0},
    };
    (void)state;
    check_keys(rules, "[" HOT("b", "list", "2", "count", "8") "]");
}

/* One whose name is too long to be asked about at the end is measured at once. */
static void test_long_names_are_measured_at_once(void **state)
{
    enum { LENGTH = 4200 };
    static char scan[LENGTH + 64], name[LENGTH + 1], keys[LENGTH + 256];
    (void)state;
    memset(name, 'x', LENGTH);
    snprintf(scan, sizeof(scan), "*2\r\n$1\r\n0\r\n*1\r\n$%d\r\n%s\r\n", LENGTH, name);
    snprintf(keys, sizeof(keys),
             "[{\"name\":\"%.4096s\xe2\x80\xa6\",\"type\":\"list\",\"db\":0,\"size\":6,"
             "\"unit\":\"count\",\"freq\":4}]",
             name);
    char *commands[3];
    const char *verbs[] = {"OBJECT FREQ ", "TYPE ", "LLEN "};
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        size_t size = strlen(verbs[i]) + LENGTH + 1;
        commands[i] = malloc(size);
        snprintf(commands[i], size, "%s%s", verbs[i], name);
    }
    const struct rule rules[] = {
        INFO_RULE(info_one),
        {"SCAN 0 COUNT 10", scan, false, false},
        {commands[0], ":4\r\n", true, false},
        {commands[1], "+list\r\n", true, false},
        {commands[2], ":6\r\n", true, false},
        {0},
    };
    check_keys(rules, keys);
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        free(commands[i]);
}

/* Agreed to use HOTKEYS, on a server without it. */
static void test_counters_where_there_is_no_hotkeys(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_one),
        {"COMMAND INFO hotkeys", "*1\r\n*-1\r\n", true, false},
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", false, false},
        {"OBJECT FREQ a", ":3\r\n", true, false},
        {"TYPE a", "+set\r\n", false, false},
        {"SCARD a", ":4\r\n", true, false},
        {0},
    };
    struct run run = {.rules = rules, .kind = SCAN_KIND_HOTKEY, .hotkeys_command = true};
    (void)state;
    run_scan(&run);
    assert_string_equal(run.err.text, "");
    assert_string_equal(run.outcome.keys, "[" HOT("a", "set", "4", "count", "3") "]");
    scan_outcome_release(&run.outcome);
}

static void test_failures(void **state)
{
    static const struct {
        const char *info, *answer; /* to OBJECT FREQ */
        enum error_code code;
        const char *text;
    } cases[] = {
        {HEAD, ":1\r\n", ERROR_NONE, ""},
        {"redis_version:7.0.15\nrole:master\nmaxmemory_policy:noeviction\nexpired_keys:5\n", "",
         ERROR_HOTKEY_UNSUPPORTED, "maxmemory-policy is neither"},
        {"redis_version:7.0.15\nrole:master\nmaxmemory_policy:allkeys-lru\nexpired_keys:5\n", "",
         ERROR_HOTKEY_UNSUPPORTED, "maxmemory-policy is neither"},
        {"redis_version:3.2.0\nrole:master\nexpired_keys:5\n", "", ERROR_HOTKEY_UNSUPPORTED,
         "older than 4.0"},
        {"redis_version:7.0.15\nrole:slave\nmaxmemory_policy:allkeys-lfu\nexpired_keys:5\n", "",
         ERROR_HOTKEY_UNSUPPORTED, "a replica"},
        {"redis_version:7.0.15\nrole:master\nexpired_keys:5\ndb0:keys=1,expires=0\n",
         "-ERR An LFU maxmemory policy is not selected\r\n", ERROR_REDIS_REFUSED,
         "OBJECT FREQ: ERR An LFU maxmemory policy is not selected"},
        {info_one, ":256\r\n", ERROR_REDIS_PROTOCOL, "OBJECT FREQ: a counter of 256"},
        {info_one, ":-1\r\n", ERROR_REDIS_PROTOCOL, "OBJECT FREQ: a counter of -1"},
        {info_one, "+OK\r\n", ERROR_REDIS_PROTOCOL, "OBJECT FREQ: unexpected reply: a status"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct rule rules[] = {
            INFO_RULE(cases[i].info),
            {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", false, false},
            {"OBJECT FREQ a", cases[i].answer, false, false},
            {0},
        };
        struct run run = {.rules = rules, .kind = SCAN_KIND_HOTKEY};
        run_scan(&run);
        if (run.err.code != cases[i].code || !strstr(run.err.text, cases[i].text))
            fail_msg("case %zu: %s: %s", i, error_describe(run.err.code)->symbol, run.err.text);
        if (run.status == 0)
            scan_outcome_release(&run.outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_and_order),
        cmocka_unit_test(test_winners_that_vanish_or_change),
        cmocka_unit_test(test_long_names_are_measured_at_once),
        cmocka_unit_test(test_counters_where_there_is_no_hotkeys),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
