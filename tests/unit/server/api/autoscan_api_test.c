/* Autoscan bodies: every malformation is refused by name, and what is stored is answered. */
#include "fixture.h"
#include "model/autoscan_store.h"

static const struct api_context context = {.expired_batch_keys_max = 1000};

static int bind(const char *ending, const char *body, struct pg_parameters *parameters,
                struct error *err)
{
    static struct api_request request;
    api_request_release(&request);
    request = (struct api_request){.context = &context};
    return fixture_bind(&request, fixture_operation(HTTP_PUT, ending), body, parameters, err);
}

static void test_times(void **state)
{
    (void)state;
    struct pg_parameters parameters;
    struct error err;
    assert_int_equal(
        bind("/bigkey/autoscan",
             "{\"enable_auto_scan\":true,\"schedule_at\":[\"23:59\",\"00:00\",\"07:30\","
             "\"07:30\"],\"more\":1}",
             &parameters, &err),
        0);
    assert_int_equal(parameters.count, autoscan_write_times.parameter_count);
    assert_string_equal(parameters.values[2], "bigkey");
    assert_string_equal(parameters.values[3], "t");
    assert_string_equal(parameters.values[4], "{0,450,1439}");
    assert_int_equal(bind("/hotkey/autoscan", "{\"enable_auto_scan\":false,\"schedule_at\":[]}",
                          &parameters, &err),
                     0);
    assert_string_equal(parameters.values[2], "hotkey");
    assert_string_equal(parameters.values[4], "{}");
}

struct refusal {
    const char *body;
    enum error_code code;
    const char *named;
};

static void check_refusals(const char *ending, const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pg_parameters parameters;
        struct error err;
        if (bind(ending, cases[i].body, &parameters, &err) != -1)
            fail_msg("accepted: %s", cases[i].body);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.public_argument, cases[i].named);
    }
}

#define TIMES(list) "{\"enable_auto_scan\":true,\"schedule_at\":" list "}"

static void test_times_refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"", ERROR_EMPTY_BODY, ""},
        {"{", ERROR_BODY_NOT_JSON, ""},
        {"[]", ERROR_BODY_NOT_JSON, ""},
        {"\xef\xbb\xbf{}", ERROR_BODY_NOT_JSON, ""},
        {"{\"enable_auto_scan\":true,\"enable_auto_scan\":true,\"schedule_at\":[]}",
         ERROR_BODY_NOT_JSON, ""},
        {"{}", ERROR_INVALID_PARAMETER, "enable_auto_scan"},
        {"{\"enable_auto_scan\":true}", ERROR_INVALID_PARAMETER, "schedule_at"},
        {"{\"enable_auto_scan\":null,\"schedule_at\":[]}", ERROR_INVALID_PARAMETER,
         "enable_auto_scan"},
        {"{\"enable_auto_scan\":\"true\",\"schedule_at\":[]}", ERROR_INVALID_PARAMETER,
         "enable_auto_scan"},
        {TIMES("null"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("\"07:30\""), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[730]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[null]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"\"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"7:30\"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"24:00\"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"23:60\"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"-1:00\"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"07-30\"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"07:30 \"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"07:30Z\"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"\\uff10\\uff17:30\"]"), ERROR_INVALID_PARAMETER, "schedule_at"},
        {TIMES("[\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\","
               "\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\","
               "\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\",\"00:00\","
               "\"00:00\"]"),
         ERROR_INVALID_PARAMETER, "schedule_at"},
    };
    check_refusals("/bigkey/autoscan", cases, COUNT_OF(cases));
}

#define INTERVAL(first, interval, timeout, keys)                                                   \
    "{\"enable_auto_scan\":true,\"first_scan_at\":" first ",\"interval\":" interval                \
    ",\"timeout\":" timeout ",\"scan_keys_count\":" keys "}"
#define FIRST "\"2030-01-02T03:04:05Z\""

static void test_interval(void **state)
{
    (void)state;
    struct pg_parameters parameters;
    struct error err;
    assert_int_equal(bind("/autoscan-config", INTERVAL(FIRST, "0", "2", "1000"), &parameters, &err),
                     0);
    assert_int_equal(parameters.count, autoscan_write_interval.parameter_count);
    assert_string_equal(parameters.values[4], "2030-01-02T03:04:05.000Z");
    assert_string_equal(parameters.values[5], "0");
    assert_int_equal(bind("/autoscan-config",
                          INTERVAL("\"2030-01-02T03:04:05.5z\"", "3600", "7200", "10"), &parameters,
                          &err),
                     0);
    assert_string_equal(parameters.values[4], "2030-01-02T03:04:05.500Z");
    assert_int_equal(bind("/autoscan-config", "{\"enable_auto_scan\":false,\"interval\":null}",
                          &parameters, &err),
                     0);
    for (int i = 4; i < 8; i++)
        assert_null(parameters.values[i]);
}

static void test_interval_refused(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"enable_auto_scan\":true}", ERROR_INVALID_PARAMETER, "first_scan_at"},
        {"{\"enable_auto_scan\":true,\"first_scan_at\":" FIRST "}", ERROR_INVALID_PARAMETER,
         "interval"},
        {INTERVAL("null", "1", "2", "10"), ERROR_INVALID_PARAMETER, "first_scan_at"},
        {INTERVAL("5", "1", "2", "10"), ERROR_INVALID_PARAMETER, "first_scan_at"},
        {INTERVAL(FIRST, "1.5", "2", "10"), ERROR_INVALID_PARAMETER, "interval"},
        {INTERVAL(FIRST, "\"1\"", "2", "10"), ERROR_INVALID_PARAMETER, "interval"},
        {INTERVAL(FIRST, "2147483648", "2", "10"), ERROR_INVALID_PARAMETER, "interval"},
        {INTERVAL(FIRST, "1", "null", "10"), ERROR_INVALID_PARAMETER, "timeout"},
        {INTERVAL(FIRST, "1", "2", "true"), ERROR_INVALID_PARAMETER, "scan_keys_count"},
        {INTERVAL("\"\"", "1", "2", "10"), ERROR_INVALID_FIRST_SCAN_AT, ""},
        {INTERVAL("\"2030-01-02 03:04:05Z\"", "1", "2", "10"), ERROR_INVALID_FIRST_SCAN_AT, ""},
        {INTERVAL("\"2030-01-02T03:04:05+00:00\"", "1", "2", "10"), ERROR_INVALID_FIRST_SCAN_AT,
         ""},
        {INTERVAL("\"2030-02-29T03:04:05Z\"", "1", "2", "10"), ERROR_INVALID_FIRST_SCAN_AT, ""},
        {INTERVAL("\"2030-01-02T24:00:00Z\"", "1", "2", "10"), ERROR_INVALID_FIRST_SCAN_AT, ""},
        {INTERVAL("\"2030-01-02T03:04Z\"", "1", "2", "10"), ERROR_INVALID_FIRST_SCAN_AT, ""},
        {INTERVAL("\"2030-01-02T03:04:05.Z\"", "1", "2", "10"), ERROR_INVALID_FIRST_SCAN_AT, ""},
        {INTERVAL(FIRST, "-1", "2", "10"), ERROR_INVALID_INTERVAL, ""},
        {INTERVAL(FIRST, "0", "1", "10"), ERROR_INVALID_TIMEOUT, ""},
        {INTERVAL(FIRST, "10", "19", "10"), ERROR_INVALID_TIMEOUT, ""},
        {INTERVAL(FIRST, "2147483647", "2147483647", "10"), ERROR_INVALID_TIMEOUT, ""},
        {INTERVAL(FIRST, "1", "-2", "10"), ERROR_INVALID_TIMEOUT, ""},
        {INTERVAL(FIRST, "1", "2", "9"), ERROR_INVALID_SCAN_KEYS_COUNT, "1000"},
        {INTERVAL(FIRST, "1", "2", "1001"), ERROR_INVALID_SCAN_KEYS_COUNT, "1000"},
    };
    check_refusals("/autoscan-config", cases, COUNT_OF(cases));
}

#define V(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static void check_reply(const char *ending, const struct pg_value *values, int count,
                        const char *expected)
{
    const struct pg_rows rows = {1, count, values, NULL};
    struct api_request request = {.operation = fixture_operation(HTTP_GET, ending),
                                  .instance = {"i"}};
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(request.operation->render(&request, &rows, &reply, &err), 0);
    assert_string_equal(reply.body.text, expected);
    api_reply_release(&reply);
}

static void test_replies(void **state)
{
    (void)state;
    const struct pg_value never[] = {V("found"), {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
    check_reply("/bigkey/autoscan", never, COUNT_OF(never),
                "{\"instance_id\":\"i\",\"enable_auto_scan\":false,\"schedule_at\":[]}");
    check_reply("/autoscan-config", never, COUNT_OF(never),
                "{\"instance_id\":\"i\",\"enable_auto_scan\":false}");
    const struct pg_value times[] = {
        V("found"), V("t"), V("0,450,1439"), {0}, {0}, {0}, {0}, V("2026-11-22 17:09:23+00"), {0}};
    check_reply("/hotkey/autoscan", times, COUNT_OF(times),
                "{\"instance_id\":\"i\",\"enable_auto_scan\":true,"
                "\"schedule_at\":[\"00:00\",\"07:30\",\"23:59\"],"
                "\"updated_at\":\"2026-11-22T17:09:23.000Z\"}");
    const struct pg_value interval[] = {V("found"), V("t"),    V(""),   V("2030-01-02 03:04:05+00"),
                                        V("0"),     V("7200"), V("10"), V("2026-11-22 17:09:23+00"),
                                        {0}};
    check_reply("/autoscan-config", interval, COUNT_OF(interval),
                "{\"instance_id\":\"i\",\"enable_auto_scan\":true,"
                "\"first_scan_at\":\"2030-01-02T03:04:05.000Z\",\"interval\":0,\"timeout\":7200,"
                "\"scan_keys_count\":10,\"updated_at\":\"2026-11-22T17:09:23.000Z\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),    cmocka_unit_test(test_times_refused),
        cmocka_unit_test(test_interval), cmocka_unit_test(test_interval_refused),
        cmocka_unit_test(test_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
