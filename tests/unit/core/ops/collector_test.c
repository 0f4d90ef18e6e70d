/* What a collector's answers mean. */
#include "collector.h"

#include "unit.h"

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        int status;
        int64_t retry_after_s;
        const char *body;
        struct collector_verdict expected;
    } cases[] = {
        {200, 0, "", {COLLECTOR_TAKEN, 0, 0}},
        {200, 0, " \t", {COLLECTOR_TAKEN, 0, 0}},
        {200, 0, "{}", {COLLECTOR_TAKEN, 0, 0}},
        {200, 9, "{}", {COLLECTOR_TAKEN, 0, 0}},
        {202, 0, "{\"partialSuccess\":{}}", {COLLECTOR_TAKEN, 0, 0}},
        {200,
         0,
         "{\"partialSuccess\":{\"rejectedSpans\":\"12\",\"errorMessage\":\"x\"}}",
         {COLLECTOR_TAKEN, 0, 12}},
        {200, 0, "{\"partialSuccess\":{\"rejectedSpans\":7}}", {COLLECTOR_TAKEN, 0, 7}},
        {200, 0, "{\"partialSuccess\":{\"rejectedSpans\":\"-1\"}}", {COLLECTOR_TAKEN, 0, 0}},
        {200, 0, "{\"partialSuccess\":{\"rejectedSpans\":\"many\"}}", {COLLECTOR_TAKEN, 0, 0}},
        {200, 0, "{\"partialSuccess\":7}", {COLLECTOR_TAKEN, 0, 0}},
        {200, 0, "<html>", {COLLECTOR_REFUSED, 0, 0}},
        {200, 0, "[]", {COLLECTOR_REFUSED, 0, 0}},
        {200, 0, "{} {}", {COLLECTOR_REFUSED, 0, 0}},
        {301, 0, "", {COLLECTOR_REFUSED, 0, 0}},
        {400, 0, "{}", {COLLECTOR_REFUSED, 0, 0}},
        {401, 5, "", {COLLECTOR_REFUSED, 0, 0}},
        {404, 0, "", {COLLECTOR_REFUSED, 0, 0}},
        {413, 0, "", {COLLECTOR_REFUSED, 0, 0}},
        {429, 0, "", {COLLECTOR_LATER, 0, 0}},
        {429, 3, "", {COLLECTOR_LATER, 3000, 0}},
        {500, 0, "", {COLLECTOR_REFUSED, 0, 0}},
        {501, 0, "", {COLLECTOR_REFUSED, 0, 0}},
        {502, 0, "", {COLLECTOR_LATER, 0, 0}},
        {503, 120, "<html>", {COLLECTOR_LATER, 120000, 0}},
        {503, INT64_MAX, "", {COLLECTOR_LATER, COLLECTOR_RETRY_AFTER_MAX_MS, 0}},
        {503, -5, "", {COLLECTOR_LATER, 0, 0}},
        {504, 0, "", {COLLECTOR_LATER, 0, 0}},
        {505, 0, "", {COLLECTOR_REFUSED, 0, 0}},
        {0, 0, "", {COLLECTOR_REFUSED, 0, 0}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        struct collector_verdict verdict =
            collector_judge(cases[i].status, cases[i].retry_after_s, text_of(cases[i].body), &err);
        assert_int_equal(verdict.result, cases[i].expected.result);
        assert_int_equal(verdict.retry_after_ms, cases[i].expected.retry_after_ms);
        assert_int_equal(verdict.rejected, cases[i].expected.rejected);
        assert_int_equal(err.code == ERROR_NONE, verdict.result == COLLECTOR_TAKEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
