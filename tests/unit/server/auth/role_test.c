/* Names of roles. */
#include "auth/role.h"

#include "unit.h"

static void test_names_are_parsed_back(void **state)
{
    (void)state;
    for (int i = 0; i < ROLE_COUNT; i++) {
        enum role role = ROLE_COUNT;
        assert_int_equal(role_parse(text_of(role_name((enum role)i)), &role), 0);
        assert_int_equal(role, i);
    }
}

static void test_other_names_are_none(void **state)
{
    static const char *const names[] = {"",          "dcs fullaccess", "DCS FullAccess ",
                                        "Operator",  "tenant",         "DCS",
                                        "operator,", "DCS FullAccessX"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        enum role role = ROLE_COUNT;
        assert_int_equal(role_parse(text_of(names[i]), &role), -1);
        assert_int_equal(role, ROLE_COUNT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_parsed_back),
        cmocka_unit_test(test_other_names_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
