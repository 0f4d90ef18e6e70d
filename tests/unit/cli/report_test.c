/* Reports, as they come out on standard output. */
#include "report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

enum { OUTPUT_MAX = 4096 };

static const struct report_column columns[] = {
    {"id", "ID", REPORT_TEXT},   {"count", "COUNT", REPORT_NUMBER}, {"open", "OPEN", REPORT_FLAG},
    {"tags", NULL, REPORT_LIST}, {"raw", NULL, REPORT_JSON},        {NULL, "NAME", REPORT_TEXT},
};

static void add_row(struct report *report, const char *id, int64_t count, const char *tags,
                    const char *raw, struct text name)
{
    report_add_text(report, id);
    report_add_number(report, count);
    report_add_flag(report, count > 0);
    report_add_text(report, tags);
    report_add_text(report, raw);
    report_add_bytes(report, name);
}

/* Runs a writer with standard output in a file, and compares. */
static void assert_written(const struct report *report, bool one, bool json, const char *expected)
{
    char output[OUTPUT_MAX];
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    assert_non_null(file);
    dup2(fileno(file), STDOUT_FILENO);
    if (one)
        report_write_one(report, json);
    else
        report_write_list(report, json, "rows", "There is nothing.");
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(file);
    output[fread(output, 1, sizeof(output) - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(output, expected);
}

static void test_list(void **state)
{
    (void)state;
    struct report report;
    report_init(&report, columns, COUNT_OF(columns));
    assert_written(&report, false, false, "There is nothing.\n");
    assert_written(&report, false, true, "{\"rows\":[]}\n");
    add_row(&report, "größe", 7, "a,b", "[1]", TEXT("x\x1by"));
    add_row(&report, NULL, 12345678, "", NULL, TEXT(""));
    assert_written(&report, false, false,
                   "ID        COUNT  OPEN  NAME\n"
                   "größe         7  yes   x\\x1by\n"
                   "-      12345678  yes   \n");
    assert_written(&report, false, true,
                   "{\"rows\":[{\"id\":\"größe\",\"count\":7,\"open\":true,\"tags\":[\"a\",\"b\"],"
                   "\"raw\":[1]},{\"count\":12345678,\"open\":true,\"tags\":[]}]}\n");
    report_release(&report);
}

static void test_one(void **state)
{
    (void)state;
    struct report report;
    report_init(&report, columns, COUNT_OF(columns));
    add_row(&report, NULL, 0, NULL, NULL, TEXT("n"));
    assert_written(&report, true, false, "COUNT  0\nOPEN   no\nNAME   n\n");
    assert_written(&report, true, true, "{\"count\":0,\"open\":false}\n");
    report_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
