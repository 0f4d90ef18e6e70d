/* Error bodies: code and message, and the request id where the contract wants it. */
#include "api/reply.h"

#include "unit.h"

static void check(const struct error *err, enum api_error_form form, int status, const char *body)
{
    struct api_reply reply;
    api_reply_init(&reply);
    json_writer_begin_object(&reply.body); /* half an answer, to be thrown away */
    api_reply_set_error(&reply, err, form, "id");
    assert_int_equal(reply.status, status);
    assert_string_equal(reply.body.text, body);
    api_reply_release(&reply);
}

static void test_error_bodies(void **state)
{
    (void)state;
    struct error plain = {0}, argument = {0}, gateway = {0};
    error_set(&plain, ERROR_UNKNOWN_INSTANCE, "secret detail");
    check(&plain, API_ERROR_DCS, 404,
          "{\"error_code\":\"DCS.3022\",\"error_msg\":\"This DCS instance does not exist.\"}");
    error_set_public(&argument, ERROR_INVALID_PARAMETER, "%s", "li\"mit");
    check(&argument, API_ERROR_DCS, 400,
          "{\"error_code\":\"DCS.4800\",\"error_msg\":\"Invalid li\\\"mit in the request.\"}");
    error_set(&gateway, ERROR_BODY_TOO_LARGE, "large");
    check(&gateway, API_ERROR_DCS, 413,
          "{\"error_code\":\"APIGW.0201\",\"error_msg\":\"Request entity too large.\","
          "\"request_id\":\"id\"}");
    check(&plain, API_ERROR_PROBLEM, 404,
          "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
          "\"detail\":\"This DCS instance does not exist.\",\"code\":\"DCS.3022\","
          "\"request_id\":\"id\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_error_bodies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
