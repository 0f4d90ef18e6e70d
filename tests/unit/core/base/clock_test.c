/* Stamps: exactly the two forms of the API, and no calendar that does not exist. */
#include "base/clock.h"

#include <string.h>

#include "unit.h"

static void test_parse_basic(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        int64_t seconds;
    } cases[] = {
        {"19700101T000000Z", 0, 0},          {"20261122T170923Z", 0, 1795367363},
        {"20240229T235959Z", 0, 1709251199}, {"20000229T000000Z", 0, 951782400},
        {"20230229T000000Z", -1, 0},         {"21000229T000000Z", -1, 0},
        {"20261301T000000Z", -1, 0},         {"20260001T000000Z", -1, 0},
        {"20261100T000000Z", -1, 0},         {"20261131T000000Z", -1, 0},
        {"20261122T240000Z", -1, 0},         {"20261122T236000Z", -1, 0},
        {"20261122T235960Z", -1, 0},         {"20261122 170923Z", -1, 0},
        {"20261122T170923z", -1, 0},         {"20261122t170923Z", -1, 0},
        {"2026112xT170923Z", -1, 0},         {"-0261122T170923Z", -1, 0},
        {"+0261122T170923Z", -1, 0},         {" 0261122T170923Z", -1, 0},
        {"2026-11-22T17:09", -1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t seconds = 0;
        assert_int_equal(clock_parse_basic(cases[i].text, CLOCK_BASIC_LENGTH, &seconds),
                         cases[i].status);
        assert_true(seconds == cases[i].seconds);
        if (cases[i].status == 0) {
            char text[CLOCK_BASIC_LENGTH + 1];
            clock_format_basic(seconds, text);
            assert_string_equal(text, cases[i].text);
        }
    }
    int64_t seconds;
    assert_int_equal(clock_parse_basic("20261122T170923Z", 15, &seconds), -1);
    assert_int_equal(clock_parse_basic("20261122T170923ZZ", 17, &seconds), -1);
    assert_int_equal(clock_parse_basic("", 0, &seconds), -1);
}

static void test_format_iso(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {999, "1970-01-01T00:00:00.999Z"},
        {1795367363045, "2026-11-22T17:09:23.045Z"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[CLOCK_ISO_LENGTH + 1];
        clock_format_iso(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_clocks_agree(void **state)
{
    (void)state;
    int64_t us = clock_monotonic_us(), ms = clock_monotonic_ms();
    assert_true(ms >= us / 1000);
    assert_true(clock_monotonic_us() >= us);
    int64_t seconds = clock_unix_seconds(), unix_ms = clock_unix_ms();
    assert_true(unix_ms / 1000 - seconds >= 0 && unix_ms / 1000 - seconds <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_basic),
        cmocka_unit_test(test_format_iso),
        cmocka_unit_test(test_clocks_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
