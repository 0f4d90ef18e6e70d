/* Row getters on plain structs: SQL NULL, and text that is not what it should be. */
#include "pg/result.h"

#include <string.h>

#include "unit.h"

static struct pg_rows one_value(struct pg_value *value, const char *text)
{
    *value = (struct pg_value){text, text ? (int)strlen(text) : 0};
    return (struct pg_rows){.row_count = 1, .column_count = 1, .values = value};
}

static void test_position(void **state)
{
    (void)state;
    static const struct pg_value values[] = {{"a", 1}, {NULL, 0}, {"3", 1}, {"t", 1}};
    struct pg_rows rows = {.row_count = 2, .column_count = 2, .values = values};
    assert_string_equal(pg_rows_string(&rows, 0, 0), "a");
    assert_true(pg_rows_is_null(&rows, 0, 1));
    assert_false(pg_rows_is_null(&rows, 1, 0));
    assert_int_equal(pg_rows_integer(&rows, 1, 0), 3);
    assert_true(pg_rows_boolean(&rows, 1, 1));
    pg_rows_release(&rows);
    assert_int_equal(rows.row_count, 0);
}

static void test_null(void **state)
{
    (void)state;
    struct pg_value value;
    struct pg_rows rows = one_value(&value, NULL);
    unsigned char bytes[4];
    char time[PG_TIME_LENGTH + 1];
    assert_null(pg_rows_string(&rows, 0, 0));
    assert_int_equal(pg_rows_text(&rows, 0, 0).length, 0);
    assert_non_null(pg_rows_text(&rows, 0, 0).bytes);
    assert_int_equal(pg_rows_integer(&rows, 0, 0), 0);
    assert_false(pg_rows_boolean(&rows, 0, 0));
    assert_int_equal(pg_rows_bytes(&rows, 0, 0, bytes, sizeof(bytes)), -1);
    assert_int_equal(pg_rows_time(&rows, 0, 0, time), -1);
}

static void test_time(void **state)
{
    (void)state;
    static const struct {
        const char *text, *time;
    } cases[] = {
        {"2026-11-22 17:09:23+00", "2026-11-22T17:09:23.000Z"},
        {"2026-11-22 17:09:23.1+00", "2026-11-22T17:09:23.100Z"},
        {"2026-11-22 17:09:23.12+00", "2026-11-22T17:09:23.120Z"},
        {"2026-11-22 17:09:23.123456+00", "2026-11-22T17:09:23.123Z"},
        {"2026-11-22 17:09:23.999999+00", "2026-11-22T17:09:23.999Z"},
        {"2026-11-22 17:09:23+02", NULL},
        {"2026-11-22 17:09:23", NULL},
        {"2026-11-22", NULL},
        {"infinity", NULL},
        {"-infinity", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pg_value value;
        struct pg_rows rows = one_value(&value, cases[i].text);
        char time[PG_TIME_LENGTH + 1] = "";
        int status = pg_rows_time(&rows, 0, 0, time);
        assert_int_equal(status, cases[i].time ? 0 : -1);
        if (cases[i].time)
            assert_string_equal(time, cases[i].time);
    }
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ptrdiff_t length;
    } cases[] = {
        {"\\x", 0},    {"\\x00ff", 2}, {"\\x00112233", 4}, {"\\x0011223344", -1}, {"\\x0", -1},
        {"\\x0g", -1}, {"00ff", -1},   {"", -1},           {"\\000", -1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pg_value value;
        struct pg_rows rows = one_value(&value, cases[i].text);
        unsigned char bytes[4];
        assert_int_equal(pg_rows_bytes(&rows, 0, 0, bytes, sizeof(bytes)), cases[i].length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_position),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
