/* Migrations taken apart at their marks. */
#include "migration_step.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct migration migration_of(const char *sql)
{
    return (struct migration){.name = "0042_answer", .sql = sql, .length = strlen(sql)};
}

static void test_steps(void **state)
{
    static const struct {
        const char *sql;
        int count; /* 0: refused */
        struct {
            enum migration_step_kind kind;
            const char *sql, *index;
        } steps[3];
    } cases[] = {
        {"", 1, {{MIGRATION_STEP_WHOLE, "", ""}}},
        {"A;\nB;\n", 1, {{MIGRATION_STEP_WHOLE, "A;\nB;\n", ""}}},
        {"-- step transaction\nA;", 1, {{MIGRATION_STEP_WHOLE, "-- step transaction\nA;", ""}}},
        {" -- step: alone\nA;", 1, {{MIGRATION_STEP_WHOLE, " -- step: alone\nA;", ""}}},
        {"-- step: transaction\nA;\nB;", 1, {{MIGRATION_STEP_TRANSACTION, "A;\nB;", ""}}},
        {"-- step: transaction", 1, {{MIGRATION_STEP_TRANSACTION, "", ""}}},
        {"-- what for\n\n-- step: index by_name_2\nA;\n-- step: batches \nB;\n\n-- step: "
         "alone\nC;\n",
         3,
         {{MIGRATION_STEP_INDEX, "A;\n", "by_name_2"},
          {MIGRATION_STEP_BATCHES, "B;\n\n", ""},
          {MIGRATION_STEP_ALONE, "C;\n", ""}}},
        {"A;\n-- step: alone\nB;", 0, {{0}}},
        {"-- step: whole\nA;", 0, {{0}}},
        {"-- step: \nA;", 0, {{0}}},
        {"-- step: alone here\nA;", 0, {{0}}},
        {"-- step: index\nA;", 0, {{0}}},
        {"-- step: index a b\nA;", 0, {{0}}},
        {"-- step: index a;drop\nA;", 0, {{0}}},
        {"-- step: index Aa\nA;", 0, {{0}}},
        {"-- step: index a2345678901234567890123456789012345678901234567890123456789012345\nA;",
         0,
         {{0}}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct migration migration = migration_of(cases[i].sql);
        struct migration_steps steps;
        struct error err = {0};
        int status = migration_steps_parse(&migration, &steps, &err);
        if (status != (cases[i].count ? 0 : -1) || (status == 0 && steps.count != cases[i].count))
            fail_msg("'%s': %d, %d steps", cases[i].sql, status, steps.count);
        assert_int_equal(err.code, status == 0 ? ERROR_NONE : ERROR_CONFIG);
        for (int n = 0; status == 0 && n < steps.count; n++) {
            const struct migration_step *step = &steps.steps[n];
            assert_int_equal(step->kind, cases[i].steps[n].kind);
            assert_int_equal(step->sql.length, strlen(cases[i].steps[n].sql));
            assert_memory_equal(step->sql.bytes, cases[i].steps[n].sql, step->sql.length);
            assert_string_equal(step->index, cases[i].steps[n].index);
        }
    }
}

static void test_too_many(void **state)
{
    static const char mark[] = "-- step: alone\n";
    char sql[(MIGRATION_STEPS_MAX + 1) * sizeof(mark)];
    struct migration_steps steps;
    (void)state;
    for (int count = MIGRATION_STEPS_MAX; count <= MIGRATION_STEPS_MAX + 1; count++) {
        struct error err = {0};
        sql[0] = '\0';
        for (int n = 0; n < count; n++)
            snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), "%s", mark);
        struct migration migration = migration_of(sql);
        assert_int_equal(migration_steps_parse(&migration, &steps, &err),
                         count > MIGRATION_STEPS_MAX ? -1 : 0);
    }
}

static void test_line(void **state)
{
    static const struct {
        const char *sql, *value;
    } cases[] = {
        {"-- replaces: ab\nA;", "ab"},
        {"-- x\n-- replaces:  ab \n", "ab"},
        {"-- replaces: ab", "ab"},
        {"A;\n-- replaces: ab\n-- replaces: cd", "ab"},
        {"--replaces: ab", ""},
        {"-- replaces ab", ""},
        {"-- replaces:", ""},
        {"-- it replaces: ab", ""},
        {"", ""},
        {"-- ", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct migration migration = migration_of(cases[i].sql);
        if (!text_equals(migration_line(&migration, "replaces"), text_of(cases[i].value)))
            fail_msg("'%s' is not '%s'", cases[i].sql, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
