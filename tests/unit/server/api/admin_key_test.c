/* Administration of access keys, over plain structs. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "model/access_key_store.h"

#define V(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define INSTANCE "5560df16-cebf-4473-95c4-d1b573c16e79"

static struct keyring *keyring;
static struct api_context context;

/* The one file that a keyring comes from. */
static int load_keyring(void **state)
{
    (void)state;
    char path[] = "/tmp/dcs-key-XXXXXX";
    struct error err = {0};
    int file = mkstemp(path);
    if (file < 0 || dprintf(file, "%064d\n", 7) < 0 || close(file) < 0)
        return -1;
    int status = keyring_load(path, &keyring, &err);
    unlink(path);
    context.keyring = keyring;
    return status;
}

static int free_keyring(void **state)
{
    (void)state;
    keyring_free(keyring);
    return 0;
}

static int bind(struct api_request *request, enum http_method method, const char *body,
                struct pg_parameters *parameters, struct error *err)
{
    const char *path = method == HTTP_POST ? "/access-keys" : "/access-keys/{access_key_id}";
    *request = (struct api_request){
        .context = &context,
        .access_key_id = TEXT("ABCDEFGHIJ0123456789"),
        .if_match = TEXT("\"1\""),
    };
    return fixture_bind(request, fixture_operation(method, path), body, parameters, err);
}

static void assert_parameter(const struct pg_parameters *parameters, int index, const char *value)
{
    if (value)
        assert_string_equal(parameters->values[index - 1], value);
    else
        assert_null(parameters->values[index - 1]);
}

static void test_created_with(void **state)
{
    static const struct {
        const char *body, *role, *actions, *instances, *seconds, *moment;
    } cases[] = {
        {"", "DCS FullAccess", NULL, NULL, NULL, NULL},
        {"{}", "DCS FullAccess", NULL, NULL, NULL, NULL},
        {"{\"role\":\"DCS ReadOnlyAccess\"}", "DCS ReadOnlyAccess", NULL, NULL, NULL, NULL},
        {"{\"policy\":null}", "DCS FullAccess", NULL, NULL, NULL, NULL},
        {"{\"policy\":{\"actions\":[\"dcs:instance:list\",\"dcs:instance:analyze\"]}}",
         "DCS FullAccess", "dcs:instance:list,dcs:instance:analyze", NULL, NULL, NULL},
        {"{\"policy\":{\"instances\":[\"5560DF16-cebf-4473-95c4-d1b573c16e79\"]}}",
         "DCS FullAccess", NULL, INSTANCE, NULL, NULL},
        {"{\"expires_in\":604800}", "DCS FullAccess", NULL, NULL, "604800", NULL},
        {"{\"expires_at\":\"2026-11-22T17:09:23\"}", "DCS FullAccess", NULL, NULL, NULL,
         "2026-11-22T17:09:23.000Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_request request;
        struct pg_parameters parameters;
        struct error err;
        assert_int_equal(bind(&request, HTTP_POST, cases[i].body, &parameters, &err), 0);
        assert_int_equal(parameters.count, access_key_insert.parameter_count);
        assert_parameter(&parameters, 4, cases[i].role);
        assert_parameter(&parameters, 5, cases[i].actions);
        assert_parameter(&parameters, 6, cases[i].instances);
        assert_parameter(&parameters, 7, cases[i].seconds);
        assert_parameter(&parameters, 8, cases[i].moment);
        bool temporary = cases[i].seconds || cases[i].moment;
        assert_int_equal(parameters.values[8] != NULL, temporary);
        assert_int_equal(request.new_key.token[0] != '\0', temporary);
        /* What is stored is not what is shown. */
        if (temporary)
            assert_null(strstr(parameters.values[8], request.new_key.token));
        api_request_release(&request);
    }
}

/* 65 entries. */
static char *too_many(const char *name, const char *entry)
{
    static char body[8192];
    size_t used =
        (size_t)snprintf(body, sizeof(body), "{\"enabled\":true,\"policy\":{\"%s\":[", name);
    for (int i = 0; i < 65; i++)
        used += (size_t)snprintf(body + used, sizeof(body) - used, "%s\"%s\"", i ? "," : "", entry);
    snprintf(body + used, sizeof(body) - used, "]}}");
    return body;
}

static void check_refused(const char *body, const char *argument)
{
    static const enum http_method methods[] = {HTTP_POST, HTTP_PUT};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct api_request request;
        struct pg_parameters parameters;
        struct error err;
        assert_int_equal(bind(&request, methods[i], body, &parameters, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.public_argument, argument);
        api_request_release(&request);
    }
}

static void test_refused_bodies(void **state)
{
    static const struct {
        const char *members, *argument;
    } cases[] = {
        {"\"role\":\"tenant\"", "role"},
        {"\"role\":\"\"", "role"},
        {"\"role\":7", "role"},
        {"\"role\":null", "role"},
        {"\"policy\":7", "policy"},
        {"\"policy\":[]", "policy"},
        {"\"policy\":{\"actions\":[]}", "policy.actions"},
        {"\"policy\":{\"actions\":null}", "actions"},
        {"\"policy\":{\"actions\":[7]}", "policy.actions"},
        {"\"policy\":{\"actions\":[\"dcs:instance:format\"]}",
         "policy.actions: dcs:instance:format"},
        {"\"policy\":{\"actions\":[\"dcs:instance:list,dcs:instance:get\"]}",
         "policy.actions: dcs:instance:list,dcs:instance:get"},
        {"\"policy\":{\"actions\":[\"\"]}", "policy.actions: "},
        {"\"policy\":{\"actions\":["
         "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy\"]}",
         "policy.actions: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
        {"\"policy\":{\"instances\":[]}", "policy.instances"},
        {"\"policy\":{\"instances\":\"x\"}", "instances"},
        {"\"policy\":{\"instances\":[\"x\"]}", "policy.instances"},
        {"\"policy\":{\"instances\":[\"5560df16cebf447395c4d1b573c16e79\"]}", "policy.instances"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char body[512];
        snprintf(body, sizeof(body), "{\"enabled\":true,%s}", cases[i].members);
        check_refused(body, cases[i].argument);
    }
    check_refused(too_many("actions", "dcs:instance:list"), "policy.actions");
    check_refused(too_many("instances", INSTANCE), "policy.instances");
}

static void test_refused_endings(void **state)
{
    static const struct {
        const char *body, *argument;
    } cases[] = {
        {"{\"expires_in\":0}", "expires_in"},
        {"{\"expires_in\":604801}", "expires_in"},
        {"{\"expires_in\":1.5}", "expires_in"},
        {"{\"expires_in\":\"1\"}", "expires_in"},
        {"{\"expires_in\":null}", "expires_in"},
        {"{\"expires_at\":\"tomorrow\"}", "expires_at"},
        {"{\"expires_at\":7}", "expires_at"},
        {"{\"expires_in\":1,\"expires_at\":\"2026-11-22T17:09:23Z\"}",
         "expires_in: not with expires_at"},
        {"{\"role\":\"operator\"}", "role"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_request request;
        struct pg_parameters parameters;
        struct error err;
        assert_int_equal(bind(&request, HTTP_POST, cases[i].body, &parameters, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.public_argument, cases[i].argument);
        assert_int_equal(request.new_key.secret[0], 0);
        api_request_release(&request);
    }
}

static void test_updated_with(void **state)
{
    static const struct {
        const char *body, *enabled, *role, *keeps, *actions, *instances;
    } cases[] = {
        {"{\"enabled\":true}", "t", NULL, "t", NULL, NULL},
        {"{\"enabled\":false,\"role\":\"DCS UserAccess\"}", "f", "DCS UserAccess", "t", NULL, NULL},
        {"{\"enabled\":true,\"policy\":null}", "t", NULL, "f", NULL, NULL},
        {"{\"enabled\":true,\"policy\":{}}", "t", NULL, "f", NULL, NULL},
        {"{\"enabled\":true,\"policy\":{\"actions\":[\"admin:project:list\"]}}", "t", NULL, "f",
         "admin:project:list", NULL},
        {"{\"enabled\":true,\"policy\":{\"instances\":[\"" INSTANCE "\",\"" INSTANCE "\"]}}", "t",
         NULL, "f", NULL, INSTANCE "," INSTANCE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_request request;
        struct pg_parameters parameters;
        struct error err;
        assert_int_equal(bind(&request, HTTP_PUT, cases[i].body, &parameters, &err), 0);
        assert_int_equal(parameters.count, access_key_update.parameter_count);
        assert_int_equal(parameters.values[1][0], cases[i].enabled[0]);
        assert_parameter(&parameters, 3, "1");
        assert_parameter(&parameters, 4, cases[i].role);
        assert_int_equal(parameters.values[4][0], cases[i].keeps[0]);
        assert_parameter(&parameters, 6, cases[i].actions);
        assert_int_equal(parameters.values[6][0], cases[i].keeps[0]);
        assert_parameter(&parameters, 8, cases[i].instances);
        api_request_release(&request);
    }
}

static int render(const struct operation *operation, const struct pg_rows *rows,
                  struct api_reply *reply, struct error *err)
{
    struct api_request request = {.operation = operation};
    memcpy(request.new_key.id, "NEWKEY", 7);
    memcpy(request.new_key.secret, "SECRET", 7);
    memcpy(request.new_key.token, "TOKEN", 6);
    api_reply_init(reply);
    *err = (struct error){0};
    return operation->render(&request, rows, reply, err);
}

#define KEY_VALUES                                                                                 \
    V("ABCDEFGHIJ0123456789"), V("a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71"), V("shop"),               \
        V("DCS UserAccess"), V("2026-11-22 17:09:23+00"), {0}, V("1"), V("a:b,c:d"), V(INSTANCE),  \
        V("2026-11-22 18:09:23+00")
#define KEY_TEXT                                                                                   \
    "\"project_id\":\"a4d31cb63d724fdc8ec96e3a41e47f71\",\"role\":\"DCS UserAccess\","             \
    "\"policy\":{\"actions\":[\"a:b\",\"c:d\"],\"instances\":[\"" INSTANCE "\"]},"                 \
    "\"enabled\":true,\"created_at\":\"2026-11-22T17:09:23.000Z\","                                \
    "\"expires_at\":\"2026-11-22T18:09:23.000Z\"}"

static void test_replies(void **state)
{
    (void)state;
    const struct pg_value created[] = {V("created"), KEY_VALUES}, shown[] = {KEY_VALUES};
    const struct pg_rows created_rows = {1, COUNT_OF(created), created, NULL};
    const struct pg_rows shown_rows = {1, COUNT_OF(shown), shown, NULL};
    struct api_reply reply;
    struct error err;
    assert_int_equal(COUNT_OF(shown), ACCESS_KEY_COLUMN_COUNT);
    assert_int_equal(
        render(fixture_operation(HTTP_POST, "/access-keys"), &created_rows, &reply, &err), 0);
    assert_int_equal(reply.status, 201);
    assert_string_equal(reply.body.text, "{\"id\":\"ABCDEFGHIJ0123456789\",\"secret\":\"SECRET\","
                                         "\"security_token\":\"TOKEN\"," KEY_TEXT);
    assert_string_equal(reply.location, "/admin/v1/access-keys/NEWKEY");
    assert_string_equal(reply.etag, "\"1\"");
    api_reply_release(&reply);
    assert_int_equal(render(fixture_operation(HTTP_GET, "/access-keys/{access_key_id}"),
                            &shown_rows, &reply, &err),
                     0);
    assert_string_equal(reply.body.text, "{\"id\":\"ABCDEFGHIJ0123456789\"," KEY_TEXT);
    assert_string_equal(reply.etag, "\"1\"");
    api_reply_release(&reply);
}

static void test_outcomes(void **state)
{
    static const struct {
        enum http_method method;
        const char *outcome;
        enum error_code code;
        const char *argument;
    } cases[] = {
        {HTTP_POST, "no_project", ERROR_NO_SUCH_RESOURCE, "project"},
        {HTTP_POST, "actions", ERROR_INVALID_PARAMETER, "policy.actions"},
        {HTTP_POST, "instances", ERROR_INVALID_PARAMETER, "policy.instances"},
        {HTTP_POST, "expiry", ERROR_INVALID_PARAMETER, "expires_at"},
        {HTTP_PUT, "no_key", ERROR_NO_SUCH_RESOURCE, "access key"},
        {HTTP_PUT, "version", ERROR_PRECONDITION_FAILED, ""},
        {HTTP_PUT, "role", ERROR_INVALID_PARAMETER, "role"},
        {HTTP_PUT, "actions", ERROR_INVALID_PARAMETER, "policy.actions"},
        {HTTP_PUT, "instances", ERROR_INVALID_PARAMETER, "policy.instances"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pg_value values[1 + ACCESS_KEY_COLUMN_COUNT] = {
            {cases[i].outcome, (int)strlen(cases[i].outcome)}};
        const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
        const char *path =
            cases[i].method == HTTP_POST ? "/access-keys" : "/access-keys/{access_key_id}";
        struct api_reply reply;
        struct error err;
        assert_int_equal(render(fixture_operation(cases[i].method, path), &rows, &reply, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.public_argument, cases[i].argument);
        api_reply_release(&reply);
    }
}

static void test_key_ids(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "short", "ABCDEFGHIJ01234567890",
                                      "ABCDEFGHIJ012345678\xff"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct api_request request = {.access_key_id = text_of(bad[i])};
        struct pg_parameters parameters;
        struct error err;
        assert_int_equal(fixture_bind(&request,
                                      fixture_operation(HTTP_GET, "/access-keys/{access_key_id}"),
                                      "", &parameters, &err),
                         -1);
        assert_int_equal(err.code, ERROR_NO_SUCH_RESOURCE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created_with),    cmocka_unit_test(test_refused_bodies),
        cmocka_unit_test(test_refused_endings), cmocka_unit_test(test_updated_with),
        cmocka_unit_test(test_replies),         cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_key_ids),
    };
    return cmocka_run_group_tests(tests, load_keyring, free_keyring);
}
