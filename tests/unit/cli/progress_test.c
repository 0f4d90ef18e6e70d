/* The progress line: numbers and a width in, text out. */
#include "progress.h"

#include <string.h>

#include "unit.h"

#define NUMBERS(seen, total, elapsed, silent, paused)                                              \
    {                                                                                              \
        .keys_seen = (seen), .keys_total = (total), .elapsed_ms = (elapsed),                       \
        .silent_ms = (silent), .pauses = (paused)                                                  \
    }

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        struct progress_numbers numbers;
        int width;
        const char *line;
    } cases[] = {
        {NUMBERS(0, 0, 50, 50, 0), 79, "waiting for the server"},
        {NUMBERS(0, 0, 50, 50, 0), 7, "waiting"},
        {NUMBERS(0, 1000, 0, 0, 0), 60,
         "[--------------------------]   0%  0 of 1,000 keys  0 keys/s"},
        {NUMBERS(450000, 1000000, 2000, 0, 0), 79,
         "[########----------]  45%  450,000 of 1,000,000 keys  225,000 keys/s  0:03 left"},
        {NUMBERS(450000, 1000000, 2000, 0, 0), 40, " 45%  450,000 of 1,000,000 keys"},
        {NUMBERS(450000, 1000000, 2000, 0, 2), 100,
         "[#############----------------]  45%  450,000 of 1,000,000 keys  225,000 keys/s"
         "  0:03 left  2 pauses"},
        {NUMBERS(500, 1000, 1000, 1000, 1), 79,
         "[#################------------------]  50%  500 of 1,000 keys  waiting  1 pause"},
        {NUMBERS(1, 100000, 1000, 0, 0), 45, "  0%  1 of 100,000 keys  1 keys/s"},
        {NUMBERS(1, 100000, 1000, 0, 0), 50, "  0%  1 of 100,000 keys  1 keys/s  27:46:40 left"},
        {NUMBERS(1200, 1000, 1000, 0, 0), 200,
         "[########################################] 100%  1,200 of 1,000 keys  1,200 keys/s"},
        {NUMBERS(999, 1000, 1000, 0, 0), 4, " 99%"},
        {NUMBERS(999, 1000, 1000, 0, 0), 3, ""},
        {NUMBERS(999, 1000, 1000, 0, 0), -1, ""},
        {{.keys_seen = 500,
          .keys_total = 1000,
          .elapsed_ms = 1000,
          .pauses = 4,
          .pause = "guard",
          .has_rate = true,
          .keys_per_second = 50,
          .shards_done = 1,
          .shards = 3},
         73,
         " 50%  500 of 1,000 keys  50 keys/s  0:11 left  1/3 shards  pauses (guard)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[PROGRESS_LINE_MAX + 1];
        progress_format(&cases[i].numbers, cases[i].width, line);
        assert_string_equal(line, cases[i].line);
    }
}

/* Whatever the numbers and the width, the line fits. */
static void test_never_wider(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, 1, 999, 1000000, INT64_MAX / 2, INT64_MAX};
    for (size_t i = 0; i < COUNT_OF(numbers) * COUNT_OF(numbers); i++) {
        struct progress_numbers given = NUMBERS(numbers[i % COUNT_OF(numbers)],
                                                numbers[i / COUNT_OF(numbers)], 1, 0, INT64_MAX);
        for (int width = 0; width < 2 * PROGRESS_LINE_MAX; width++) {
            char line[PROGRESS_LINE_MAX + 1];
            progress_format(&given, width, line);
            assert_true(strlen(line) <= (size_t)width && strlen(line) <= PROGRESS_LINE_MAX);
        }
    }
}

static void test_counts(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *text;
    } cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {-1000, "-1,000"},
        {-100, "-100"},
        {1234567, "1,234,567"},
        {INT64_MIN, "-9,223,372,036,854,775,808"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[PROGRESS_COUNT_MAX + 1];
        progress_format_count(cases[i].number, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_never_wider),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
