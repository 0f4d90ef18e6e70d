/* What an analysis asks of which server, and what it makes of refusals and of keys that vanish. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "unit.h"

#define MASTER "role:master\nexpired_keys:0\n"
#define NAMES "*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"

static json_t *analyse(const struct rule *rules, int64_t touched)
{
    struct run run = {.rules = rules, .kind = SCAN_KIND_ANALYSIS};
    run_scan(&run);
    assert_string_equal(run.err.text, "");
    assert_int_equal(run.status, 0);
    assert_int_equal(run.outcome.cost.touched, touched);
    json_t *document = json_loadb(run.outcome.keys, run.outcome.keys_length, 0, NULL);
    assert_non_null(document);
    scan_outcome_release(&run.outcome);
    return document;
}

static void check_member(const json_t *document, const char *name, const char *expected)
{
    char *text = json_dumps(json_object_get(document, name), JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

/* With CLIENT NO-TOUCH lengths are asked of all; a key that vanishes on the way is none. */
static void asks_all_lengths_where_they_touch_nothing(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE("redis_version:7.2.4\n" MASTER "db0:keys=4,expires=1\n"),
        {"CLIENT NO-TOUCH ON", "+OK\r\n", false, false},
        {"SCAN 0 COUNT 10", NAMES, true, false},
        {"MEMORY USAGE a", ":72\r\n", true, false},
        {"MEMORY USAGE b", ":300\r\n", true, false},
        {"MEMORY USAGE c", "$-1\r\n", true, false},
        {"MEMORY USAGE d", ":500\r\n", true, false},
        {"PTTL a", ":-1\r\n", true, false},
        {"PTTL b", ":61000\r\n", true, false},
        {"PTTL c", ":-2\r\n", true, false},
        {"PTTL d", ":-1\r\n", true, false},
        {"TYPE a", "+string\r\n", true, false},
        {"TYPE b", "+stream\r\n", true, false},
        {"TYPE c", "+none\r\n", true, false},
        {"TYPE d", "+ReJSON-RL\r\n", true, false},
        {"STRLEN a", ":13\r\n", true, false},
        {"XLEN b", ":0\r\n", true, false},
        {0},
    };
    (void)state;
    json_t *document = analyse(rules, 0);
    check_member(document, "keys", "3");
    check_member(document, "bytes", "872");
    check_member(document, "elements", "0");
    check_member(document, "keys_without_ttl", "2");
    check_member(document, "not_measured", "[]");
    check_member(document, "types",
                 "[{\"type\":\"string\",\"keys\":1,\"bytes\":72,\"keys_without_ttl\":1,"
                 "\"bytes_without_ttl\":72,\"largest_bytes\":72,\"largest_size\":13},"
                 "{\"type\":\"stream\",\"keys\":1,\"bytes\":300,\"elements\":0,"
                 "\"keys_without_ttl\":0,\"bytes_without_ttl\":0,\"largest_bytes\":300,"
                 "\"largest_size\":0},{\"type\":\"ReJSON-RL\",\"keys\":1,\"bytes\":500,"
                 "\"keys_without_ttl\":1,\"bytes_without_ttl\":500,\"largest_bytes\":500}]");
    json_decref(document);
}

#define OLD_ANSWERS                                                                                \
    {"SCAN 0 COUNT 10", NAMES, true, false}, {"TYPE a", "+string\r\n", true, false},               \
        {"TYPE b", "+list\r\n", true, false}, {"TYPE c", "+set\r\n", true, false},                 \
        {"TYPE d", "+string\r\n", true, false}, {"STRLEN a", ":13\r\n", true, false},              \
        {"LLEN b", ":2\r\n", true, false},                                                         \
        {"SCARD c", "-WRONGTYPE Operation against a key\r\n", true, false},                        \
    {                                                                                              \
        "STRLEN d", ":0\r\n", true, false                                                          \
    }

/* Redis 2.8 has no MEMORY USAGE: lengths are asked, where they decide nothing. */
static void works_on_old_servers(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE("redis_version:2.8.24\n" MASTER
                  "maxmemory_policy:noeviction\ndb0:keys=4,expires=0\n"),
        OLD_ANSWERS,
        {0},
    };
    (void)state;
    json_t *document = analyse(rules, 4);
    check_member(document, "keys", "4");
    assert_null(json_object_get(document, "bytes"));
    check_member(
        document, "not_measured",
        "[{\"measure\":\"memory\",\"reason\":\"the server has no MEMORY USAGE: it is older "
        "than 4.0\",\"keys\":4}]");
    check_member(document, "largest_by_size",
                 "[{\"name\":\"a\",\"type\":\"string\",\"db\":0,\"size\":13,\"unit\":\"byte\"},"
                 "{\"name\":\"d\",\"type\":\"string\",\"db\":0,\"size\":0,\"unit\":\"byte\"},"
                 "{\"name\":\"b\",\"type\":\"list\",\"db\":0,\"size\":2,\"unit\":\"count\"}]");
    json_decref(document);
}

/* And where they decide what is evicted no length is asked. */
static void asks_no_length_that_counts(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE("redis_version:3.0.7\n" MASTER "db0:keys=4,expires=0\n"),
        OLD_ANSWERS,
        {0},
    };
    (void)state;
    json_t *document = analyse(rules, 0);
    check_member(document, "keys", "4");
    check_member(document, "largest_by_size", "[]");
    assert_int_equal(json_array_size(json_object_get(document, "not_measured")), 2);
    check_member(json_array_get(json_object_get(document, "not_measured"), 1), "measure",
                 "\"size\"");
    json_decref(document);
}

static void fails_without_types(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE("redis_version:2.8.24\n" MASTER "db0:keys=4,expires=0\n"),
        {"SCAN 0 COUNT 10", NAMES, true, false},
        {"TYPE a", "-ERR unknown command 'TYPE'\r\n", true, false},
        {0},
    };
    struct run run = {.rules = rules, .kind = SCAN_KIND_ANALYSIS};
    (void)state;
    run_scan(&run);
    assert_int_equal(run.status, -1);
    assert_int_equal(run.err.code, ERROR_REDIS_REFUSED);
}

/* Figures that are none are the server's breach of the protocol. */
static void refuses_nonsense(void **state)
{
    static const char *const answers[] = {":-3\r\n", "+OK\r\n", "*0\r\n"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        const struct rule rules[] = {
            INFO_RULE("redis_version:7.0.15\n" MASTER "db0:keys=4,expires=1\n"),
            {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", true, false},
            {"MEMORY USAGE a", ":72\r\n", true, false},
            {"PTTL a", answers[i], true, false},
            {"TYPE a", "+string\r\n", true, false},
            {0},
        };
        struct run run = {.rules = rules, .kind = SCAN_KIND_ANALYSIS};
        run_scan(&run);
        assert_int_equal(run.status, -1);
        assert_int_equal(run.err.code, ERROR_REDIS_PROTOCOL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_all_lengths_where_they_touch_nothing),
        cmocka_unit_test(works_on_old_servers),
        cmocka_unit_test(asks_no_length_that_counts),
        cmocka_unit_test(fails_without_types),
        cmocka_unit_test(refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
