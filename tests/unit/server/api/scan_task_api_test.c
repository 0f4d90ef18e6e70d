/* bind and render of the operations on tasks, over plain structs. */
#include "api/operation.h"

#include <stdlib.h>
#include <string.h>

#include "model/scan_task_store.h"
#include "unit.h"

/* Where an action has two operations, the first of the table. */
static const struct operation *find_operation(const char *action)
{
    for (size_t i = 0; i < operation_count; i++) {
        if (strcmp(operations[i].action, action) == 0)
            return &operations[i];
    }
    fail_msg("no operation %s", action);
    return NULL;
}

#define V(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define TASK_VALUES                                                                                \
    V("t"), V("i"), V("success"), V("manual"), V("2"), V("2026-11-22 17:09:23.1+00"),              \
        V("2026-11-22 17:09:24+00"), V("2026-11-22 17:09:25.123456+00")

static char *render(const char *action, const struct pg_rows *rows, int *ret_status,
                    struct error *err)
{
    struct api_request request = {.operation = find_operation(action)};
    struct api_reply reply;
    size_t length;
    memcpy(request.instance.text, "i", 2);
    api_reply_init(&reply);
    int status = request.operation->render(&request, rows, &reply, err);
    *ret_status = status < 0 ? -1 : reply.status;
    char *text = json_writer_take(&reply.body, &length);
    api_reply_release(&reply);
    return text;
}

static void check_body(const char *action, const struct pg_rows *rows, int expected_status,
                       const char *expected)
{
    struct error err = {0};
    int status;
    char *text = render(action, rows, &status, &err);
    assert_int_equal(status, expected_status);
    assert_string_equal(text, expected);
    free(text);
}

static void check_refused(const char *action, const struct pg_rows *rows, enum error_code code)
{
    struct error err = {0};
    int status;
    free(render(action, rows, &status, &err));
    assert_int_equal(status, -1);
    assert_int_equal(err.code, code);
}

static void test_detail(void **state)
{
    (void)state;
    const struct pg_value values[] = {V("found"), TASK_VALUES, V("[{\"name\":\"k\"}]")};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    static const char expected[] =
        "{\"id\":\"t\",\"instance_id\":\"i\",\"status\":\"success\",\"scan_type\":\"manual\","
        "\"created_at\":\"2026-11-22T17:09:23.100Z\",\"started_at\":\"2026-11-22T17:09:24.000Z\","
        "\"finished_at\":\"2026-11-22T17:09:25.123Z\",\"num\":2,\"keys\":[{\"name\":\"k\"}]}";
    check_body("dcs:instance:getBigKey", &rows, 200, expected);
    const struct pg_value gone[] = {V("deleted"), TASK_VALUES, V("[{\"name\":\"k\"}]")};
    const struct pg_rows gone_rows = {1, COUNT_OF(gone), gone, NULL};
    check_body("dcs:instance:deleteBigKeyScanTask", &gone_rows, 200, expected);
}

static void test_members_without_value_are_left_out(void **state)
{
    (void)state;
    const struct pg_value values[] = {
        V("created"),
        V("t"),
        V("i"),
        V("waiting"),
        V("manual"),
        V("0"),
        V("2026-11-22 17:09:23+00"),
        {0},
        {0},
        {0},
        V("1"),
    };
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    check_body(
        "dcs:instance:analyzeBigKey", &rows, 200,
        "{\"id\":\"t\",\"instance_id\":\"i\",\"status\":\"waiting\",\"scan_type\":\"manual\","
        "\"created_at\":\"2026-11-22T17:09:23.000Z\",\"num\":0}");
    check_body(
        "dcs:instance:analyzeExpiredKey", &rows, 200,
        "{\"id\":\"t\",\"instance_id\":\"i\",\"status\":\"waiting\",\"scan_type\":\"manual\","
        "\"created_at\":\"2026-11-22T17:09:23.000Z\"}");
}

static void test_outcomes(void **state)
{
    (void)state;
    static const struct {
        const char *action, *outcome;
        enum error_code code;
    } cases[] = {
        {"dcs:instance:analyzeBigKey", "not_running", ERROR_INSTANCE_NOT_RUNNING},
        {"dcs:instance:analyzeBigKey", "unsupported", ERROR_BIGKEY_UNSUPPORTED},
        {"dcs:instance:analyzeBigKey", "busy", ERROR_BIGKEY_RUNNING},
        {"dcs:instance:analyzeExpiredKey", "unsupported", ERROR_EXPIRED_UNSUPPORTED},
        {"dcs:instance:analyzeExpiredKey", "busy", ERROR_TASK_STILL_RUNNING},
        {"dcs:instance:analyzeBigKey", "mismatch", ERROR_REQUEST_KEY_REUSED},
        {"dcs:instance:analyzeBigKey", "no_task", ERROR_UNKNOWN_BIGKEY_TASK},
        {"dcs:instance:analyzeBigKey", "retry", ERROR_DATABASE_CONFLICT},
        {"dcs:instance:analyzeHotKey", "unsupported", ERROR_HOTKEY_UNSUPPORTED},
        {"dcs:instance:analyzeHotKey", "busy", ERROR_TASK_STILL_RUNNING},
        {"dcs:instance:getBigKey", "no_task", ERROR_UNKNOWN_BIGKEY_TASK},
        {"dcs:instance:getHotKey", "no_task", ERROR_UNKNOWN_HOTKEY_TASK},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct pg_value values[] = {{cases[i].outcome, (int)strlen(cases[i].outcome)},
                                          {0},
                                          {0},
                                          {0},
                                          {0},
                                          {0},
                                          {0},
                                          {0},
                                          {0},
                                          {0}};
        const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
        check_refused(cases[i].action, &rows, cases[i].code);
    }
    const struct pg_rows none = {0, 10, NULL, NULL};
    for (size_t i = 0; i < operation_count; i++) {
        if (operations[i].kind && !operations[i].for_operators)
            check_refused(operations[i].action, &none, ERROR_UNKNOWN_INSTANCE);
    }
}

static void test_deleting_nothing(void **state)
{
    (void)state;
    const struct pg_value values[] = {V("no_task"), {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    check_body("dcs:instance:deleteBigKeyScanTask", &rows, 204, "");
}

static void test_lists(void **state)
{
    (void)state;
    const struct pg_value values[] = {V("7"), V("40"), TASK_VALUES};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    check_body(
        "dcs:instance:listBigKey", &rows, 200,
        "{\"instance_id\":\"i\",\"count\":7,\"records\":[{\"id\":\"t\",\"status\":\"success\","
        "\"scan_type\":\"manual\",\"created_at\":\"2026-11-22T17:09:23.100Z\","
        "\"started_at\":\"2026-11-22T17:09:24.000Z\","
        "\"finished_at\":\"2026-11-22T17:09:25.123Z\"}]}");
    check_body("dcs:instance:getAutoExpiredKeyScanTask", &rows, 200,
               "{\"instance_id\":\"i\",\"count\":7,\"total\":40,\"records\":[{\"id\":\"t\","
               "\"instance_id\":\"i\",\"status\":\"success\",\"scan_type\":\"manual\",\"num\":2,"
               "\"created_at\":\"2026-11-22T17:09:23.100Z\","
               "\"started_at\":\"2026-11-22T17:09:24.000Z\","
               "\"finished_at\":\"2026-11-22T17:09:25.123Z\"}]}");
    const struct pg_value empty[] = {V("0"), V("0"), {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
    const struct pg_rows no_rows = {1, COUNT_OF(empty), empty, NULL};
    check_body("dcs:instance:listBigKey", &no_rows, 200,
               "{\"instance_id\":\"i\",\"count\":0,\"records\":[]}");
}

static int bind_list(const char *query, struct pg_parameters *parameters, struct error *err)
{
    static struct api_request request;
    request = (struct api_request){.operation = find_operation("dcs:instance:listBigKey")};
    assert_int_equal(api_query_parse(text_of(query), &request.query, err), 0);
    pg_parameters_init(parameters);
    return request.operation->bind(&request, parameters, err);
}

static void test_bind_list(void **state)
{
    (void)state;
    struct pg_parameters parameters;
    struct error err = {0};
    assert_int_equal(bind_list("status=failed&offset=3&limit=1000", &parameters, &err), 0);
    assert_int_equal(parameters.count, scan_task_list.parameter_count);
    assert_string_equal(parameters.values[2], "bigkey");
    assert_string_equal(parameters.values[3], "failed");
    assert_string_equal(parameters.values[4], "3");
    assert_string_equal(parameters.values[5], "1000");
    assert_int_equal(bind_list("", &parameters, &err), 0);
    assert_null(parameters.values[3]);
    assert_string_equal(parameters.values[4], "0");
    assert_string_equal(parameters.values[5], "10");
    static const char *const refused[][2] = {
        {"status=done", "status"}, {"status=", "status"},    {"limit=0", "limit"},
        {"offset=-1", "offset"},   {"offset=1e9", "offset"},
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct error failure = {0};
        assert_int_equal(bind_list(refused[i][0], &parameters, &failure), -1);
        assert_int_equal(failure.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(failure.public_argument, refused[i][1]);
    }
}

static const unsigned char token[32];

static void test_bind_create(void **state)
{
    (void)state;
    struct api_request request = {.operation = find_operation("dcs:instance:analyzeBigKey"),
                                  .signature_token = token,
                                  .fingerprint = token};
    struct pg_parameters parameters;
    struct error err = {0};
    pg_parameters_init(&parameters);
    assert_int_equal(request.operation->bind(&request, &parameters, &err), 0);
    assert_int_equal(parameters.count, scan_task_create.parameter_count);
    assert_int_equal(strlen(parameters.values[4]), 2 + 2 * sizeof(token));
    assert_null(parameters.values[5]);
    assert_null(parameters.values[7]);
    request.trace_parent = "00-";
    pg_parameters_init(&parameters);
    assert_int_equal(request.operation->bind(&request, &parameters, &err), 0);
    assert_string_equal(parameters.values[7], "00-");
}

static const struct operation *find_export(void)
{
    for (size_t i = 0; i < operation_count; i++) {
        if (strstr(operations[i].path, "/export"))
            return &operations[i];
    }
    return NULL;
}

static void test_export(void **state)
{
    (void)state;
    const struct pg_value values[] = {
        V("found"), TASK_VALUES,
        V("[{\"name\":\"a,\\\"b\\\"\\u0000\",\"type\":\"hash\",\"db\":3,\"size\":7,"
          "\"unit\":\"count\",\"freq\":255,\"shard\":\"10.0.0.1:6379\"},"
          "{\"name\":\"=1\",\"type\":\"string\",\"db\":0,\"size\":1,\"unit\":\"byte\",\"freq\":0}"
          "]")};
    static const char expected[] =
        "name,type,size,unit,freq,db,shard\r\n"
        "\"a,\"\"b\"\"\0\",\"hash\",7,\"count\",255,3,\"10.0.0.1:6379\"\r\n"
        "\"=1\",\"string\",1,\"byte\",0,0,\"\"\r\n";
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    struct api_request request = {.operation = find_export()};
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(request.operation->render(&request, &rows, &reply, &err), 0);
    assert_int_equal(reply.body.length, sizeof(expected) - 1);
    assert_memory_equal(reply.body.text, expected, sizeof(expected) - 1);
    assert_string_equal(reply.content_type, "text/csv; charset=utf-8");
    assert_string_equal(reply.disposition, "attachment; filename=\"hotkey-t.csv\"");
    api_reply_release(&reply);
}

static void test_export_of_a_task_that_has_not_succeeded(void **state)
{
    (void)state;
    const struct pg_value values[] = {V("found"),
                                      V("t"),
                                      V("i"),
                                      V("running"),
                                      V("manual"),
                                      V("0"),
                                      V("2026-11-22 17:09:23+00"),
                                      V("2026-11-22 17:09:23+00"),
                                      {0},
                                      {0}};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    struct api_request request = {.operation = find_export()};
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(request.operation->render(&request, &rows, &reply, &err), -1);
    assert_int_equal(err.code, ERROR_TASK_STATE);
    api_reply_release(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_members_without_value_are_left_out),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_deleting_nothing),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bind_list),
        cmocka_unit_test(test_bind_create),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_export_of_a_task_that_has_not_succeeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
