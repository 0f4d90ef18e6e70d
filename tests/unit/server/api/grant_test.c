/* What roles and policies come to, for every row of the table. */
#include "api/grant.h"

#include "fixture.h"

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool reads(const struct operation *operation)
{
    return begins_with(operation->action, "dcs:instance:list") ||
           begins_with(operation->action, "dcs:instance:get") ||
           begins_with(operation->action, "dcs:instance:show") ||
           begins_with(operation->action, "dcs:instance:export") ||
           begins_with(operation->action, "dcs:instance:compare") ||
           begins_with(operation->action, "dcs:webhook:list") ||
           begins_with(operation->action, "dcs:webhook:get") ||
           strcmp(operation->action, ACTION_OWN_PROJECT) == 0;
}

static size_t find(const char *action)
{
    for (size_t i = 0; i < operation_count; i++) {
        if (strcmp(operations[i].action, action) == 0)
            return i;
    }
    fail_msg("no operation of %s", action);
    return 0;
}

static void test_roles(void **state)
{
    struct policy policies[ROLE_COUNT] = {0};
    (void)state;
    for (int role = 0; role < ROLE_COUNT; role++)
        grant_role(&policies[role], (enum role)role);
    for (size_t i = 0; i < operation_count; i++) {
        bool administration = begins_with(operations[i].path, "/admin/");
        bool tenants = !administration && !operation_is_login(&operations[i]);
        assert_int_equal(policy_allows(&policies[ROLE_FULL_ACCESS], i), tenants);
        assert_int_equal(policy_allows(&policies[ROLE_USER_ACCESS], i), tenants);
        assert_int_equal(policy_allows(&policies[ROLE_READ_ONLY_ACCESS], i),
                         !administration && reads(&operations[i]));
        assert_int_equal(policy_allows(&policies[ROLE_OPERATOR], i), administration);
    }
    assert_false(
        policy_allows(&policies[ROLE_READ_ONLY_ACCESS], find("dcs:instance:analyzeBigKey")));
    assert_true(policy_allows(&policies[ROLE_READ_ONLY_ACCESS],
                              find("dcs:instance:getAutoExpiredKeyScanTask")));
}

static void test_roles_add_up(void **state)
{
    struct policy policy = {0};
    (void)state;
    grant_role(&policy, ROLE_READ_ONLY_ACCESS);
    grant_role(&policy, ROLE_OPERATOR);
    assert_true(policy_allows(&policy, find("dcs:instance:list")));
    assert_true(policy_allows(&policy, find("admin:project:delete")));
    assert_false(policy_allows(&policy, find("dcs:instance:analyzeHotKey")));
}

static void test_actions(void **state)
{
    static const struct {
        enum role role;
        const char *actions, *allowed, *refused;
    } cases[] = {
        {ROLE_FULL_ACCESS, "dcs:instance:list", "dcs:instance:list", "dcs:instance:get"},
        {ROLE_FULL_ACCESS, "dcs:instance:get,dcs:instance:list", "dcs:instance:get",
         "dcs:instance:getConfiguration"},
        {ROLE_FULL_ACCESS, ACTION_ANALYZE, "dcs:instance:deleteHotKeyScanTask",
         "dcs:instance:list"},
        {ROLE_READ_ONLY_ACCESS, ACTION_ANALYZE, "dcs:instance:listBigKey",
         "dcs:instance:analyzeBigKey"},
        {ROLE_OPERATOR, "admin:project:list", "admin:project:list", "admin:project:get"},
        {ROLE_FULL_ACCESS, "dcs:instance:fromTomorrow,dcs:instance:get,,", "dcs:instance:get",
         "dcs:instance:list"},
        {ROLE_FULL_ACCESS, "dcs:instance:get,admin:project:list", "dcs:instance:get",
         "admin:project:list"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy policy = {0};
        grant_role(&policy, cases[i].role);
        grant_limit_actions(&policy, text_of(cases[i].actions));
        assert_true(policy_allows(&policy, find(cases[i].allowed)));
        assert_false(policy_allows(&policy, find(cases[i].refused)));
    }
}

static void test_the_alias_is_all_about_tasks(void **state)
{
    struct policy policy = {0};
    (void)state;
    grant_role(&policy, ROLE_FULL_ACCESS);
    grant_limit_actions(&policy, TEXT(ACTION_ANALYZE));
    for (size_t i = 0; i < operation_count; i++) {
        const char *action = operations[i].action;
        bool is_other = begins_with(action, "dcs:webhook:") ||
                        strcmp(action, "dcs:instance:list") == 0 ||
                        strcmp(action, "dcs:instance:get") == 0 ||
                        strcmp(action, "dcs:instance:getConfiguration") == 0;
        assert_int_equal(policy_allows(&policy, i), (begins_with(action, "dcs:") && !is_other) ||
                                                        strcmp(action, ACTION_OWN_PROJECT) == 0);
    }
}

static void test_lists_that_grant_nothing(void **state)
{
    static const char *const lists[] = {"",
                                        ",",
                                        "dcs:instance:fromTomorrow",
                                        "dcs",
                                        "*",
                                        "dcs:instance:listx",
                                        "DCS:INSTANCE:LIST"};
    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct policy policy = {0};
        grant_role(&policy, ROLE_FULL_ACCESS);
        grant_limit_actions(&policy, text_of(lists[i]));
        for (size_t j = 0; j < operation_count; j++)
            assert_int_equal(policy_allows(&policy, j),
                             strcmp(operations[j].action, ACTION_OWN_PROJECT) == 0);
    }
}

static void test_no_list_takes_nothing_away(void **state)
{
    struct policy policy = {0}, before;
    (void)state;
    grant_role(&policy, ROLE_FULL_ACCESS);
    before = policy;
    grant_limit_actions(&policy, (struct text){0});
    grant_limit_instances(&policy, (struct text){0});
    assert_memory_equal(&policy, &before, sizeof(policy));
}

static void test_instances(void **state)
{
    struct policy policy = {0};
    (void)state;
    grant_limit_instances(&policy, TEXT("6F1C1C34-6d1e-4a58-9d6c-000000000002,what,"
                                        "6f1c1c34-6d1e-4a58-9d6c-000000000001"));
    assert_true(policy.is_limited);
    assert_int_equal(policy.instance_count, 2);
    assert_string_equal(policy.instances[0].text, "6f1c1c34-6d1e-4a58-9d6c-000000000001");
    assert_string_equal(policy.instances[1].text, "6f1c1c34-6d1e-4a58-9d6c-000000000002");
    policy = (struct policy){0};
    grant_limit_instances(&policy, TEXT(""));
    assert_true(policy.is_limited);
}

static void test_known_actions(void **state)
{
    static const char *const unknown[] = {"", "dcs:instance:analyzeBigKeys",
                                          "dcs:instance:", "DCS:INSTANCE:LIST",
                                          "dcs:instance:list "};
    (void)state;
    for (size_t i = 0; i < operation_count; i++)
        assert_int_equal(grant_knows_action(text_of(operations[i].action)),
                         !operation_is_login(&operations[i]));
    assert_true(grant_knows_action(TEXT(ACTION_ANALYZE)));
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_false(grant_knows_action(text_of(unknown[i])));
}

/* A new operation without an instance in its path is closed to policies with instances. */
static void test_what_is_contained(void **state)
{
    (void)state;
    for (size_t i = 0; i < operation_count; i++) {
        struct policy_request request = grant_request(&operations[i]);
        assert_int_equal(request.operation, i);
        assert_int_equal(request.for_operators, operations[i].for_operators);
        if (!operations[i].for_operators)
            assert_int_equal(request.is_contained,
                             strcmp(operations[i].action, "dcs:instance:list") == 0 ||
                                 strcmp(operations[i].action, ACTION_OWN_PROJECT) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_roles_add_up),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_the_alias_is_all_about_tasks),
        cmocka_unit_test(test_lists_that_grant_nothing),
        cmocka_unit_test(test_no_list_takes_nothing_away),
        cmocka_unit_test(test_instances),
        cmocka_unit_test(test_known_actions),
        cmocka_unit_test(test_what_is_contained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
