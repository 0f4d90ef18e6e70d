/* The cursor: what is one, and that only iterations without an end are given up. */
#include "cursor.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void test_form(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"0", 0},
        {"1", 0},
        {"18446744073709551615", 0},
        {"184467440737095516150", -1},
        {"", -1},
        {"-1", -1},
        {"1 ", -1},
        {"x", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scan_cursor cursor;
        struct error err = {0};
        scan_cursor_init(&cursor, 100);
        assert_true(scan_cursor_at_end(&cursor));
        int status = scan_cursor_advance(&cursor, text_of(cases[i].text), 1, &err);
        assert_int_equal(status, cases[i].status);
        if (status == 0) {
            assert_string_equal(cursor.digits, cases[i].text);
            assert_int_equal(scan_cursor_at_end(&cursor), i == 0);
        } else {
            assert_int_equal(err.code, ERROR_REDIS_PROTOCOL);
        }
    }
}

static uint64_t reversed(uint64_t v)
{
    uint64_t r = 0;
    for (int i = 0; i < 64; i++)
        r |= (v >> i & 1) << (63 - i);
    return r;
}

/* One step of dictScan (Redis, dict.c): through one bucket of a table, or of the larger of two. */
static uint64_t next_cursor(uint64_t cursor, uint64_t small, uint64_t large)
{
    do
        cursor = reversed(reversed(cursor | ~(large - 1)) + 1);
    while (cursor & ((small - 1) ^ (large - 1)));
    return cursor;
}

static int advance(struct scan_cursor *cursor, uint64_t next, size_t keys, struct error *err)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)next);
    return scan_cursor_advance(cursor, text_of(digits), keys, err);
}

/* Buckets of a table, or of the two between which a table is being rehashed. */
struct tables {
    uint64_t small, large;
};

static void change(struct tables *tables, unsigned dice)
{
    if (dice < 3 && tables->small < 1 << 14)
        tables->large = tables->small * 2;
    else if (dice < 6 && tables->large > 8)
        tables->small = tables->large / 2;
    else if (dice < 20)
        tables->small = tables->large = dice % 2 ? tables->small : tables->large;
}

/* One SCAN: a few buckets. */
static uint64_t scan_buckets(uint64_t at, const struct tables *tables, unsigned count)
{
    do
        at = next_cursor(at, tables->small, tables->large);
    while (at != 0 && --count > 0);
    return at;
}

static void scan_to_the_end(unsigned *seed)
{
    struct tables tables = {64, 64};
    struct scan_cursor cursor;
    struct error err = {0};
    uint64_t at = 0;
    scan_cursor_init(&cursor, 10);
    do {
        *seed = *seed * 1103515245 + 12345;
        unsigned dice = (*seed >> 16) % 100;
        change(&tables, dice);
        at = scan_buckets(at, &tables, 1 + dice % 7);
        if (advance(&cursor, at, dice % 2, &err) < 0)
            fail_msg("%s", err.text);
    } while (at != 0);
    assert_true(scan_cursor_at_end(&cursor));
}

/* Honest servers whose table grows, shrinks and is rehashed at random while it is scanned. */
static void test_honest_servers_come_to_an_end(void **state)
{
    unsigned seed = 7;
    (void)state;
    for (int round = 0; round < 500; round++)
        scan_to_the_end(&seed);
}

static void test_circles_are_found(void **state)
{
    static const struct {
        int before, length;
    } cases[] = {{0, 1}, {1, 1}, {5, 1}, {0, 2}, {100, 3}, {1, 1000}, {1000, 1000}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scan_cursor cursor;
        struct error err = {0};
        int steps = 0, bound = 4 * (cases[i].before + cases[i].length) + 4;
        scan_cursor_init(&cursor, 100);
        for (; steps < bound; steps++) {
            int at = steps < cases[i].before
                         ? steps
                         : cases[i].before + (steps - cases[i].before) % cases[i].length;
            if (advance(&cursor, 1 + (uint64_t)at, 10, &err) < 0)
                break;
        }
        assert_true(steps < bound);
        assert_int_equal(err.code, ERROR_REDIS_PROTOCOL);
        assert_non_null(strstr(err.text, "came back"));
    }
}

static void test_empty_steps_are_bounded(void **state)
{
    struct scan_cursor cursor;
    struct error err = {0};
    uint64_t at = 0;
    (void)state;
    scan_cursor_init(&cursor, 20000);
    cursor.empty_steps_max = 1000;
    for (int i = 0; i < 900; i++)
        assert_int_equal(advance(&cursor, ++at, 0, &err), 0);
    assert_int_equal(advance(&cursor, ++at, 1, &err), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(advance(&cursor, ++at, 0, &err), 0);
    assert_int_equal(advance(&cursor, ++at, 0, &err), -1);
    assert_non_null(strstr(err.text, "no key and no end"));
}

/* 2^32 expired keys in a row, or an empty table that once held them, are within the bound. */
static void test_the_bound_is_generous(void **state)
{
    (void)state;
    for (int count = 1; count <= 20000; count += 999) {
        struct scan_cursor cursor;
        scan_cursor_init(&cursor, count);
        assert_true(cursor.empty_steps_max >= SCAN_KEYS_MAX / count + SCAN_KEYS_MAX / 10 / count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_honest_servers_come_to_an_end),
        cmocka_unit_test(test_circles_are_found),
        cmocka_unit_test(test_empty_steps_are_bounded),
        cmocka_unit_test(test_the_bound_is_generous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
