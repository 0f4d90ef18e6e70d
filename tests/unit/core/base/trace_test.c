/* What is a traceparent, by the specification's words, and what is none. */
#include "base/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "unit.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

static void test_taken(void **state)
{
    (void)state;
    static const struct {
        const char *parent;
        bool sampled;
    } cases[] = {
        {"00-" ID "-" SPAN "-01", true},
        {"00-" ID "-" SPAN "-00", false},
        {"00-" ID "-" SPAN "-ff", true}, /* bits that nobody knows */
        {"00-" ID "-" SPAN "-02", false},
        {"01-" ID "-" SPAN "-01", true}, /* a later version, as far as this one goes */
        {"cc-" ID "-" SPAN "-01-what-the-future-will-be-like", true},
        {"fe-" ID "-" SPAN "-00-", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct trace trace;
        assert_int_equal(trace_parse(text_of(cases[i].parent), &trace), 0);
        assert_string_equal(trace.id, ID);
        assert_string_equal(trace.span, SPAN);
        assert_int_equal(trace.sampled, cases[i].sampled);
    }
}

static void test_ignored(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "00",
        "00-" ID "-" SPAN,
        "00-" ID "-" SPAN "-",
        "00-" ID "-" SPAN "-0",
        "00-" ID "-" SPAN "-001",
        "00-" ID "-" SPAN "-01-",
        "00-" ID "-" SPAN "-01-more",
        "00-" ID "-" SPAN "-0g",
        "00-" ID "-" SPAN "-0A",
        "cc-" ID "-" SPAN "-01.more",
        "cc-" ID "-" SPAN "-011",
        "ff-" ID "-" SPAN "-01",
        "0x-" ID "-" SPAN "-01",
        "0-" ID "-" SPAN "-01",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" ID "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
        "00-" ID "-00F067AA0BA902B7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736a-" SPAN "-01",
        "00-" ID "_" SPAN "-01",
        "00_" ID "-" SPAN "-01",
        "00-" ID "-" SPAN "_01",
        " 00-" ID "-" SPAN "-01",
        "00-" ID "-" SPAN "-01 ",
        "00-4bf92f3577b34da6a3ce929d0e0e473 -" SPAN "-01",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct trace trace;
        if (trace_parse(text_of(cases[i]), &trace) == 0)
            assert_string_equal(cases[i], "no trace");
        assert_string_equal(trace.id, "");
        assert_string_equal(trace.span, "");
    }
}

static void test_goes_on(void **state)
{
    (void)state;
    char parent[TRACE_PARENT_LENGTH + 1];
    struct trace trace, child;
    assert_int_equal(trace_parse(TEXT("cc-" ID "-" SPAN "-03-x"), &trace), 0);
    trace_format(&trace, parent);
    assert_string_equal(parent, "00-" ID "-" SPAN "-01");
    child = trace;
    trace_descend(&child);
    assert_string_equal(child.id, ID);
    assert_string_not_equal(child.span, SPAN);
    assert_string_equal(child.parent, SPAN);
    assert_string_equal(trace.parent, "");
    trace_format(&child, parent);
    assert_int_equal(trace_parse(text_of(parent), &trace), 0);
    assert_string_equal(trace.span, child.span);
    assert_true(trace.sampled);
    trace_descend(&child);
    assert_string_not_equal(trace.span, child.span);
    child.sampled = false;
    trace_format(&child, parent);
    assert_string_equal(parent + TRACE_PARENT_LENGTH - 3, "-00");
}

static void test_ratios(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t threshold;
    } cases[] = {
        {"0", 0},
        {"0.0", 0},
        {"0.000000001", 72057594},
        {"0.01", 720575940379279},
        {"0.5", UINT64_C(1) << 55},
        {"0.999999999", (UINT64_C(1) << 56) - 72057595},
        {"1", UINT64_C(1) << 56},
        {"1.000000000", UINT64_C(1) << 56},
    };
    static const char *const wrong[] = {
        "",   ".5",   "0.", "1.", "2",    "1.000000001", "-0.5", "+1", "0.0000000001", "0,5", " 1",
        "1 ", "1e-3", "00", "01", "0.5x", "0.5.",        "nan",  "10"};
    struct trace_ratio ratio;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(trace_ratio_parse(text_of(cases[i].text), &ratio), 0);
        assert_int_equal(ratio.threshold, cases[i].threshold);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (trace_ratio_parse(text_of(wrong[i]), &ratio) == 0)
            assert_string_equal(wrong[i], "no ratio");
    }
}

static struct trace begin(const char *id, const char *ratio_text)
{
    struct trace_ratio ratio;
    struct trace trace;
    assert_int_equal(trace_ratio_parse(text_of(ratio_text), &ratio), 0);
    trace_begin(&trace, id, ratio);
    return trace;
}

/* Only the last 14 digits decide: what is among the largest is taken. */
static void test_begins(void **state)
{
    (void)state;
    static const struct {
        const char *digits, *ratio;
        bool sampled;
    } cases[] = {
        {"ffffffffffffff", "0", false},  {"ffffffffffffff", "0.000000001", true},
        {"00000000000000", "1", true},   {"00000000000000", "0.999999999", false},
        {"80000000000000", "0.5", true}, {"7fffffffffffff", "0.5", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char id[TRACE_ID_LENGTH + 1];
        snprintf(id, sizeof(id), "4bf92f3577b34da6a3%s", cases[i].digits);
        struct trace trace = begin(id, cases[i].ratio);
        assert_int_equal(trace.sampled, cases[i].sampled);
        assert_string_equal(trace.id, id);
        assert_string_equal(trace.parent, "");
        assert_int_equal(strspn(trace.span, "0123456789abcdef"), TRACE_SPAN_LENGTH);
        assert_string_not_equal(trace.span, begin(id, "1").span);
        assert_int_equal(strncmp(trace.span, id, TRACE_SPAN_LENGTH) == 0, !cases[i].sampled);
    }
}

/* Of ids that are random that share, and of a larger share all that are of a smaller one. */
static void test_share(void **state)
{
    (void)state;
    enum { TIMES = 20000 };
    int small = 0, large = 0;
    for (int i = 0; i < TIMES; i++) {
        struct uuid uuid;
        char id[UUID_HEX_LENGTH + 1];
        uuid_generate(&uuid);
        uuid_format_hex(&uuid, id);
        bool is_small = begin(id, "0.1").sampled, is_large = begin(id, "0.3").sampled;
        assert_true(is_large || !is_small);
        small += is_small;
        large += is_large;
    }
    /* Eight deviations. */
    assert_in_range(small, TIMES / 10 - 340, TIMES / 10 + 340);
    assert_in_range(large, TIMES * 3 / 10 - 520, TIMES * 3 / 10 + 520);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),   cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_goes_on), cmocka_unit_test(test_ratios),
        cmocka_unit_test(test_begins),  cmocka_unit_test(test_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
