/* Keystone's form of log-ins, both ways. */
#include "auth/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define DESCRIPTION(members)                                                                       \
    "{\"token\":{\"expires_at\":\"2026-11-29T10:16:53.000000Z\",\"user\":{\"id\":\"u1\"},"         \
    "\"roles\":[{\"name\":\"member\"}]" members "}}"
#define PROJECT(name) ",\"project\":{\"id\":\"a4d31cb63d724fdc8ec96e3a41e47f71\"" name "}"

static void check_written(const struct login *login, const char *expected)
{
    char *body = login_write(login);
    assert_string_equal(body, expected);
    free(body);
}

static void test_what_is_written(void **state)
{
    (void)state;
    struct login login = {.user = TEXT("a\"n\\n"),
                          .user_domain = TEXT("D\xc3\xa9"),
                          .password = TEXT("p\n\"w"),
                          .project = TEXT("shop"),
                          .project_domain = TEXT("Other")};
    check_written(&login,
                  "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
                  "{\"name\":\"a\\\"n\\\\n\",\"domain\":{\"name\":\"D\xc3\xa9\"},\"password\":"
                  "\"p\\n\\\"w\"}}},\"scope\":{\"project\":{\"name\":\"shop\",\"domain\":"
                  "{\"name\":\"Other\"}}}}}");
    login = (struct login){.user = TEXT("u"), .user_domain = TEXT("d"), .password = TEXT("p")};
    check_written(&login,
                  "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
                  "{\"name\":\"u\",\"domain\":{\"name\":\"d\"},\"password\":\"p\"}}},\"scope\":"
                  "{\"system\":{\"all\":true}}}}");
}

static int read_answer(const char *body, const char *header, struct login_answer *ret_answer)
{
    struct token_roles roles;
    struct error err = {0};
    assert_int_equal(token_roles_parse(TEXT("member=DCS FullAccess"), &roles, &err), 0);
    int status = login_read_answer(text_of(body), text_of(header), &roles, ret_answer, &err);
    if (status < 0)
        assert_int_equal(err.code, ERROR_UNAVAILABLE);
    return status;
}

static void test_what_is_read(void **state)
{
    struct login_answer answer;
    (void)state;
    assert_int_equal(read_answer(DESCRIPTION(PROJECT(",\"name\":\"shop\"")), "gAAA", &answer), 0);
    assert_string_equal(answer.token.user, "u1");
    assert_int_equal(answer.token.roles, 1 << ROLE_FULL_ACCESS);
    assert_string_equal(answer.project_name, "shop");
    assert_true(text_equals(answer.text, TEXT("gAAA")));
    assert_int_equal(read_answer(DESCRIPTION(PROJECT("")), "gAAA", &answer), 0);
    assert_string_equal(answer.project_name, "");
    assert_int_equal(read_answer(DESCRIPTION(""), "gAAA", &answer), 0);
    assert_int_equal(answer.token.scope, TOKEN_SCOPE_NONE);
}

static void test_names_that_are_too_long(void **state)
{
    char name[LOGIN_FIELD_MAX + 2], body[1024];
    struct login_answer answer;
    (void)state;
    for (int more = 0; more < 2; more++) {
        memset(name, 'n', LOGIN_FIELD_MAX + 1);
        name[LOGIN_FIELD_MAX + more] = '\0';
        snprintf(body, sizeof(body), DESCRIPTION(PROJECT(",\"name\":\"%s\"")), name);
        assert_int_equal(read_answer(body, "gAAA", &answer), 0);
        assert_string_equal(answer.project_name, more ? "" : name);
    }
}

static void test_answers_that_are_none(void **state)
{
    static const char *const bodies[] = {"", "<html>", "{}", "{\"token\":{}}", "[]"};
    static const char *const headers[] = {"", "a b", "a\x7f", "\xc3\xa9"};
    struct login_answer answer;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        assert_int_equal(read_answer(bodies[i], "gAAA", &answer), -1);
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        assert_int_equal(read_answer(DESCRIPTION(PROJECT("")), headers[i], &answer), -1);
}

static void test_refusals(void **state)
{
    static const struct {
        int status;
        const char *body;
        bool is_refusal;
    } cases[] = {
        {401, "{\"error\":{\"code\":401}}", true},
        {401, "{\"receipt\":{\"methods\":[\"password\"]}}", true},
        {400, "{\"error\":{\"code\":400}}", true},
        {403, "{\"error\":{\"code\":403}}", true},
        {404, "{\"error\":{\"code\":404}}", true},
        {413, "{\"error\":{\"code\":413}}", true},
        {401, "<html>", false},
        {401, "{\"error\":{\"code\":403}}", false},
        {400, "{\"receipt\":{}}", false},
        {404, "Not Found", false},
        {500, "{\"error\":{\"code\":500}}", false},
        {503, "{\"error\":{\"code\":503}}", false},
        {201, "{\"error\":{\"code\":201}}", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(login_is_refusal(text_of(cases[i].body), cases[i].status),
                         cases[i].is_refusal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written),
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_names_that_are_too_long),
        cmocka_unit_test(test_answers_that_are_none),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
