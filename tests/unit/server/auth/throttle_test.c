/* Token buckets in virtual time: what they allow and say, and that a full table is no way out. */
#include "auth/throttle.h"

#include <pthread.h>

#include "unit.h"

enum { SECOND_US = 1000000, START_US = 1000 * SECOND_US };

static bool take(struct throttle *throttle, uint64_t name, int64_t now_us)
{
    struct throttle_verdict verdict;
    throttle_take(throttle, name, now_us, &verdict);
    return verdict.allowed;
}

static void assert_verdict(struct throttle *throttle, int64_t now_us, bool allowed,
                           int64_t remaining, int64_t reset_us)
{
    struct throttle_verdict verdict;
    throttle_take(throttle, 1, now_us, &verdict);
    assert_int_equal(verdict.allowed, allowed);
    assert_int_equal(verdict.limit, 3);
    assert_int_equal(verdict.remaining, remaining);
    assert_int_equal(verdict.reset_us, reset_us);
}

static void test_allows_the_burst_and_then_the_rate(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(10, 3, 64);
    assert_verdict(throttle, START_US, true, 2, 100000);
    assert_verdict(throttle, START_US, true, 1, 200000);
    assert_verdict(throttle, START_US, true, 0, 100000);
    assert_verdict(throttle, START_US, false, 0, 100000);
    assert_verdict(throttle, START_US + 99999, false, 0, 1);
    assert_verdict(throttle, START_US + 100000, true, 0, 100000);
    assert_verdict(throttle, START_US + 100000, false, 0, 100000);
    /* Half a step later: two and a half steps are owing. */
    assert_verdict(throttle, START_US + 250000, true, 0, 50000);
    throttle_free(throttle);
}

static void test_fills_up_to_the_burst_only(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(10, 3, 64);
    for (int i = 0; i < 3; i++)
        assert_true(take(throttle, 1, START_US));
    assert_verdict(throttle, START_US + 3600LL * SECOND_US, true, 2, 100000);
    throttle_free(throttle);
}

static void test_keeps_the_rate(void **state)
{
    static const int64_t rates[] = {1, 3, 7, 300, 999, 50000, THROTTLE_RATE_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        struct throttle *throttle = throttle_new(rates[i], 1, 64);
        int64_t allowed = 0, span_us = SECOND_US;
        for (int64_t now_us = 0; now_us < span_us; now_us++)
            allowed += take(throttle, 1, START_US + now_us);
        /* A moment is a microsecond here, which costs the highest rates a little. */
        assert_in_range(allowed, rates[i] * 95 / 100, rates[i]);
        throttle_free(throttle);
    }
}

static void test_names_have_buckets_of_their_own(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(1, 1, 64);
    for (uint64_t name = 0; name < THROTTLE_WAYS; name++) {
        assert_true(take(throttle, 8 * name, START_US));
        assert_false(take(throttle, 8 * name, START_US));
    }
    throttle_free(throttle);
}

/* One set: an empty bucket is pushed out by ever new names, and asked for again. */
static void test_a_bucket_pushed_out_is_not_full_again(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(1, 10, THROTTLE_WAYS);
    for (int i = 0; i < 10; i++)
        assert_true(take(throttle, 1, START_US));
    int64_t others = 0;
    for (uint64_t name = 2; name < 10000; name++)
        others += take(throttle, name, START_US);
    assert_int_equal(others, (THROTTLE_WAYS - 1) * 10);
    assert_false(take(throttle, 1, START_US));
    assert_false(take(throttle, 1, START_US + SECOND_US - 1));
    assert_true(take(throttle, 1, START_US + SECOND_US));
    throttle_free(throttle);
}

/* Whoever asks for what under however many names: a name gets its own bucket's worth at most, and
 * all of a set together no more than its places do. */
static void test_no_order_of_names_gains_anything(void **state)
{
    enum { NAMES = 40, RATE = 5, BURST = 20, STEPS = 200000, STEP_US = 100 };
    static int64_t allowed[NAMES];
    (void)state;
    struct throttle *throttle = throttle_new(RATE, BURST, THROTTLE_WAYS);
    uint64_t random = 88172645463325252;
    int64_t total = 0;
    for (int step = 0; step < STEPS; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        /* Some names are asked for far more often than others. */
        uint64_t name = (random & 3) ? (random >> 8) % 5 : (random >> 8) % NAMES;
        bool taken = take(throttle, name + 1, START_US + (int64_t)step * STEP_US);
        allowed[name] += taken;
        total += taken;
        int64_t earned = BURST + RATE * (int64_t)step * STEP_US / SECOND_US;
        assert_true(allowed[name] <= earned + 1);
        assert_true(total <= THROTTLE_WAYS * (earned + 1));
    }
    assert_true(total > THROTTLE_WAYS * BURST);
    throttle_free(throttle);
}

static void test_a_newcomer_is_not_hurt_by_buckets_that_are_full(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(10, 3, THROTTLE_WAYS);
    for (uint64_t name = 10; name < 18; name++)
        assert_true(take(throttle, name, START_US));
    assert_verdict(throttle, START_US + 100000, true, 2, 100000);
    throttle_free(throttle);
}

enum { THREADS = 4, TAKES = 20000, THREADS_BURST = 30000 };

static void *take_many(void *argument)
{
    struct throttle *throttle = argument;
    intptr_t allowed = 0;
    for (int i = 0; i < TAKES; i++)
        allowed += take(throttle, 7, START_US);
    return (void *)allowed;
}

static void test_counts_over_all_threads(void **state)
{
    pthread_t threads[THREADS];
    intptr_t total = 0;
    (void)state;
    struct throttle *throttle = throttle_new(1, THREADS_BURST, 64);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, throttle), 0);
    for (int i = 0; i < THREADS; i++) {
        void *allowed;
        pthread_join(threads[i], &allowed);
        total += (intptr_t)allowed;
    }
    assert_int_equal(total, THREADS_BURST);
    throttle_free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allows_the_burst_and_then_the_rate),
        cmocka_unit_test(test_fills_up_to_the_burst_only),
        cmocka_unit_test(test_keeps_the_rate),
        cmocka_unit_test(test_names_have_buckets_of_their_own),
        cmocka_unit_test(test_a_bucket_pushed_out_is_not_full_again),
        cmocka_unit_test(test_no_order_of_names_gains_anything),
        cmocka_unit_test(test_a_newcomer_is_not_hurt_by_buckets_that_are_full),
        cmocka_unit_test(test_counts_over_all_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
