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

static void test_parse_iso(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00", 0, 0},
        {"1970-01-01T00:00:00Z", 0, 0},
        {"1970-01-01T00:00:00z", 0, 0},
        {"2026-11-22T17:09:23.045Z", 0, 1795367363045},
        {"2026-11-22T17:09:23.045", 0, 1795367363045},
        {"2026-11-22T17:09:23.4Z", 0, 1795367363400},
        {"2026-11-22T17:09:23.04Z", 0, 1795367363040},
        {"2026-11-22T17:09:23.045999Z", 0, 1795367363045},
        {"2024-02-29T23:59:59Z", 0, 1709251199000},
        {"2023-02-29T00:00:00Z", -1, 0},
        {"1970-01-01T00:00:00.001Z", 0, 1},
        {"1969-12-31T23:59:59.999Z", -1, 0},
        {"0000-01-01T00:00:00Z", -1, 0},
        {"2026-13-01T00:00:00Z", -1, 0},
        {"2026-00-01T00:00:00Z", -1, 0},
        {"2026-11-31T00:00:00Z", -1, 0},
        {"2026-11-22T24:00:00Z", -1, 0},
        {"2026-11-22T23:60:00Z", -1, 0},
        {"2026-11-22T23:59:60Z", -1, 0},
        {"2026-11-22t17:09:23Z", -1, 0},
        {"2026-11-22 17:09:23Z", -1, 0},
        {"2026-11-22T17:09:23ZZ", -1, 0},
        {"2026-11-22T17:09:23.Z", -1, 0},
        {"2026-11-22T17:09:23.", -1, 0},
        {"2026-11-22T17:09:23.0450000Z", -1, 0},
        {"2026-11-22T17:09:23.04xZ", -1, 0},
        {"2026-11-22T17:09:23.-45Z", -1, 0},
        {"2026-11-22T17:09:23,045Z", -1, 0},
        {"2026-11-22T17:09:23+00:00", -1, 0},
        {"2026-11-22T17:09:23+02:00", -1, 0},
        {"2026-11-22T17:09Z", -1, 0},
        {"2026-11-22", -1, 0},
        {"20261122T170923Z", -1, 0},
        {"2026-11-22T17:09:2", -1, 0},
        {" 2026-11-22T17:09:23Z", -1, 0},
        {"2026-11-22T17:09:23 Z", -1, 0},
        {"+026-11-22T17:09:23Z", -1, 0},
        {"2026-1--22T17:09:23Z", -1, 0},
        {"Z", -1, 0},
        {"", -1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ms = 0;
        int status = clock_parse_iso(cases[i].text, (int)strlen(cases[i].text), &ms);
        if (status != cases[i].status || ms != cases[i].ms)
            fail_msg("'%s': %d, %lld", cases[i].text, status, (long long)ms);
    }
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
        cmocka_unit_test(test_parse_iso),
        cmocka_unit_test(test_format_iso),
        cmocka_unit_test(test_clocks_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
