/* Administration of projects, over plain structs. */
#include "fixture.h"
#include "model/project_store.h"

#define PROJECTS "/admin/v1/projects"
#define V(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define PROJECT_VALUES                                                                             \
    V("a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71"), V("shop"), V("2026-11-22 17:09:23+00"),             \
        V("2026-11-22 17:09:24+00"), V("2"), V("1"), V("7"), V("50"), {0}, V("0")
#define PROJECT_TEXT                                                                               \
    "{\"id\":\"a4d31cb63d724fdc8ec96e3a41e47f71\",\"name\":\"shop\",\"instances\":2,"              \
    "\"access_keys\":1,\"instances_max\":50,\"schedule_entries_max\":0,\"created_at\":\"2026-11-"  \
    "22T17:09:23.000Z\","                                                                          \
    "\"updated_at\":\"2026-11-22T17:09:24.000Z\"}"

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"{\"name\":\"shop \\\"<b>\\\" \\u00e9\"}", 0},
        {"{\"name\":\"\"}", -1},
        {"{\"name\":null}", -1},
        {"{\"name\":5}", -1},
        {"{}", -1},
        {"{\"name\":\"a\\nb\"}", -1},
        {"{\"name\":\"a4d31cb63d724fdc8ec96e3a41e47f71\"}", -1},
        {"{\"name\":\"0123456789012345678901234567890123456789012345678901234567890123\"}", 0},
        {"{\"name\":\"01234567890123456789012345678901234567890123456789012345678901234\"}", -1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_request request = {0};
        struct pg_parameters parameters;
        struct error err;
        assert_int_equal(fixture_bind(&request, fixture_operation(HTTP_POST, PROJECTS),
                                      cases[i].body, &parameters, &err),
                         cases[i].status);
        if (cases[i].status < 0)
            assert_string_equal(err.public_argument, "name");
        else
            assert_int_equal(parameters.count, project_insert.parameter_count);
        api_request_release(&request);
    }
}

static void test_quotas(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *quotas[3]; /* the first one is null where the body is refused */
    } cases[] = {
        {"{\"name\":\"a\"}", {"-1", "-1", "-1"}},
        {"{\"name\":\"a\",\"instances_max\":0,\"scans_max\":null}", {"0", NULL, "-1"}},
        {"{\"name\":\"a\",\"instances_max\":7,\"scans_max\":8,\"schedule_entries_max\":1000000}",
         {"7", "8", "1000000"}},
        {"{\"name\":\"a\",\"instances_max\":-1}", {NULL}},
        {"{\"name\":\"a\",\"scans_max\":1000001}", {NULL}},
        {"{\"name\":\"a\",\"scans_max\":\"1\"}", {NULL}},
        {"{\"name\":\"a\",\"schedule_entries_max\":1.5}", {NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_request request = {0};
        struct pg_parameters parameters;
        struct error err;
        int status = fixture_bind(&request, fixture_operation(HTTP_POST, PROJECTS), cases[i].body,
                                  &parameters, &err);
        assert_int_equal(status, cases[i].quotas[0] ? 0 : -1);
        for (int quota = 0; status == 0 && quota < 3; quota++) {
            const char *bound = parameters.values[2 + quota];
            assert_int_equal(bound == NULL, cases[i].quotas[quota] == NULL);
            if (bound)
                assert_string_equal(bound, cases[i].quotas[quota]);
        }
        api_request_release(&request);
    }
}

static void test_ids(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *expected; /* null: refused */
    } cases[] = {
        {"\"a4d31cb63d724fdc8ec96e3a41e47f71\"", "a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71"},
        {"\"A4D31CB6-3D72-4fdc-8ec9-6e3a41e47f71\"", "a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71"},
        {"\"a4d31cb63d724fdc8ec96e3a41e47f7\"", NULL},
        {"\"default\"", NULL},
        {"\"\"", NULL},
        {"null", NULL},
        {"7", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_request request = {0};
        struct pg_parameters parameters;
        struct error err;
        char body[128];
        snprintf(body, sizeof(body), "{\"name\":\"shop\",\"id\":%s}", cases[i].id);
        int status =
            fixture_bind(&request, fixture_operation(HTTP_POST, PROJECTS), body, &parameters, &err);
        assert_int_equal(status, cases[i].expected ? 0 : -1);
        if (cases[i].expected)
            assert_string_equal(request.new_id.text, cases[i].expected);
        else
            assert_string_equal(err.public_argument, "id");
        api_request_release(&request);
    }
}

static int bind_update(const char *tag, struct error *err)
{
    struct api_request request = {.if_match = {tag, tag ? strlen(tag) : 0}};
    struct pg_parameters parameters;
    int status = fixture_bind(&request, fixture_operation(HTTP_PUT, "/projects/{project_id}"),
                              "{\"name\":\"a\"}", &parameters, err);
    if (status == 0)
        assert_int_equal(parameters.count, project_update.parameter_count);
    api_request_release(&request);
    return status;
}

static void test_versions(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(bind_update("\"7\"", &err), 0);
    assert_int_equal(bind_update(NULL, &err), -1);
    assert_int_equal(err.code, ERROR_PRECONDITION_REQUIRED);
    static const char *const bad[] = {"7", "*", "\"\"", "W/\"7\"", "\"7\", \"8\"", "\"x\""};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(bind_update(bad[i], &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
    }
}

static int render(const struct operation *operation, const struct pg_rows *rows,
                  struct api_reply *reply, struct error *err)
{
    struct api_request request = {.operation = operation, .new_id = {"new"}};
    api_reply_init(reply);
    *err = (struct error){0};
    return operation->render(&request, rows, reply, err);
}

static void test_project_replies(void **state)
{
    (void)state;
    const struct pg_value one[] = {PROJECT_VALUES};
    const struct pg_rows one_row = {1, PROJECT_COLUMN_COUNT, one, NULL};
    struct api_reply reply;
    struct error err;
    assert_int_equal(
        render(fixture_operation(HTTP_GET, "/projects/{project_id}"), &one_row, &reply, &err), 0);
    assert_string_equal(reply.body.text, PROJECT_TEXT);
    assert_string_equal(reply.etag, "\"7\"");
    api_reply_release(&reply);

    assert_int_equal(render(fixture_operation(HTTP_POST, PROJECTS), &one_row, &reply, &err), 0);
    assert_int_equal(reply.status, 201);
    assert_string_equal(reply.location, PROJECTS "/new");
    api_reply_release(&reply);

    const struct pg_value listed[] = {V("9"), PROJECT_VALUES};
    const struct pg_rows list = {1, COUNT_OF(listed), listed, NULL};
    assert_int_equal(render(fixture_operation(HTTP_GET, PROJECTS), &list, &reply, &err), 0);
    assert_string_equal(reply.body.text, "{\"count\":9,\"projects\":[" PROJECT_TEXT "]}");
    api_reply_release(&reply);

    const struct pg_rows none = {0, PROJECT_COLUMN_COUNT, NULL, NULL};
    assert_int_equal(
        render(fixture_operation(HTTP_GET, "/projects/{project_id}"), &none, &reply, &err), -1);
    assert_int_equal(err.code, ERROR_NO_SUCH_RESOURCE);
    api_reply_release(&reply);
    assert_int_equal(
        render(fixture_operation(HTTP_DELETE, "/projects/{project_id}"), &one_row, &reply, &err),
        0);
    assert_int_equal(reply.status, 204);
    api_reply_release(&reply);
}

static void test_update_outcomes(void **state)
{
    (void)state;
    static const struct {
        const char *outcome;
        enum error_code code;
    } cases[] = {{"version", ERROR_PRECONDITION_FAILED}, {"no_project", ERROR_NO_SUCH_RESOURCE}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pg_value values[1 + PROJECT_COLUMN_COUNT] = {
            {cases[i].outcome, (int)strlen(cases[i].outcome)}};
        const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
        struct api_reply reply;
        struct error err;
        assert_int_equal(
            render(fixture_operation(HTTP_PUT, "/projects/{project_id}"), &rows, &reply, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        api_reply_release(&reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_quotas),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_project_replies),
        cmocka_unit_test(test_update_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
