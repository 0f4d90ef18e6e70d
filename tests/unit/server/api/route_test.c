/* Routes: exact segments, decoded one by one; ids are checked after the credential. */
#include "api/route.h"

#include <string.h>

#include "unit.h"

#define PROJECT "a4d31cb63d724fdc8ec96e3a41e47f71"
#define INSTANCE "5560df16-cebf-4473-95c4-d1b573c16e79"
#define TASK "858ee14c-2271-4489-8b82-7bda7459ae3e"
#define I "/v2/" PROJECT "/instances/" INSTANCE

static void test_finds(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *action;
    } cases[] = {
        {"POST", I "/bigkey-task", "dcs:instance:analyzeBigKey"},
        {"GET", I "/bigkey-tasks", "dcs:instance:listBigKey"},
        {"GET", I "/bigkey-task/" TASK, "dcs:instance:getBigKey"},
        {"HEAD", I "/bigkey-task/" TASK "/", "dcs:instance:getBigKey"},
        {"DELETE", I "/bigkey-task/" TASK, "dcs:instance:deleteBigKeyScanTask"},
        {"POST", I "/scan-expire-keys-task", "dcs:instance:analyzeExpiredKey"},
        {"POST", I "/auto-expire/scan", "dcs:instance:analyzeExpiredKey"},
        {"GET", I "/auto-expire/histories", "dcs:instance:getAutoExpiredKeyScanTask"},
        {"GET", "/v2/" PROJECT "/instances", "dcs:instance:list"},
        {"GET", "/%762/" PROJECT "/instances/%35560df16-cebf-4473-95c4-d1b573c16e79",
         "dcs:instance:get"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct route_match match = {0};
        struct api_request request = {0};
        struct error err = {0};
        assert_int_equal(route_find(text_of(cases[i].method), text_of(cases[i].path), &match, &err),
                         0);
        assert_string_equal(match.operation->action, cases[i].action);
        assert_int_equal(route_read_ids(&match, &request, &err), 0);
        assert_string_equal(request.project.text, "a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71");
    }
}

static void test_refuses_paths(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        enum error_code code;
        const char *allow;
    } cases[] = {
        {"GET", "", ERROR_UNKNOWN_PATH, ""},
        {"GET", "/", ERROR_UNKNOWN_PATH, ""},
        {"GET", "*", ERROR_UNKNOWN_PATH, ""},
        {"GET", "http://host/v2", ERROR_UNKNOWN_PATH, ""},
        {"GET", "/v2", ERROR_UNKNOWN_PATH, ""},
        {"GET", "/v2//instances", ERROR_UNKNOWN_PATH, ""},
        {"GET", I "//bigkey-tasks", ERROR_UNKNOWN_PATH, ""},
        {"GET", I "/bigkey-tasks//", ERROR_UNKNOWN_PATH, ""},
        {"GET", I "/bigkey-tasks%2f", ERROR_UNKNOWN_PATH, ""},
        {"GET", I "/bigkey-tasks%00", ERROR_UNKNOWN_PATH, ""},
        {"GET", I "/bigkey-tasks%", ERROR_UNKNOWN_PATH, ""},
        {"GET", I "/./bigkey-tasks", ERROR_UNKNOWN_PATH, ""},
        {"PUT", I "/bigkey-tasks", ERROR_METHOD_NOT_ALLOWED, "GET, HEAD"},
        {"get", I "/bigkey-tasks", ERROR_METHOD_NOT_ALLOWED, "GET, HEAD"},
        {"PATCH", I "/bigkey-task/" TASK, ERROR_METHOD_NOT_ALLOWED, "GET, HEAD, DELETE"},
        {"HEAD", I "/bigkey-task", ERROR_METHOD_NOT_ALLOWED, "POST"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct route_match match = {0};
        struct error err = {0};
        assert_int_equal(route_find(text_of(cases[i].method), text_of(cases[i].path), &match, &err),
                         -1);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(match.allow, cases[i].allow);
    }
    char deep[ROUTE_SEGMENT_MAX * 8] = "/v2/";
    memset(deep + 4, 'a', sizeof(deep) - 4);
    struct route_match match = {0};
    struct error err = {0};
    assert_int_equal(route_find(TEXT("GET"), (struct text){deep, sizeof(deep)}, &match, &err), -1);
}

static void test_refuses_ids(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum error_code code;
    } cases[] = {
        {"/v2/x/instances/" INSTANCE "/bigkey-task/" TASK, ERROR_INVALID_PROJECT_ID},
        {"/v2/" PROJECT "0/instances/" INSTANCE "/bigkey-task/" TASK, ERROR_INVALID_PROJECT_ID},
        {"/v2/" PROJECT "/instances/" PROJECT "/bigkey-task/" TASK, ERROR_INVALID_INSTANCE_ID},
        {"/v2/" PROJECT "/instances/" INSTANCE "%00/bigkey-task/" TASK, ERROR_INVALID_INSTANCE_ID},
        {"/v2/" PROJECT "/instances/%00/bigkey-task/" TASK, ERROR_INVALID_INSTANCE_ID},
        {I "%2Fbigkey-tasks", ERROR_INVALID_INSTANCE_ID},
        {I "/bigkey-task/1", ERROR_INVALID_TASK_ID},
        {I "/bigkey-task/858ee14c-2271-4489-8b82-7bda7459ae3g", ERROR_INVALID_TASK_ID},
        {I "/bigkey-task/%ff", ERROR_INVALID_TASK_ID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct route_match match = {0};
        struct api_request request = {0};
        struct error err = {0};
        assert_int_equal(route_find(TEXT("GET"), text_of(cases[i].path), &match, &err), 0);
        assert_int_equal(route_read_ids(&match, &request, &err), -1);
        assert_int_equal(err.code, cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_refuses_paths),
        cmocka_unit_test(test_refuses_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
