/* What an identity may do, case by case. */
#include "auth/policy.h"

#include <stdio.h>

#include "auth/identity.h"
#include "unit.h"

#define MINE "6f1c1c34-6d1e-4a58-9d6c-000000000001"
#define THEIRS "6f1c1c34-6d1e-4a58-9d6c-000000000002"

static struct uuid instance_of(int number)
{
    struct uuid id;
    snprintf(id.text, sizeof(id.text), "%08d-0000-4000-8000-000000000000", number);
    return id;
}

static void check(const struct identity *identity, struct policy_request request, bool allowed)
{
    struct error err = {0};
    assert_int_equal(policy_check(identity, &request, &err), allowed ? 0 : -1);
    assert_int_equal(err.code, allowed ? ERROR_NONE : ERROR_FORBIDDEN);
}

static void test_operations_and_projects(void **state)
{
    static const struct {
        bool has_project, for_operators;
        size_t operation;
        const char *project;
        bool allowed;
    } cases[] = {
        {true, false, 3, MINE, true},   {true, false, 3, THEIRS, false},
        {true, false, 4, MINE, false},  {true, false, 3, "", true},
        {true, true, 3, THEIRS, true},  {false, true, 3, THEIRS, true},
        {false, true, 3, "", true},     {false, false, 3, MINE, false},
        {false, true, 127, MINE, true}, {false, true, 126, MINE, false},
        {true, false, 63, MINE, true},  {true, false, 64, MINE, true},
        {true, false, 65, MINE, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct identity identity = {.name = "KEY"};
        if (cases[i].has_project)
            assert_int_equal(uuid_parse(TEXT(MINE), &identity.project), 0);
        policy_allow(&identity.policy, 3);
        policy_allow(&identity.policy, 63);
        policy_allow(&identity.policy, 64);
        policy_allow(&identity.policy, 127);
        check(&identity,
              (struct policy_request){.operation = cases[i].operation,
                                      .for_operators = cases[i].for_operators,
                                      .project = cases[i].project},
              cases[i].allowed);
    }
}

static void test_a_zeroed_policy_allows_nothing(void **state)
{
    const struct identity identity = {0};
    (void)state;
    for (size_t i = 0; i < POLICY_OPERATIONS_MAX; i++)
        check(&identity, (struct policy_request){.operation = i, .project = ""}, false);
}

static void test_instances(void **state)
{
    enum { STEP = 7 }; /* added in no order: a step that is prime to their number */
    struct identity identity = {.name = "KEY"};
    (void)state;
    policy_allow(&identity.policy, 0);
    for (int i = 0; i < POLICY_INSTANCES_MAX; i++) {
        struct uuid id = instance_of(2 * (i * STEP % POLICY_INSTANCES_MAX));
        policy_add_instance(&identity.policy, &id);
    }
    struct uuid one_more = instance_of(1);
    policy_add_instance(&identity.policy, &one_more);
    for (int i = -1; i <= 2 * POLICY_INSTANCES_MAX; i++) {
        struct uuid id = instance_of(i < 0 ? 99999999 : i);
        check(&identity, (struct policy_request){.project = "", .instance = id.text},
              i >= 0 && i < 2 * POLICY_INSTANCES_MAX && i % 2 == 0);
    }
    check(&identity, (struct policy_request){.project = "", .instance = ""}, false);
    check(&identity, (struct policy_request){.project = ""}, false);
    check(&identity, (struct policy_request){.project = "", .is_contained = true}, true);
}

static void test_limited_to_no_instance(void **state)
{
    struct identity identity = {.name = "KEY", .policy = {.is_limited = true}};
    struct uuid id = instance_of(1);
    (void)state;
    policy_allow(&identity.policy, 0);
    check(&identity, (struct policy_request){.project = "", .instance = id.text}, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_and_projects),
        cmocka_unit_test(test_a_zeroed_policy_allows_nothing),
        cmocka_unit_test(test_instances),
        cmocka_unit_test(test_limited_to_no_instance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
