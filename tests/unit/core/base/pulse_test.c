/* Pulses: what is silent for too long is found, and nothing else. */
#include "base/pulse.h"

#include "base/clock.h"
#include "unit.h"

static void age(struct pulse *pulse, int64_t ms)
{
    atomic_store(&pulse->beaten_ms, clock_monotonic_ms() - ms);
}

static void test_none(void **state)
{
    (void)state;
    struct pulse_stuck stuck;
    assert_false(pulse_find_stuck(&stuck));
}

static void test_patience(void **state)
{
    (void)state;
    struct pulse_stuck stuck;
    struct pulse patient = {0}, hasty = {0};
    pulse_begin(&patient, "patient", -1, 100000);
    pulse_begin(&hasty, "hasty", 3, 10000);
    assert_false(pulse_find_stuck(&stuck));
    age(&patient, 50000);
    age(&hasty, 5000);
    assert_false(pulse_find_stuck(&stuck));
    age(&hasty, 20000);
    assert_true(pulse_find_stuck(&stuck));
    assert_string_equal(stuck.name, "hasty 3");
    assert_in_range(stuck.silent_ms, 20000, 60000);
    age(&patient, 200000);
    assert_true(pulse_find_stuck(&stuck));
    assert_string_equal(stuck.name, "patient");
    pulse_beat(&patient);
    pulse_end(&hasty);
    assert_false(pulse_find_stuck(&stuck));
    pulse_end(&patient);
}

/* In the middle, at the front, at the end; and one that is not there. */
static void test_ends_in_any_order(void **state)
{
    (void)state;
    struct pulse_stuck stuck;
    struct pulse pulses[4] = {0};
    for (int i = 0; i < 4; i++) {
        pulse_begin(&pulses[i], "pulse", i, 1000);
        age(&pulses[i], 2000 + i * 1000);
    }
    static const int order[] = {2, 3, 0};
    static const char *const longest[] = {"pulse 3", "pulse 1", "pulse 1"};
    for (int i = 0; i < 3; i++) {
        pulse_end(&pulses[order[i]]);
        pulse_end(&pulses[order[i]]);
        assert_true(pulse_find_stuck(&stuck));
        assert_string_equal(stuck.name, longest[i]);
    }
    pulse_end(&pulses[1]);
    assert_false(pulse_find_stuck(&stuck));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_ends_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
