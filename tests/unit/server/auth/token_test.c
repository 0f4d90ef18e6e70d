/* What tokens stand for, by answers as Keystone gives them and by others. */
#include "auth/token.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define PROJECT "a4d31cb63d724fdc8ec96e3a41e47f71"
#define PROJECT_UUID "a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71"
#define USER                                                                                       \
    "\"user\":{\"domain\":{\"id\":\"default\",\"name\":\"Default\"},\"id\":\"u1\",\"name\":"       \
    "\"ann\"}"
#define TIMES                                                                                      \
    "\"issued_at\":\"2026-11-29T09:16:53.000000Z\",\"expires_at\":\"2026-11-29T10:16:53.000000Z\""
#define ROLES "\"roles\":[{\"id\":\"1\",\"name\":\"admin\"},{\"id\":\"2\",\"name\":\"member\"}]"
#define SCOPE "\"project\":{\"domain\":{\"id\":\"default\"},\"id\":\"" PROJECT "\",\"name\":\"p\"}"
#define TOKEN(members) "{\"token\":{\"methods\":[\"password\"]," members "}}"

enum {
    FULL = 1 << ROLE_FULL_ACCESS,
    READ = 1 << ROLE_READ_ONLY_ACCESS,
    OPERATE = 1 << ROLE_OPERATOR
};
static const int64_t expires_at_ms = 1795947413000;

static struct token_roles parse_roles(const char *text)
{
    struct token_roles roles;
    struct error err = {0};
    assert_int_equal(token_roles_parse(text_of(text), &roles, &err), 0);
    return roles;
}

static struct token read(const char *body)
{
    const struct token_roles roles =
        parse_roles("admin=operator,member=DCS FullAccess,reader=DCS ReadOnlyAccess");
    struct token token;
    struct error err = {0};
    if (token_read(text_of(body), &roles, &token, &err) < 0)
        fail_msg("%s: %s", body, err.text);
    return token;
}

static void test_role_maps(void **state)
{
    (void)state;
    struct token_roles roles =
        parse_roles(" admin = operator , a=DCS UserAccess,admin=DCS FullAccess ");
    assert_int_equal(roles.count, 3);
    assert_string_equal(roles.entries[0].name, "admin");
    assert_int_equal(roles.entries[0].role, ROLE_OPERATOR);
    assert_int_equal(roles.entries[1].role, ROLE_USER_ACCESS);
    assert_int_equal(roles.entries[2].role, ROLE_FULL_ACCESS);
    assert_int_equal(parse_roles("").count, 0);
}

static void test_role_maps_that_are_none(void **state)
{
    (void)state;
    char many[TOKEN_ROLES_MAX * 12 + 16] = "";
    char longer[TOKEN_ROLE_NAME_MAX + 32];
    for (int i = 0; i <= TOKEN_ROLES_MAX; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "%sa=operator", i ? "," : "");
    memset(longer, 'a', TOKEN_ROLE_NAME_MAX + 1);
    snprintf(longer + TOKEN_ROLE_NAME_MAX + 1, 16, "=operator");
    const char *const cases[] = {"admin",
                                 "=operator",
                                 ",",
                                 "a=",
                                 "a=root",
                                 "a=operator,",
                                 " ",
                                 "a=dcs fullaccess",
                                 "a=operator,,b=operator",
                                 many,
                                 longer};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct token_roles roles;
        struct error err = {0};
        assert_int_equal(token_roles_parse(text_of(cases[i]), &roles, &err), -1);
        assert_int_equal(err.code, ERROR_CONFIG);
    }
}

static void test_forms(void **state)
{
    (void)state;
    static char longest[TOKEN_TEXT_MAX + 1];
    memset(longest, 'x', sizeof(longest));
    static const char *const bad[] = {"", " ", "a b", "a\tb", "a\r\nb", "\x7f", "a\x80"};
    assert_true(token_is_well_formed(TEXT("gAAAAABrC-2F_=~!")));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(token_is_well_formed(text_of(bad[i])));
    assert_false(token_is_well_formed((struct text){"a\0b", 3}));
    assert_true(token_is_well_formed((struct text){longest, TOKEN_TEXT_MAX}));
    assert_false(token_is_well_formed((struct text){longest, TOKEN_TEXT_MAX + 1}));
}

static void test_scopes_and_roles(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum token_scope scope;
        unsigned roles;
    } cases[] = {
        {TOKEN(USER "," TIMES "," SCOPE "," ROLES), TOKEN_SCOPE_PROJECT, FULL},
        {TOKEN(USER "," TIMES "," SCOPE ",\"roles\":[{\"name\":\"reader\"}]"), TOKEN_SCOPE_PROJECT,
         READ},
        {TOKEN(USER "," TIMES "," SCOPE ",\"roles\":[{\"name\":\"Member\"},{},7,null]"),
         TOKEN_SCOPE_PROJECT, 0},
        {TOKEN(USER "," TIMES "," SCOPE), TOKEN_SCOPE_PROJECT, 0},
        {TOKEN(USER "," TIMES ",\"system\":{\"all\":true}," ROLES), TOKEN_SCOPE_SYSTEM, OPERATE},
        {TOKEN(USER "," TIMES ",\"system\":{\"all\":true},\"roles\":[{\"name\":\"member\"}]"),
         TOKEN_SCOPE_SYSTEM, 0},
        {TOKEN(USER "," TIMES ",\"system\":{\"all\":false}," ROLES), TOKEN_SCOPE_NONE, 0},
        {TOKEN(USER "," TIMES ",\"system\":{\"all\":\"true\"}," ROLES), TOKEN_SCOPE_NONE, 0},
        {TOKEN(USER "," TIMES ",\"domain\":{\"id\":\"default\"}," ROLES), TOKEN_SCOPE_NONE, 0},
        {TOKEN(USER "," TIMES "," ROLES), TOKEN_SCOPE_NONE, 0},
        {TOKEN(USER "," TIMES ",\"project\":{\"id\":\"default\"}," ROLES), TOKEN_SCOPE_NONE, 0},
        /* A project's token is never the system's. */
        {TOKEN(USER "," TIMES ",\"project\":{\"id\":\"x\"},\"system\":{\"all\":true}," ROLES),
         TOKEN_SCOPE_NONE, 0},
        {TOKEN(USER "," TIMES "," SCOPE ",\"system\":{\"all\":true}," ROLES), TOKEN_SCOPE_PROJECT,
         FULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct token token = read(cases[i].body);
        assert_true(token.is_known);
        assert_string_equal(token.user, "u1");
        assert_int_equal(token.expires_at_ms, expires_at_ms);
        assert_int_equal(token.scope, cases[i].scope);
        assert_int_equal(token.roles, cases[i].roles);
        assert_string_equal(token.project.text,
                            token.scope == TOKEN_SCOPE_PROJECT ? PROJECT_UUID : "");
    }
}

static void test_answers_that_are_none(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "<html>",
        "[]",
        "{}",
        "{\"token\":null}",
        "{\"token\":[]}",
        TOKEN(TIMES "," SCOPE),
        TOKEN("\"user\":{\"id\":\"\"}," TIMES),
        TOKEN("\"user\":{\"id\":7}," TIMES),
        TOKEN(USER "," SCOPE),
        TOKEN(USER ",\"expires_at\":null"),
        TOKEN(USER ",\"expires_at\":\"never\""),
        TOKEN(USER ",\"expires_at\":\"2026-11-29T10:16:53.000000+08:00\""),
        TOKEN(USER "," TIMES ",\"expires_at\":\"2027-11-29T10:16:53.000000Z\""),
        TOKEN(USER "," TIMES) "x",
    };
    const struct token_roles roles = parse_roles("");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct token token;
        struct error err = {0};
        assert_int_equal(token_read(text_of(cases[i]), &roles, &token, &err), -1);
        assert_int_equal(err.code, ERROR_UNAVAILABLE);
        assert_false(token.is_known);
    }
}

static void test_a_user_whose_id_is_long(void **state)
{
    (void)state;
    char body[1024], id[301] = "";
    memset(id, 'u', sizeof(id) - 1);
    snprintf(body, sizeof(body), "{\"token\":{\"user\":{\"id\":\"%s\"},%s}}", id, TIMES);
    struct token token = read(body);
    assert_int_equal(strlen(token.user), IDENTITY_NAME_MAX);
}

static void test_lifetimes(void **state)
{
    (void)state;
    struct error err = {0};
    int64_t lifetime_ms;
    assert_int_equal(token_read_lifetime(TEXT(TOKEN(USER "," TIMES)), &lifetime_ms, &err), 0);
    assert_int_equal(lifetime_ms, 3600000);
    assert_int_equal(token_read_lifetime(TEXT("{\"token\":{}}"), &lifetime_ms, &err), -1);
}

static void test_refusals(void **state)
{
    (void)state;
    assert_true(token_is_refusal(TEXT("{\"error\":{\"code\":404,\"title\":\"Not Found\"}}"), 404));
    assert_false(token_is_refusal(TEXT("{\"error\":{\"code\":401}}"), 404));
    assert_false(token_is_refusal(TEXT("{\"error\":{\"code\":\"404\"}}"), 404));
    assert_false(token_is_refusal(TEXT("{\"error\":404}"), 404));
    assert_false(token_is_refusal(TEXT("<html>404"), 404));
    assert_false(token_is_refusal(TEXT(""), 404));
}

static enum error_code check(const struct token *token, int64_t now_ms)
{
    struct error err = {0};
    int status = token_check(token, now_ms, &err);
    assert_int_equal(status, err.code == ERROR_NONE ? 0 : -1);
    return err.code;
}

static void test_checks_the_time(void **state)
{
    (void)state;
    const struct token unknown = {0};
    struct token token = read(TOKEN(USER "," TIMES "," SCOPE));
    assert_int_equal(check(&unknown, 0), ERROR_INVALID_TOKEN);
    assert_int_equal(check(&token, expires_at_ms - 1), ERROR_NONE);
    assert_int_equal(check(&token, expires_at_ms), ERROR_TOKEN_EXPIRED);
}

static enum error_code check_project(const char *body, const char *project)
{
    struct error err = {0};
    struct uuid uuid;
    struct token token = read(body);
    assert_int_equal(uuid_parse_any(text_of(project), &uuid), 0);
    int status = token_check_project(&token, &uuid, &err);
    assert_int_equal(status, err.code == ERROR_NONE ? 0 : -1);
    return err.code;
}

static void test_checks_the_project(void **state)
{
    (void)state;
    static const char mine[] = TOKEN(USER "," TIMES "," SCOPE);
    static const char other[] = "00000000000000000000000000000000";
    assert_int_equal(check_project(mine, PROJECT), ERROR_NONE);
    assert_int_equal(check_project(mine, PROJECT_UUID), ERROR_NONE);
    assert_int_equal(check_project(mine, other), ERROR_TOKEN_PROJECT);
    assert_int_equal(check_project(TOKEN(USER "," TIMES ",\"system\":{\"all\":true}"), PROJECT),
                     ERROR_TOKEN_PROJECT);
    assert_int_equal(check_project(TOKEN(USER "," TIMES), PROJECT), ERROR_TOKEN_PROJECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_role_maps),
        cmocka_unit_test(test_role_maps_that_are_none),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_scopes_and_roles),
        cmocka_unit_test(test_answers_that_are_none),
        cmocka_unit_test(test_a_user_whose_id_is_long),
        cmocka_unit_test(test_lifetimes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_checks_the_time),
        cmocka_unit_test(test_checks_the_project),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
