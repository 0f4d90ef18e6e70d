/* Autoscan: times of the day, and a configuration out of a row. */
#include "model/autoscan.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void test_times(void **state)
{
    static const struct {
        const char *text;
        int minute; /* negative: refused */
    } cases[] = {
        {"00:00", 0},     {"00:01", 1},  {"01:00", 60}, {"09:05", 545}, {"23:59", 1439},
        {"24:00", -1},    {"23:60", -1}, {"1:00", -1},  {"01:0", -1},   {"001:00", -1},
        {"01:00:00", -1}, {"01.00", -1}, {"-1:00", -1}, {"01:-1", -1},  {"+1:00", -1},
        {" 1:00", -1},    {"01: 0", -1}, {"aa:bb", -1}, {"0100", -1},   {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int minute = -1;
        int status = autoscan_parse_time(text_of(cases[i].text), &minute);
        if (status != (cases[i].minute < 0 ? -1 : 0) || minute != cases[i].minute)
            fail_msg("'%s': %d, %d", cases[i].text, status, minute);
        if (status == 0) {
            char text[AUTOSCAN_TIME_LENGTH + 1];
            autoscan_format_time(minute, text);
            assert_string_equal(text, cases[i].text);
        }
    }
}

static void test_order(void **state)
{
    static const struct {
        int count, times[4], kept, ordered[4];
    } cases[] = {
        {0, {0}, 0, {0}},
        {1, {5}, 1, {5}},
        {4, {1439, 0, 60, 1}, 4, {0, 1, 60, 1439}},
        {4, {60, 0, 60, 0}, 2, {0, 60}},
        {3, {7, 7, 7}, 1, {7}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int times[4];
        memcpy(times, cases[i].times, sizeof(times));
        assert_int_equal(autoscan_order_times(times, cases[i].count), cases[i].kept);
        assert_memory_equal(times, cases[i].ordered, (size_t)cases[i].kept * sizeof(times[0]));
    }
}

#define VALUE(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void test_read(void **state)
{
    enum { COLUMNS = 9 }; /* one before them, which is not read */
    static const struct pg_value values[2 * COLUMNS] = {
        VALUE("found"), VALUE("t"),     VALUE("0,90,1439"), VALUE("2026-11-22 17:09:23.045+00"),
        VALUE("3600"),  VALUE("7200"),  VALUE("100"),       VALUE("2026-11-22 17:09:24+00"),
        VALUE("{}"),    VALUE("found"),
    };
    const struct pg_rows rows = {2, COLUMNS, values, NULL};
    struct autoscan autoscan;
    (void)state;
    autoscan_read(&rows, 0, 1, &autoscan);
    assert_true(autoscan.configured && autoscan.enabled);
    assert_int_equal(autoscan.time_count, 3);
    assert_int_equal(autoscan.times[1], 90);
    assert_int_equal(autoscan.times[2], 1439);
    assert_string_equal(autoscan.first_scan_at, "2026-11-22T17:09:23.045Z");
    assert_int_equal(autoscan.interval, 3600);
    assert_int_equal(autoscan.timeout, 7200);
    assert_int_equal(autoscan.scan_keys_count, 100);
    assert_string_equal(autoscan.updated_at, "2026-11-22T17:09:24.000Z");
    assert_true(text_equals(autoscan.options, TEXT("{}")));
    autoscan_read(&rows, 1, 1, &autoscan);
    assert_null(autoscan.options.bytes);
    assert_false(autoscan.configured || autoscan.enabled);
    assert_int_equal(autoscan.time_count, 0);
    assert_int_equal(autoscan.interval, -1);
    assert_int_equal(autoscan.timeout, -1);
    assert_int_equal(autoscan.scan_keys_count, -1);
    assert_string_equal(autoscan.first_scan_at, "");
    assert_string_equal(autoscan.updated_at, "");
}

static void test_read_bounds_the_times(void **state)
{
    struct autoscan autoscan;
    char times[256] = "";
    size_t length = 0;
    (void)state;
    for (int i = 0; i < AUTOSCAN_TIMES_MAX + 6; i++)
        length += (size_t)snprintf(times + length, sizeof(times) - length, "%s%d", i ? "," : "", i);
    const struct pg_value values[8] = {VALUE("f"), {times, (int)length}};
    autoscan_read(&(struct pg_rows){1, 8, values, NULL}, 0, 0, &autoscan);
    assert_int_equal(autoscan.time_count, AUTOSCAN_TIMES_MAX);
    assert_int_equal(autoscan.times[AUTOSCAN_TIMES_MAX - 1], AUTOSCAN_TIMES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_bounds_the_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
