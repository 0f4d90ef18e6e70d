/* What is a traceparent, by the specification's words, and what is none. */
#include "base/trace.h"

#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
