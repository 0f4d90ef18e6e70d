/* Whole scans of a server that answers by a list: what is ranked, what is forgiven and what is not.
 */
#include "scan/scan.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "rules.h"
#include "unit.h"

#define HEAD "redis_version:7.0.15\nrole:master\n"
#define REPLICA "redis_version:7.0.15\nrole:slave\nexpired_keys:5\n"

static const char info_one[] = HEAD "expired_keys:5\ndb0:keys=3,expires=0\n";
static const char info_two[] = HEAD "expired_keys:5\ndb0:keys=3,expires=0\ndb5:keys=1,expires=0\n";

static void check_keys(const struct rule *rules, const char *keys, int64_t seen)
{
    struct run run = {.rules = rules};
    run_scan(&run);
    assert_string_equal(run.err.text, "");
    assert_int_equal(run.status, 0);
    assert_string_equal(run.outcome.keys, keys);
    assert_int_equal(run.outcome.keys_length, strlen(keys));
    assert_int_equal(run.outcome.keys_seen, seen);
    scan_outcome_release(&run.outcome);
}

enum { SHORT_MS = 300 };

#define STRING(name, size)                                                                         \
    "{\"name\":\"" name "\",\"type\":\"string\",\"db\":0,\"size\":" size ",\"unit\":\"byte\"}"

static void test_databases_and_types(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_two),
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", true, false},
        {"SCAN 7 COUNT 10", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nc\r\n", false, false},
        {"TYPE a", "+hash\r\n", false, false},
        {"HLEN a", ":4\r\n", false, false},
        {"TYPE b", "+string\r\n", false, false},
        {"STRLEN b", ":9\r\n", false, false},
        {"TYPE c", "+stream\r\n", false, false},
        {"SELECT 5", "+OK\r\n", false, false},
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nd\r\n", false, false},
        {"TYPE d", "+zset\r\n", false, false},
        {"ZCARD d", ":7\r\n", false, false},
        {0},
    };
    (void)state;
    check_keys(
        rules,
        "[" STRING(
            "b", "9") ","
                      "{\"name\":\"d\",\"type\":\"zset\",\"db\":5,\"size\":7,\"unit\":\"count\"},"
                      "{\"name\":\"a\",\"type\":\"hash\",\"db\":0,\"size\":4,\"unit\":\"count\"}]",
        4);
}

static void test_keys_that_vanish_are_no_error(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_one),
        {"SCAN 0 COUNT 10",
         "*2\r\n$1\r\n0\r\n*6\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$"
         "1\r\nf\r\n",
         false, false},
        {"TYPE a", "+none\r\n", false, false},
        {"TYPE b", "+list\r\n", false, false},
        {"LLEN b", ":0\r\n", false, false},
        {"TYPE c", "+set\r\n", false, false},
        {"SCARD c", "-WRONGTYPE Operation against a key\r\n", false, false},
        {"TYPE d", "+string\r\n", true, false},
        {"STRLEN d", ":0\r\n", false, false},
        {"TYPE d", "+none\r\n", false, false},
        {"TYPE e", "+string\r\n", false, false},
        {"STRLEN e", ":0\r\n", false, false},
        {"TYPE f", "+string\r\n", true, false},
        {"STRLEN f", ":0\r\n", false, false},
        {"TYPE f", "+hash\r\n", false, false},
        {0},
    };
    (void)state;
    check_keys(rules, "[" STRING("e", "0") "]", 6);
}

static void test_keys_seen_twice_rank_once(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_one),
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\n1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", false, false},
        {"SCAN 1 COUNT 10", "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", false, false},
        {"TYPE a", "+string\r\n", false, false},
        {"STRLEN a", ":4\r\n", true, false},
        {"STRLEN a", ":6\r\n", false, false},
        {"TYPE b", "+string\r\n", true, false},
        {"STRLEN b", ":5\r\n", false, false},
        {"TYPE b", "+list\r\n", false, false},
        {"LLEN b", ":2\r\n", false, false},
        {0},
    };
    (void)state;
    check_keys(
        rules,
        "[" STRING(
            "a", "6") ","
                      "{\"name\":\"b\",\"type\":\"list\",\"db\":0,\"size\":2,\"unit\":\"count\"}]",
        4);
}

static void test_no_keys(void **state)
{
    static const struct rule rules[] = {INFO_RULE(HEAD "expired_keys:5\n"), {0}};
    (void)state;
    check_keys(rules, "[]", 0);
}

/* Each question once, at the place where it was asked. */
static void test_asks_again_while_the_server_is_not_ready(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_one),
        {"SCAN 0 COUNT 10", "-LOADING Redis is loading\r\n", true, false},
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", true, false},
        {"TYPE a", "-BUSY a script\r\n", true, false},
        {"TYPE a", "+string\r\n", true, false},
        {"TYPE b", "+string\r\n", true, false},
        {"STRLEN a", ":6\r\n", true, false},
        {"STRLEN b", "-MASTERDOWN no link\r\n", true, false},
        {"STRLEN b", ":5\r\n", true, false},
        {0},
    };
    (void)state;
    check_keys(rules, "[" STRING("a", "6") "," STRING("b", "5") "]", 2);
}

static void test_failures(void **state)
{
    static const struct {
        const char *command, *answer; /* instead of the good one */
        enum error_code code;
        const char *text;
    } cases[] = {
        {"INFO", "-NOPERM this user\r\n", ERROR_REDIS_REFUSED, "INFO: NOPERM this user"},
        {"INFO", "+OK\r\n", ERROR_REDIS_PROTOCOL, "INFO: unexpected reply: a status"},
        {"INFO", HEAD, ERROR_REDIS_PROTOCOL, "no expired_keys"},
        {"TYPE a", "-MOVED 5 a:1\r\n", ERROR_REDIS_REFUSED, "it sends questions"},
        {"SCAN 0 COUNT 10", "-LOADING Redis\r\n", ERROR_SCAN_DEADLINE, "LOADING Redis"},
        {"SCAN 0 COUNT 10", "*0\r\n", ERROR_REDIS_PROTOCOL, "SCAN: unexpected reply: an array"},
        {"SCAN 0 COUNT 10", "*2\r\n:0\r\n*0\r\n", ERROR_REDIS_PROTOCOL, "SCAN"},
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n$-1\r\n", ERROR_REDIS_PROTOCOL, "SCAN"},
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n*1\r\n:1\r\n", ERROR_REDIS_PROTOCOL, "SCAN"},
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\nx\r\n*0\r\n", ERROR_REDIS_PROTOCOL, "malformed cursor"},
        {"SCAN 0 COUNT 10", "*3\r\n$1\r\n0\r\n*0\r\n*0\r\n", ERROR_REDIS_PROTOCOL, "SCAN"},
        {"TYPE a", "-NOPERM no\r\n", ERROR_REDIS_REFUSED, "TYPE: NOPERM no"},
        {"TYPE a", ":1\r\n", ERROR_REDIS_PROTOCOL, "TYPE: unexpected reply: an integer"},
        {"STRLEN a", "-NOPERM no\r\n", ERROR_REDIS_REFUSED, "STRLEN: NOPERM no"},
        {"STRLEN a", "$1\r\n1\r\n", ERROR_REDIS_PROTOCOL, "STRLEN: unexpected reply: a string"},
        {"STRLEN a", ":-1\r\n", ERROR_REDIS_PROTOCOL, "STRLEN: a negative length"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct rule rules[] = {
            {cases[i].command, cases[i].answer, false, false},
            INFO_RULE(info_one),
            {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", false, false},
            {"TYPE a", "+string\r\n", false, false},
            {"STRLEN a", ":1\r\n", false, false},
            {0},
        };
        struct run run = {.rules = rules};
        run.timeout_ms = cases[i].code == ERROR_SCAN_DEADLINE ? SHORT_MS : 0;
        run_scan(&run);
        assert_int_equal(run.status, -1);
        if (run.err.code != cases[i].code || !strstr(run.err.text, cases[i].text))
            fail_msg("case %zu: %s: %s", i, error_describe(run.err.code)->symbol, run.err.text);
        assert_int_equal(strncmp(run.err.text, "127.0.0.1:", 10), 0);
    }
}

static void test_select_refused(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(HEAD "expired_keys:5\ndb7:keys=3,expires=0\n"),
        {"SELECT 7", "-ERR DB index is out of range\r\n", false, false},
        {0},
    };
    struct run run = {.rules = rules};
    (void)state;
    run_scan(&run);
    assert_int_equal(run.err.code, ERROR_REDIS_REFUSED);
    assert_non_null(strstr(run.err.text, "SELECT: ERR DB index is out of range"));
}

static void test_circle(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_one),
        {"SCAN 0 COUNT 10", "*2\r\n$1\r\n8\r\n*0\r\n", false, false},
        {"SCAN 8 COUNT 10", "*2\r\n$1\r\n4\r\n*0\r\n", false, false},
        {"SCAN 4 COUNT 10", "*2\r\n$1\r\n8\r\n*0\r\n", false, false},
        {0},
    };
    struct run run = {.rules = rules};
    (void)state;
    run_scan(&run);
    assert_int_equal(run.err.code, ERROR_REDIS_PROTOCOL);
    assert_non_null(strstr(run.err.text, "came back"));
}

static void test_silence(void **state)
{
    static const struct rule rules[] = {
        INFO_RULE(info_one),
        {"SCAN 0 COUNT 10", NULL, false, false},
        {0},
    };
    static const struct {
        int64_t timeout_ms, stop_after_ms;
        enum error_code code;
    } cases[] = {
        {300, 0, ERROR_SCAN_DEADLINE},
        {10000, 300, ERROR_SCAN_CANCELLED},
        {10000, 0, ERROR_REDIS_TIMEOUT},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct run run = {.rules = rules,
                          .timeout_ms = cases[i].timeout_ms,
                          .stop_after_ms = cases[i].stop_after_ms};
        run_scan(&run);
        assert_int_equal(run.err.code, cases[i].code);
        assert_in_range(clock_monotonic_ms() - run.started, 300, 2600);
    }
}

/* A server that always has another batch is stopped between batches. */
static size_t answer_for_ever(void *argument, const struct text *words, int count, char *ret_bytes,
                              size_t size)
{
    static const char keys[] = "*1\r\n$1\r\na\r\n";
    unsigned *cursor = argument;
    char digits[12];
    (void)count;
    if (text_equals(words[0], TEXT("INFO")))
        return put_answer(info_one, ret_bytes, size);
    if (text_equals(words[0], TEXT("TYPE")))
        return (size_t)snprintf(ret_bytes, size, "+string\r\n");
    if (text_equals(words[0], TEXT("STRLEN")))
        return (size_t)snprintf(ret_bytes, size, ":3\r\n");
    int length = snprintf(digits, sizeof(digits), "%u", ++*cursor);
    return (size_t)snprintf(ret_bytes, size, "*2\r\n$%d\r\n%s\r\n%s", length, digits, keys);
}

static void serve_for_ever(int socket, void *argument)
{
    fake_serve_commands(socket, answer_for_ever, argument);
}

struct last_progress {
    struct scan_progress progress;
    bool went_back;
};

static void note_progress(void *argument, const struct scan_progress *progress)
{
    struct last_progress *last = argument;
    last->went_back |= progress->keys_seen < last->progress.keys_seen;
    last->progress = *progress;
}

static void test_endless_server(void **state)
{
    struct fake_server server;
    struct scan_outcome outcome;
    struct last_progress last = {0};
    struct error err = {0};
    unsigned cursor = 0;
    (void)state;
    fake_server_start(&server, serve_for_ever, &cursor);
    struct scan_request request = {.kind = &scan_kinds[SCAN_KIND_BIGKEY],
                                   .target = fake_server_target(&server),
                                   .batch_keys = 100,
                                   .timeout_ms = 400,
                                   .progress = note_progress,
                                   .progress_argument = &last};
    int64_t started = clock_monotonic_ms();
    assert_int_equal(scan_run(&request, &outcome, &err), -1);
    assert_int_equal(err.code, ERROR_SCAN_DEADLINE);
    assert_in_range(clock_monotonic_ms() - started, 400, 1500);
    assert_true(last.progress.keys_seen > 10);
    assert_int_equal(last.progress.keys_total, 3);
    assert_false(last.went_back);
    fake_server_stop(&server);
}

static void test_where_kinds_can_run(void **state)
{
    static const struct {
        const char *info;
        enum scan_kind_id kind;
        enum error_code code;
        const char *text;
    } cases[] = {
        {REPLICA "master_link_status:up\n", SCAN_KIND_EXPIRED, ERROR_EXPIRED_UNSUPPORTED,
         "a replica"},
        {REPLICA "master_link_status:up\n", SCAN_KIND_BIGKEY, ERROR_NONE, ""},
        {REPLICA "master_link_status:down\n", SCAN_KIND_BIGKEY, ERROR_REDIS_UNREADY, "is down"},
        {REPLICA, SCAN_KIND_BIGKEY, ERROR_REDIS_UNREADY, "is down"},
        {HEAD "expired_keys:5\ncluster_enabled:1\n", SCAN_KIND_BIGKEY, ERROR_BIGKEY_UNSUPPORTED,
         "a node of a cluster"},
        {"redis_version:7.0.15\nredis_mode:sentinel\n", SCAN_KIND_BIGKEY, ERROR_BIGKEY_UNSUPPORTED,
         "a sentinel"},
        {"redis_version:7.0.15\nredis_mode:sentinel\nexpired_keys:5\n", SCAN_KIND_EXPIRED,
         ERROR_EXPIRED_UNSUPPORTED, "a sentinel"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct rule rules[] = {INFO_RULE(cases[i].info), {0}};
        struct run run = {.rules = rules, .kind = cases[i].kind};
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
        cmocka_unit_test(test_databases_and_types),
        cmocka_unit_test(test_keys_that_vanish_are_no_error),
        cmocka_unit_test(test_keys_seen_twice_rank_once),
        cmocka_unit_test(test_no_keys),
        cmocka_unit_test(test_asks_again_while_the_server_is_not_ready),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_select_refused),
        cmocka_unit_test(test_circle),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_endless_server),
        cmocka_unit_test(test_where_kinds_can_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
