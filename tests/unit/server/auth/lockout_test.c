/* Rows of failures in virtual time: what locks, what ends a lock, and what a full table forgets. */
#include "auth/lockout.h"

#include "unit.h"

enum { FAILURES = 5, LOCK_US = 300000000, START_US = 1000000, SETS = 8 };

static struct lockout *make(void)
{
    return lockout_new(FAILURES, LOCK_US, SETS * LOCKOUT_WAYS);
}

static void fail_times(struct lockout *lockout, uint64_t name, int times, int64_t now_us)
{
    for (int i = 0; i < times; i++)
        lockout_fail(lockout, name, now_us);
}

static void test_the_fifth_failure_locks(void **state)
{
    (void)state;
    struct lockout *lockout = make();
    for (int i = 1; i < FAILURES; i++)
        assert_false(lockout_fail(lockout, 1, START_US));
    assert_int_equal(lockout_remaining_us(lockout, 1, START_US), 0);
    assert_true(lockout_fail(lockout, 1, START_US + 10));
    assert_int_equal(lockout_remaining_us(lockout, 1, START_US + 10), LOCK_US);
    assert_int_equal(lockout_remaining_us(lockout, 2, START_US + 10), 0);
    lockout_free(lockout);
}

static void test_a_lock_ends_and_the_row_begins_anew(void **state)
{
    (void)state;
    struct lockout *lockout = make();
    fail_times(lockout, 1, FAILURES, START_US);
    /* Tried meanwhile, it is not prolonged. */
    assert_false(lockout_fail(lockout, 1, START_US + LOCK_US - 1));
    assert_int_equal(lockout_remaining_us(lockout, 1, START_US + LOCK_US - 1), 1);
    assert_int_equal(lockout_remaining_us(lockout, 1, START_US + LOCK_US), 0);
    for (int i = 1; i < FAILURES; i++)
        assert_false(lockout_fail(lockout, 1, START_US + LOCK_US));
    assert_true(lockout_fail(lockout, 1, START_US + LOCK_US));
    lockout_free(lockout);
}

static void test_a_success_ends_the_row(void **state)
{
    (void)state;
    struct lockout *lockout = make();
    for (int i = 0; i < 10; i++) {
        fail_times(lockout, 1, FAILURES - 1, START_US);
        lockout_succeed(lockout, 1);
    }
    assert_int_equal(lockout_remaining_us(lockout, 1, START_US), 0);
    assert_false(lockout_fail(lockout, 1, START_US));
    lockout_free(lockout);
}

static void test_a_row_is_forgotten(void **state)
{
    (void)state;
    struct lockout *lockout = make();
    fail_times(lockout, 1, FAILURES - 1, START_US);
    assert_false(lockout_fail(lockout, 1, START_US + LOCK_US));
    fail_times(lockout, 1, FAILURES - 2, START_US + LOCK_US);
    assert_int_equal(lockout_remaining_us(lockout, 1, START_US + LOCK_US), 0);
    lockout_free(lockout);
}

/* A flood of names, each tried once, of which every eighth comes into the same set. */
static void test_a_flood_of_names_pushes_out_no_longer_row(void **state)
{
    (void)state;
    struct lockout *lockout = make();
    fail_times(lockout, 0, FAILURES - 1, START_US);
    fail_times(lockout, SETS, FAILURES, START_US);
    for (uint64_t name = 2 * SETS; name < 20000; name++)
        assert_false(lockout_fail(lockout, name, START_US + (int64_t)name));
    assert_true(lockout_remaining_us(lockout, SETS, START_US + 20000) > 0);
    assert_true(lockout_fail(lockout, 0, START_US + 20000));
    lockout_free(lockout);
}

/* Only as many locks as there are places push one out: that which would end first. */
static void test_of_locks_the_first_to_end_gives_way(void **state)
{
    (void)state;
    struct lockout *lockout = make();
    for (uint64_t i = 0; i < LOCKOUT_WAYS; i++)
        fail_times(lockout, i * SETS, FAILURES, START_US + (int64_t)i);
    lockout_fail(lockout, LOCKOUT_WAYS * SETS, START_US + LOCKOUT_WAYS);
    assert_int_equal(lockout_remaining_us(lockout, 0, START_US + LOCKOUT_WAYS), 0);
    for (uint64_t i = 1; i < LOCKOUT_WAYS; i++)
        assert_true(lockout_remaining_us(lockout, i * SETS, START_US + LOCKOUT_WAYS) > 0);
    lockout_free(lockout);
}

static void test_what_has_ended_gives_way_first(void **state)
{
    (void)state;
    struct lockout *lockout = make();
    for (uint64_t i = 0; i < LOCKOUT_WAYS; i++)
        fail_times(lockout, i * SETS, i == 3 ? FAILURES : 1, i == 3 ? START_US : START_US + 1000);
    lockout_fail(lockout, LOCKOUT_WAYS * SETS, START_US + LOCK_US + 500);
    for (uint64_t i = 0; i < LOCKOUT_WAYS; i++)
        if (i != 3)
            assert_int_equal(lockout_fail(lockout, i * SETS, START_US + LOCK_US + 600), 0);
    fail_times(lockout, 0, FAILURES - 2, START_US + LOCK_US + 600);
    assert_true(lockout_remaining_us(lockout, 0, START_US + LOCK_US + 600) > 0);
    lockout_free(lockout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_fifth_failure_locks),
        cmocka_unit_test(test_a_lock_ends_and_the_row_begins_anew),
        cmocka_unit_test(test_a_success_ends_the_row),
        cmocka_unit_test(test_a_row_is_forgotten),
        cmocka_unit_test(test_a_flood_of_names_pushes_out_no_longer_row),
        cmocka_unit_test(test_of_locks_the_first_to_end_gives_way),
        cmocka_unit_test(test_what_has_ended_gives_way_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
