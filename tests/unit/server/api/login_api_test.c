/* The API's form of log-ins, both ways. */
#include "api/login.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "unit.h"

static enum error_code read(const char *body, const char *wrong)
{
    struct error err = {0};
    struct login login;
    json_t *object = NULL;
    assert_int_equal(json_body_parse(text_of(body), &object, &err), 0);
    if (login_read(object, &login, &err) < 0)
        assert_string_equal(err.public_argument, wrong);
    json_decref(object);
    return err.code;
}

static void test_bodies(void **state)
{
    static const struct {
        const char *body;
        const char *wrong; /* null: none */
    } cases[] = {
        {"{\"user\":\"u\",\"domain\":\"d\",\"password\":\"p\",\"project\":\"x\"}", NULL},
        {"{\"user\":\"u\",\"domain\":\"d\",\"password\":\"p\",\"project\":\"x\",\"more\":1}", NULL},
        {"{}", "user"},
        {"{\"user\":1,\"domain\":\"d\",\"password\":\"p\",\"project\":\"x\"}", "user"},
        {"{\"user\":\"\",\"domain\":\"d\",\"password\":\"p\",\"project\":\"x\"}", "user"},
        {"{\"user\":\"u\",\"password\":\"p\",\"project\":\"x\"}", "domain"},
        {"{\"user\":\"u\",\"domain\":null,\"password\":\"p\",\"project\":\"x\"}", "domain"},
        {"{\"user\":\"u\",\"domain\":\"d\",\"password\":[\"p\"],\"project\":\"x\"}", "password"},
        {"{\"user\":\"u\",\"domain\":\"d\",\"password\":\"\",\"project\":\"x\"}", "password"},
        {"{\"user\":\"u\",\"domain\":\"d\",\"password\":\"p\",\"project\":{}}", "project"},
        {"{\"user\":\"u\",\"domain\":\"d\",\"password\":\"p\"}", "project"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(read(cases[i].body, cases[i].wrong),
                         cases[i].wrong ? ERROR_INVALID_PARAMETER : ERROR_NONE);
}

static void test_lengths(void **state)
{
    static const struct {
        const char *name;
        int longest;
    } members[] = {{"user", 255}, {"domain", 255}, {"password", 4096}, {"project", 255}};
    static char value[5000], body[8000];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        for (int more = 0; more < 2; more++) {
            memset(value, 'v', sizeof(value));
            value[members[i].longest + more] = '\0';
            size_t length = 0;
            for (size_t j = 0; j < COUNT_OF(members); j++)
                length += (size_t)snprintf(body + length, sizeof(body) - length, "%s\"%s\":\"%s\"",
                                           j ? "," : "{", members[j].name, i == j ? value : "x");
            snprintf(body + length, sizeof(body) - length, "}");
            assert_int_equal(read(body, members[i].name),
                             more ? ERROR_INVALID_PARAMETER : ERROR_NONE);
        }
    }
}

static struct login_answer answer_with(unsigned roles, enum token_scope scope)
{
    struct login_answer answer = {
        .token = {.is_known = true,
                  .scope = scope,
                  .roles = roles,
                  .expires_at_ms = 1795947413000,
                  .user = "u1"},
        .project_name = "sh\"op",
        .text = TEXT("gAAA"),
    };
    assert_int_equal(
        uuid_parse_any(TEXT("a4d31cb63d724fdc8ec96e3a41e47f71"), &answer.token.project), 0);
    return answer;
}

static void check_rendered(const struct login_answer *answer, const char *expected)
{
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(login_render(answer, &reply, &err), 0);
    assert_int_equal(reply.status, HTTP_OK);
    assert_true(reply.body.is_secret);
    assert_string_equal(reply.body.text, expected);
    api_reply_release(&reply);
}

static void test_replies(void **state)
{
    (void)state;
    struct login_answer answer =
        answer_with(1 << ROLE_READ_ONLY_ACCESS | 1 << ROLE_USER_ACCESS, TOKEN_SCOPE_PROJECT);
    check_rendered(&answer, "{\"token\":\"gAAA\",\"expires_at\":\"2026-11-29T10:16:53.000Z\","
                            "\"project_id\":\"a4d31cb63d724fdc8ec96e3a41e47f71\","
                            "\"project_name\":\"sh\\\"op\",\"role\":\"DCS UserAccess\"}");
    answer = answer_with(1 << ROLE_READ_ONLY_ACCESS, TOKEN_SCOPE_PROJECT);
    answer.project_name[0] = '\0';
    check_rendered(&answer, "{\"token\":\"gAAA\",\"expires_at\":\"2026-11-29T10:16:53.000Z\","
                            "\"project_id\":\"a4d31cb63d724fdc8ec96e3a41e47f71\","
                            "\"role\":\"DCS ReadOnlyAccess\"}");
}

static void test_tokens_that_open_nothing(void **state)
{
    (void)state;
    const struct login_answer answers[] = {answer_with(0, TOKEN_SCOPE_PROJECT),
                                           answer_with(1 << ROLE_OPERATOR, TOKEN_SCOPE_SYSTEM),
                                           answer_with(0, TOKEN_SCOPE_NONE)};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct api_reply reply;
        struct error err = {0};
        api_reply_init(&reply);
        assert_int_equal(login_render(&answers[i], &reply, &err), -1);
        assert_int_equal(err.code, ERROR_FORBIDDEN);
        assert_int_equal(reply.body.length, 0);
        api_reply_release(&reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_tokens_that_open_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
