/* Signatures against openssl's, of the message that the specification of Standard Webhooks has as
 * its example; and forms. */
#include "model/webhook.h"

#include <string.h>

#include "unit.h"

/* Of the length that ours have. */
static const unsigned char key[WEBHOOK_SECRET_LENGTH] = "0123456789abcdef0123456789abcdef";

static void test_secrets_are_told_as_base64(void **state)
{
    char text[WEBHOOK_SECRET_TEXT_LENGTH + 1];
    (void)state;
    webhook_secret_format(key, text);
    assert_string_equal(text, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
}

static void test_secrets_differ(void **state)
{
    unsigned char one[WEBHOOK_SECRET_LENGTH], other[WEBHOOK_SECRET_LENGTH];
    (void)state;
    webhook_secret_generate(one);
    webhook_secret_generate(other);
    assert_memory_not_equal(one, other, sizeof(one));
}

/* printf '%s' ID.TIME.BODY | openssl dgst -sha256 -hmac KEY -binary | base64 */
static void test_signatures_are_those_of_openssl(void **state)
{
    char signature[WEBHOOK_SIGNATURE_LENGTH + 1];
    const struct webhook_message message = {
        .id = TEXT("msg_p5jXN8AQM9LWM0D4loKWxJek"),
        .body = TEXT("{\"test\": 2432232314}"),
        .timestamp = 1614265330,
    };
    (void)state;
    webhook_sign(key, &message, signature);
    assert_string_equal(signature, "v1,hK4CWvngkaAwjY1pABLuUbOIkEJjW9tAapq1no4ojG0=");
}

static void test_events_are_known_by_name(void **state)
{
    (void)state;
    assert_true(webhook_event_is_known(TEXT("task.failed")));
    assert_true(webhook_event_is_known(TEXT("limit.passed")));
    assert_false(webhook_event_is_known(TEXT("webhook.test")));
    assert_false(webhook_event_is_known(TEXT("task.failed ")));
    assert_false(webhook_event_is_known(TEXT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secrets_are_told_as_base64),
        cmocka_unit_test(test_secrets_differ),
        cmocka_unit_test(test_signatures_are_those_of_openssl),
        cmocka_unit_test(test_events_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
