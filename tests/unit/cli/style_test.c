/* Who gets colours. */
#include "style.h"

#include "model/scan_task.h"
#include "unit.h"

static void test_wanted(void **state)
{
    (void)state;
    static const struct {
        bool is_terminal;
        const char *term, *no_color;
        bool wanted;
    } cases[] = {
        {true, "xterm", NULL, true}, {true, "xterm", "", true},     {true, "xterm", "1", false},
        {true, "xterm", "0", false}, {true, "dumb", NULL, false},   {true, "", NULL, false},
        {true, NULL, NULL, false},   {false, "xterm", NULL, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(style_is_wanted(cases[i].is_terminal, cases[i].term, cases[i].no_color),
                         cases[i].wanted);
}

static void test_states(void **state)
{
    (void)state;
    assert_int_equal(style_of_state(scan_status_name(SCAN_STATUS_SUCCESS)), STYLE_GOOD);
    assert_int_equal(style_of_state(scan_status_name(SCAN_STATUS_FAILED)), STYLE_BAD);
    assert_int_equal(style_of_state(scan_status_name(SCAN_STATUS_WAITING)), STYLE_WAITING);
    assert_int_equal(style_of_state(scan_status_name(SCAN_STATUS_RUNNING)), STYLE_PLAIN);
    assert_int_equal(style_of_state(""), STYLE_PLAIN);
}

/* Nothing before it was decided, and nothing where standard output is no terminal. */
static void test_none(void **state)
{
    (void)state;
    assert_string_equal(style_on(STYLE_BAD), "");
    assert_string_equal(style_off(STYLE_BAD), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
