/* Rates out of what workers wrote down, and the time that is left. */
#include "scan_rate.h"

#include "unit.h"

static void test_rates(void **state)
{
    (void)state;
    static const struct {
        const char *task;
        int64_t keys_seen, scan_ms, rate;
    } notes[] = {
        {"a", 0, 0, 0},          {"a", 500, 1000, 500}, /* since it began */
        {"b", 9000, 3000, 3000},                        /* another one, under way */
        {"a", 500, 1000, 500},                          /* nothing new */
        {"a", 2500, 2000, 2000},                        /* since the note before */
        {"a", 2500, 4000, 0},                           /* it stands still */
        {"a", 100, 5000, 0},                            /* begun anew */
        {"a", 200, 6000, 100},   {"b", 9001, 4000, 1},
    };
    struct scan_rates rates = {0};
    for (size_t i = 0; i < COUNT_OF(notes); i++)
        assert_int_equal(
            scan_rates_take(&rates, notes[i].task, notes[i].keys_seen, notes[i].scan_ms),
            notes[i].rate);
    scan_rates_release(&rates);
}

/* More than fit at first, and each found again. */
static void test_many(void **state)
{
    (void)state;
    struct scan_rates rates = {0};
    for (int round = 1; round <= 2; round++) {
        for (int i = 1; i <= 100; i++) {
            const char task[] = {(char)i, '\0'};
            assert_int_equal(scan_rates_take(&rates, task, (int64_t)i * round, round * 1000), i);
        }
    }
    assert_int_equal(rates.count, 100);
    scan_rates_release(&rates);
}

static void test_seconds_left(void **state)
{
    (void)state;
    assert_int_equal(scan_seconds_left(0, 1000, 100), 11);
    assert_int_equal(scan_seconds_left(999, 1000, 100), 1);
    assert_int_equal(scan_seconds_left(1000, 1000, 100), 0);
    assert_int_equal(scan_seconds_left(2000, 1000, 100), 0);
    assert_int_equal(scan_seconds_left(0, 1000, 0), -1);
    assert_int_equal(scan_seconds_left(0, 0, 100), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_seconds_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
