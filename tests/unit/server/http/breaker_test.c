/* When it opens, for how long, and what closes it. */
#include "breaker.h"

#include "unit.h"

static bool admits(struct breaker *breaker, int64_t now_ms, bool expected_probe)
{
    bool is_probe;
    bool admitted = breaker_admits(breaker, now_ms, &is_probe);
    assert_int_equal(is_probe, admitted && expected_probe);
    return admitted;
}

static void test_opens_at_the_third_failure_in_a_row(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    assert_false(breaker_fail(&breaker, false, false, 0));
    assert_false(breaker_fail(&breaker, false, false, 0));
    assert_false(breaker_succeed(&breaker));
    assert_false(breaker_fail(&breaker, false, false, 0));
    assert_false(breaker_fail(&breaker, false, false, 0));
    assert_true(admits(&breaker, 0, false));
    assert_true(breaker_fail(&breaker, false, false, 0));
    assert_false(admits(&breaker, 0, false));
    assert_false(admits(&breaker, BREAKER_REST_MS - 1, false));
}

static void test_opens_at_a_slow_failure(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    assert_true(breaker_fail(&breaker, false, true, 0));
    assert_false(admits(&breaker, 0, false));
}

static void test_lets_one_through_after_a_rest(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    breaker_fail(&breaker, false, true, 0);
    assert_true(admits(&breaker, BREAKER_REST_MS, true));
    assert_false(admits(&breaker, BREAKER_REST_MS + 100000, false));
    assert_true(breaker_succeed(&breaker));
    assert_true(admits(&breaker, BREAKER_REST_MS, false));
    assert_true(admits(&breaker, BREAKER_REST_MS, false));
}

static void test_rests_longer_each_time(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    int64_t now_ms = 0, rest_ms = BREAKER_REST_MS;
    breaker_fail(&breaker, false, true, now_ms);
    for (int i = 0; i < 8; i++) {
        assert_false(admits(&breaker, now_ms + rest_ms - 1, false));
        now_ms += rest_ms;
        assert_true(admits(&breaker, now_ms, true));
        assert_false(breaker_fail(&breaker, true, false, now_ms));
        rest_ms = 2 * rest_ms > BREAKER_REST_MAX_MS ? BREAKER_REST_MAX_MS : 2 * rest_ms;
    }
    assert_int_equal(rest_ms, BREAKER_REST_MAX_MS);
}

static void test_late_failures_say_nothing_new(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    breaker_fail(&breaker, false, true, 0);
    for (int i = 0; i < 100; i++)
        assert_false(breaker_fail(&breaker, false, true, BREAKER_REST_MS - 1));
    assert_true(admits(&breaker, BREAKER_REST_MS, true));
}

static void test_a_late_success_closes(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    breaker_fail(&breaker, false, true, 0);
    assert_true(breaker_succeed(&breaker));
    assert_true(admits(&breaker, 0, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_at_the_third_failure_in_a_row),
        cmocka_unit_test(test_opens_at_a_slow_failure),
        cmocka_unit_test(test_lets_one_through_after_a_rest),
        cmocka_unit_test(test_rests_longer_each_time),
        cmocka_unit_test(test_late_failures_say_nothing_new),
        cmocka_unit_test(test_a_late_success_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
