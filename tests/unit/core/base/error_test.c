/* The error object and the table behind it, against the published list. */
#include "base/error.h"

#include <string.h>

#include "unit.h"

static void test_first_failure_wins(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, ERROR_CONFIG, "first %d", 1), -1);
    assert_int_equal(error_set(&err, ERROR_INTERNAL, "second"), -1);
    assert_int_equal(error_set_public(&err, ERROR_INVALID_PARAMETER, "third"), -1);
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.text, "first 1");
    assert_string_equal(err.public_argument, "");
    error_clear(&err);
    assert_int_equal(err.code, ERROR_NONE);
    error_set_public(&err, ERROR_INVALID_PARAMETER, "%s", "offset");
    assert_string_equal(err.text, "offset");
    assert_string_equal(err.public_argument, "offset");
}

static void test_public_message(void **state)
{
    (void)state;
    static const struct {
        enum error_code code;
        const char *argument, *message;
    } cases[] = {
        {ERROR_INVALID_PARAMETER, "offset", "Invalid offset in the request."},
        {ERROR_UNKNOWN_INSTANCE, "ignored", "This DCS instance does not exist."},
        {ERROR_INVALID_SCAN_KEYS_COUNT, "1000",
         "The scan_keys_count parameter is invalid. Its must Greater than or equal to 10, and Less "
         "than or equal to 1000."},
        {ERROR_UNAUTHENTICATED, "verify aksk signature fail",
         "Incorrect IAM authentication information: verify aksk signature fail"},
        {ERROR_DATABASE_STATEMENT, "never shown", "Internal service error."},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        char message[256];
        error_set_public(&err, cases[i].code, "%s", cases[i].argument);
        error_public_message(&err, message, sizeof(message));
        assert_string_equal(message, cases[i].message);
    }
    struct error err = {0};
    char message[8];
    error_set(&err, ERROR_UNKNOWN_INSTANCE, "text");
    error_public_message(&err, message, sizeof(message));
    assert_string_equal(message, "This DC");
}

static void test_prefix(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_CONFIG, "reason");
    assert_int_equal(error_prefix(&err, "doing %s", "it"), -1);
    assert_string_equal(err.text, "doing it: reason");

    char longest[2 * ERROR_TEXT_MAX];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    error_prefix(&err, "%s", longest);
    assert_string_equal(err.text, "doing it: reason");

    error_clear(&err);
    error_set(&err, ERROR_CONFIG, "%s", longest);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
    error_prefix(&err, "prefix");
    assert_true(strlen(err.text) < ERROR_TEXT_MAX);
    assert_memory_equal(err.text, "prefix: xxx", 11);
}

static void test_every_code_is_described(void **state)
{
    (void)state;
    for (int code = ERROR_NONE + 1; code < ERROR_CODE_COUNT; code++) {
        const struct error_description *description = error_describe((enum error_code)code);
        assert_true(description->http_status >= 400 && description->http_status < 600);
        assert_true(strlen(description->public_code) > 4);
        assert_true(strlen(description->public_message) > 8);
        assert_true(strlen(description->public_message) + ERROR_ARGUMENT_MAX < 1024);
    }
    assert_string_equal(error_describe(ERROR_NONE)->symbol, "INTERNAL");
    assert_string_equal(error_describe(ERROR_CODE_COUNT)->symbol, "INTERNAL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_failure_wins),
        cmocka_unit_test(test_public_message),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_every_code_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
