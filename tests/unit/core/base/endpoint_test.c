/* Endpoints: what is taken, what is refused, and the way back. */
#include <string.h>

#include "base/endpoint.h"
#include "unit.h"

static void takes_endpoints(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
    } cases[] = {
        {"127.0.0.1:6379", "127.0.0.1", 6379},
        {"redis:1", "redis", 1},
        {"my-redis_1.example.com:65535", "my-redis_1.example.com", 65535},
        {"[::1]:6379", "::1", 6379},
        {"[fe80::1%eth0]:6380", "fe80::1%eth0", 6380},
        {"[2001:db8::192.0.2.1]:7000", "2001:db8::192.0.2.1", 7000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint endpoint;
        char text[ENDPOINT_TEXT_MAX + 1];
        assert_int_equal(endpoint_parse(text_of(cases[i].text), &endpoint), 0);
        assert_string_equal(endpoint.host, cases[i].host);
        assert_int_equal(endpoint.port, cases[i].port);
        endpoint_format(&endpoint, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void refuses_what_is_no_endpoint(void **state)
{
    static const char *const cases[] = {
        "",          ":",           "redis",     ":6379",       "redis:",       "redis:0",
        "redis:+1",  "redis:-1",    "redis:01",  "redis:65536", "redis:999999", "redis:1 ",
        " redis:1",  "re dis:1",    "redis:1x",  "redis/x:1",   "::1:6379",     "[::1]",
        "[::1]6379", "[::1:6379",   "::1]:6379", "[]:6379",     "[redis]:6379", "[[::1]]:6379",
        "redis:1:2", "user@host:1", "redis\n:1", "redis%x:1",   "\xc3\xa9:1",   "[::1]:",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint endpoint;
        if (endpoint_parse(text_of(cases[i]), &endpoint) == 0)
            fail_msg("taken: '%s'", cases[i]);
    }
}

static void bounds_the_host(void **state)
{
    char text[ENDPOINT_HOST_MAX + 8];
    struct endpoint endpoint;
    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text + ENDPOINT_HOST_MAX, ":1", 3);
    assert_int_equal(endpoint_parse(text_of(text), &endpoint), 0);
    memset(text, 'a', sizeof(text));
    memcpy(text + ENDPOINT_HOST_MAX + 1, ":1", 3);
    assert_int_equal(endpoint_parse(text_of(text), &endpoint), -1);
}

static void takes_host_and_port_apart(void **state)
{
    struct endpoint endpoint;
    (void)state;
    assert_int_equal(endpoint_init(TEXT("::1"), 6379, &endpoint), 0);
    assert_string_equal(endpoint.host, "::1");
    assert_int_equal(endpoint_init(TEXT("[::1]"), 6379, &endpoint), -1);
    assert_int_equal(endpoint_init(TEXT("redis"), 0, &endpoint), -1);
    assert_int_equal(endpoint_init(TEXT("redis"), 65536, &endpoint), -1);
    assert_int_equal(endpoint_init(TEXT("a\0b"), 1, &endpoint), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_endpoints),
        cmocka_unit_test(refuses_what_is_no_endpoint),
        cmocka_unit_test(bounds_the_host),
        cmocka_unit_test(takes_host_and_port_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
