/* What an identity may do, case by case. */
#include "auth/policy.h"

#include "unit.h"

#define MINE "6f1c1c34-6d1e-4a58-9d6c-000000000001"
#define THEIRS "6f1c1c34-6d1e-4a58-9d6c-000000000002"

static void test_roles_and_projects(void **state)
{
    static const struct {
        bool is_operator, for_operators;
        const char *project;
        bool allowed;
    } cases[] = {
        {false, false, MINE, true}, {false, false, THEIRS, false}, {false, false, "", false},
        {false, true, MINE, false}, {true, true, THEIRS, true},    {true, true, "", true},
        {true, false, MINE, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct identity identity = {.name = "KEY", .is_operator = cases[i].is_operator};
        struct error err = {0};
        if (!identity.is_operator)
            assert_int_equal(uuid_parse(TEXT(MINE), &identity.project), 0);
        const struct policy_request request = {"dcs:instance:list", cases[i].for_operators,
                                               cases[i].project};
        assert_int_equal(policy_check(&identity, &request, &err), cases[i].allowed ? 0 : -1);
        assert_int_equal(err.code, cases[i].allowed ? ERROR_NONE : ERROR_FORBIDDEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_roles_and_projects)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
