/* Scans for expired keys: what is counted, what is not believed, and when they hurry. */
#include "expired.h"

#include <stdio.h>
#include <string.h>

#include "pacer.h"
#include "rules.h"
#include "snapshot.h"
#include "unit.h"

#define HEAD "redis_version:7.0.15\nrole:master\n"
#define BEFORE                                                                                     \
    HEAD "run_id:aa\nuptime_in_seconds:10\ntotal_commands_processed:50\n"                          \
         "total_net_input_bytes:1000\nexpired_keys:5\ndb0:keys=3,expires=2\n"
#define AFTER(id, uptime, commands, expired)                                                       \
    HEAD "run_id:" id "\nuptime_in_seconds:" uptime "\ntotal_commands_processed:" commands         \
         "\ntotal_net_input_bytes:1100\nexpired_keys:" expired "\ndb0:keys=1,expires=0\n"
#define NO_ID(uptime, expired) HEAD "uptime_in_seconds:" uptime "\nexpired_keys:" expired "\n"
#define LAZY(value) "*2\r\n$20\r\nlazyfree-lazy-expire\r\n" value

static const struct rule scan_rule = {"SCAN 0 COUNT 1", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n", false,
                                      false};
static const struct rule lazy_scan_rule = {"SCAN 0 COUNT 10", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n",
                                           false, false};

static void scan_expired(struct run *run, const char *before, const char *after, const char *lazy)
{
    const struct rule rules[] = {
        {"INFO", before, true, false},
        INFO_RULE(after),
        {"CONFIG GET lazyfree-lazy-expire", lazy, false, false},
        strcmp(lazy, LAZY("$3\r\nyes\r\n")) == 0 ? lazy_scan_rule : scan_rule,
        {0},
    };
    *run = (struct run){.rules = rules, .kind = SCAN_KIND_EXPIRED};
    run_scan(run);
}

static void test_what_the_counter_rose_by(void **state)
{
    static const struct {
        const char *after;
        int64_t released, resets;
    } cases[] = {
        {AFTER("aa", "10", "53", "9"), 4, 0},
        {AFTER("aa", "10", "53", "5"), 0, 0},
        {AFTER("aa", "10", "3", "4"), 4, 1},
        {HEAD "expired_keys:9\ndb0:keys=1,expires=0\n", 4, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct run run;
        scan_expired(&run, BEFORE, cases[i].after, "-NOPERM no\r\n");
        assert_string_equal(run.err.text, "");
        assert_int_equal(run.outcome.num, cases[i].released);
        assert_int_equal(run.outcome.expired_released, cases[i].released);
        assert_int_equal(run.outcome.expiry.resets, cases[i].resets);
        assert_int_equal(run.outcome.keys_before, 3);
        assert_int_equal(run.outcome.keys_after, 1);
        assert_int_equal(run.outcome.keys_seen, 1);
        assert_int_equal(run.outcome.commands, 4);
        assert_null(run.outcome.keys);
        scan_outcome_release(&run.outcome);
    }
}

static void test_what_is_not_believed(void **state)
{
    static const struct {
        const char *before, *after;
        enum error_code code;
        const char *text;
    } cases[] = {
        {BEFORE, AFTER("bb", "99", "53", "9"), ERROR_REDIS_UNREADY, "restarted"},
        {NO_ID("10", "5"), NO_ID("9", "6"), ERROR_REDIS_UNREADY, "restarted"},
        {BEFORE, AFTER("aa", "10", "53", "5000"), ERROR_REDIS_PROTOCOL, "fewer were written"},
        {BEFORE, HEAD "expired_keys:-1\n", ERROR_REDIS_PROTOCOL, "no expired_keys"},
        {HEAD, BEFORE, ERROR_REDIS_PROTOCOL, "no expired_keys"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct run run;
        scan_expired(&run, cases[i].before, cases[i].after, LAZY("$2\r\nno\r\n"));
        assert_int_equal(run.status, -1);
        if (run.err.code != cases[i].code || !strstr(run.err.text, cases[i].text))
            fail_msg("case %zu: %s: %s", i, error_describe(run.err.code)->symbol, run.err.text);
    }
}

/* The COUNT that the rules have an answer for says how careful it is. */
static void test_lazy_free(void **state)
{
    static const struct {
        const char *answer;
        enum scan_lazy_free lazy_free;
    } cases[] = {
        {LAZY("$3\r\nyes\r\n"), SCAN_LAZY_FREE_ON},
        {LAZY("$2\r\nno\r\n"), SCAN_LAZY_FREE_OFF},
        {"*0\r\n", SCAN_LAZY_FREE_UNKNOWN},
        {"-ERR unknown command\r\n", SCAN_LAZY_FREE_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct run run;
        scan_expired(&run, BEFORE, AFTER("aa", "10", "53", "9"), cases[i].answer);
        assert_string_equal(run.err.text, "");
        assert_int_equal(run.outcome.expiry.lazy_free, cases[i].lazy_free);
        scan_outcome_release(&run.outcome);
    }
}

static void test_counts_over_resets(void **state)
{
    struct expired_count count;
    (void)state;
    expired_count_init(&count, 100);
    expired_count_take(&count, 150);
    expired_count_take(&count, 20);
    expired_count_take(&count, 20);
    expired_count_take(&count, 0);
    expired_count_take(&count, 7);
    assert_int_equal(count.released, 50 + 20 + 7);
    assert_int_equal(count.resets, 2);
}

static void test_possible_counts(void **state)
{
    const struct scan_snapshot before = {.keys = 1000, .commands = 10, .input_bytes = 500};
    struct scan_snapshot after = {.keys = 400, .commands = 20, .input_bytes = 600};
    struct scan_snapshot silent = before;
    (void)state;
    silent.commands = silent.input_bytes = -1;
    assert_true(expired_is_possible(&before, &after, 0));
    assert_true(expired_is_possible(&before, &after, 600));
    assert_true(expired_is_possible(&before, &after, 710));
    assert_false(expired_is_possible(&before, &after, 711));
    assert_true(expired_is_possible(&silent, &after, 711));
    after.commands = 9;
    assert_true(expired_is_possible(&before, &after, 711));
}

static void test_usual_rate(void **state)
{
    (void)state;
    assert_int_equal(expired_usual(&(struct scan_snapshot){.expired = 1000, .uptime_s = 100}, 2500),
                     25);
    assert_int_equal(expired_usual(&(struct scan_snapshot){.expired = 9, .uptime_s = 0}, 2500), 0);
    assert_int_equal(expired_usual(&(struct scan_snapshot){.expired = 9, .uptime_s = -1}, 2500), 0);
}

struct sample {
    int64_t expires;
    int stale;
    bool starving; /* after it */
};

static void check_trend(const struct sample *samples, size_t count, int64_t times)
{
    struct expired_trend trend;
    expired_trend_init(&trend);
    for (size_t i = 0; i < count; i++) {
        expired_trend_take(&trend, samples[i].expires, samples[i].stale);
        if (trend.starving != samples[i].starving)
            fail_msg("sample %zu", i);
    }
    assert_int_equal(trend.times, times);
}

static void test_trend(void **state)
{
    static const struct sample grows[] = {
        {100000, 200, false}, {101000, 200, false}, {102000, 200, false}, {103000, 200, true},
        {104000, 200, true},  {104000, 200, true},  {103000, 200, true},  {105000, 200, true},
        {105000, 200, true},  {100000, 200, true},  {90000, 200, false},  {95000, 200, false},
        {99000, 200, false},  {120000, 200, true},
    };
    static const struct sample steady[] = {
        {100000, 200, false}, {100499, 5000, false}, {100900, 200, false}, {101300, -1, false},
        {101200, -1, false},  {102000, -1, false},   {103999, -1, false},  {103998, -1, false},
    };
    static const struct sample stale[] = {
        {100000, 900, false}, {100010, 1100, false}, {100020, 1300, false}, {100030, 1500, true}};
    static const struct sample small[] = {
        {0, -1, false}, {500, -1, false}, {1000, -1, false}, {1900, -1, false}};
    (void)state;
    check_trend(grows, COUNT_OF(grows), 2);
    check_trend(steady, COUNT_OF(steady), 0);
    check_trend(stale, COUNT_OF(stale), 1);
    check_trend(small, COUNT_OF(small), 0);
}

static const struct pacer_limits limits = {.profile = SCAN_GENTLE,
                                           .batch_most = 1000,
                                           .rtt_us = 50,
                                           .baseline_us = 100,
                                           .guard_factor = 2,
                                           .guard_us = 1000,
                                           .ceiling_us = 20000};

static void test_hurry_leaves_breaks_out(void **state)
{
    struct pacer pacer;
    (void)state;
    pacer_init(&pacer, &limits, 1000000);
    pacer_take_unit(&pacer, 1004000, 4000);
    pacer_take_burst(&pacer, 1000000, 1004000);
    assert_true(pacer_wait_us(&pacer, 1004000) > 5000);
    int batch = pacer_batch(&pacer);
    pacer_hurry(&pacer, true);
    pacer_take_unit(&pacer, 1024000, 4000);
    pacer_take_burst(&pacer, 1020000, 1024000);
    assert_int_equal(pacer_wait_us(&pacer, 1024000), 0);
    assert_int_equal(pacer_batch(&pacer), batch);
    pacer_take_latency(&pacer, 2600000, 5000);
    pacer_take_latency(&pacer, 2800000, 5000);
    pacer_take_latency(&pacer, 4000000, 5000);
    assert_int_equal(pacer.duty, PACER_DUTY_FULL / 2);
    pacer_hurry(&pacer, true);
    assert_int_equal(pacer.duty, PACER_DUTY_FULL / 2);
    pacer_hurry(&pacer, false);
    assert_int_equal(pacer.duty, PACER_DUTY_FULL / 4);
}

static void take_units(struct pacer *pacer, int count, int64_t *now, int64_t took)
{
    for (int i = 0; i < count; i++)
        pacer_take_unit(pacer, *now += 2000000, took);
}

static void test_careful_batches(void **state)
{
    static const enum scan_profile profiles[] = {SCAN_GENTLE, SCAN_BALANCED, SCAN_FAST};
    static const int usual[] = {100, 50, 500};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        struct pacer pacer;
        int64_t now = 0;
        struct pacer_limits own = limits;
        own.profile = profiles[i];
        pacer_init(&pacer, &own, now);
        pacer_be_careful(&pacer);
        assert_int_equal(pacer_batch(&pacer), 1);
        assert_int_equal(pacer_batch_least(&pacer.limits), 1);
        take_units(&pacer, PACER_UNITS * 3, &now, 150);
        assert_int_equal(pacer_batch(&pacer), 8);
        take_units(&pacer, 1, &now, 30000);
        assert_int_equal(pacer_batch(&pacer), 1);
        take_units(&pacer, PACER_UNITS * 9, &now, 200);
        assert_int_equal(pacer_batch(&pacer), usual[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_counter_rose_by),
        cmocka_unit_test(test_what_is_not_believed),
        cmocka_unit_test(test_lazy_free),
        cmocka_unit_test(test_counts_over_resets),
        cmocka_unit_test(test_possible_counts),
        cmocka_unit_test(test_usual_rate),
        cmocka_unit_test(test_trend),
        cmocka_unit_test(test_hurry_leaves_breaks_out),
        cmocka_unit_test(test_careful_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
