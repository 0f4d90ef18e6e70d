/* How long a collector is left alone after failures. */
#include "export_rest.h"

#include "unit.h"

static void test_grows(void **state)
{
    (void)state;
    static const int64_t lengths_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct export_rest rest = {0};
    for (size_t i = 0; i < COUNT_OF(lengths_ms); i++) {
        const int64_t quarter_ms = lengths_ms[i] / 4;
        for (int64_t chance = 0; chance < 50000; chance += 777) {
            struct export_rest now = rest;
            export_rest_begin(&now, 5000, 1000, 0, chance);
            assert_in_range(now.until_ms - 5000, lengths_ms[i] - quarter_ms,
                            lengths_ms[i] + quarter_ms);
            assert_false(now.is_asked_for);
        }
        export_rest_begin(&rest, 5000, 1000, 0, -1);
    }
    for (int i = 0; i < 100; i++)
        export_rest_begin(&rest, 0, 10, 0, INT64_MIN);
    assert_in_range(rest.until_ms, 1, EXPORT_REST_MOST_MS + EXPORT_REST_MOST_MS / 4);
    export_rest_clear(&rest);
    assert_int_equal(rest.until_ms, 0);
    export_rest_begin(&rest, 0, 1000, 0, 0);
    assert_int_equal(rest.until_ms, 750);
    /* Never shorter than what it begins with. */
    for (int i = 0; i < 5; i++)
        export_rest_begin(&rest, 0, 60000, 0, 30000);
    assert_int_equal(rest.until_ms, 75000);
}

/* Not the same time for all who failed together. */
static void test_chance(void **state)
{
    (void)state;
    struct export_rest one = {0}, other = {0};
    export_rest_begin(&one, 0, 1000, 0, 1);
    export_rest_begin(&other, 0, 1000, 0, 400);
    assert_int_not_equal(one.until_ms, other.until_ms);
}

static void test_asked_for(void **state)
{
    (void)state;
    struct export_rest rest = {0};
    export_rest_begin(&rest, 100, 1000, 7000, 3);
    assert_int_equal(rest.until_ms, 7100);
    assert_true(rest.is_asked_for);
    export_rest_begin(&rest, 100, 1000, 0, 0);
    assert_int_equal(rest.until_ms, 1600);
    assert_false(rest.is_asked_for);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
