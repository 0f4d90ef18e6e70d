/* Keys per second: over the window, not before two moments, and anew where keys were taken back. */
#include "scan_speed.h"

#include "unit.h"

static void test_not_known_before_two_moments(void **state)
{
    struct scan_speed speed = {0};
    (void)state;
    assert_true(scan_speed_per_second(&speed) < 0);
    scan_speed_take(&speed, 5000, 100);
    assert_true(scan_speed_per_second(&speed) < 0);
    scan_speed_take(&speed, 5000, 100);
    assert_true(scan_speed_per_second(&speed) < 0);
    scan_speed_take(&speed, 6000, 350);
    assert_int_equal(scan_speed_per_second(&speed), 250);
}

static void test_of_the_window_alone(void **state)
{
    struct scan_speed speed = {0};
    (void)state;
    for (int64_t second = 0; second < 100; second++)
        scan_speed_take(&speed, second * 1000, second < 50 ? second * 1000 : 50000 + second);
    assert_int_equal(scan_speed_per_second(&speed), 1);
}

static void test_moments_that_lie_close_are_all_there_is(void **state)
{
    struct scan_speed speed = {0};
    (void)state;
    for (int64_t i = 0; i < 100; i++)
        scan_speed_take(&speed, i * 10, i);
    assert_int_equal(scan_speed_per_second(&speed), 100);
}

static void test_a_beginning(void **state)
{
    struct scan_speed speed = {0};
    (void)state;
    scan_speed_take(&speed, 0, 0);
    scan_speed_take(&speed, 1000, 1000);
    scan_speed_take(&speed, 2000, 10);
    assert_true(scan_speed_per_second(&speed) < 0);
    scan_speed_take(&speed, 3000, 10);
    assert_int_equal(scan_speed_per_second(&speed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_known_before_two_moments),
        cmocka_unit_test(test_of_the_window_alone),
        cmocka_unit_test(test_moments_that_lie_close_are_all_there_is),
        cmocka_unit_test(test_a_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
