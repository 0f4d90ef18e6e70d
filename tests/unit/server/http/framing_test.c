/* Heads that two parsers could read in two ways are refused, by name. */
#include "framing.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define GET "GET /v2/x HTTP/1.1\r\n"

static void test_accepts(void **state)
{
    (void)state;
    static const char *const heads[] = {
        GET "host: a\r\n\r\n",
        GET "host: a\r\n\r\nGET body that is not looked at\n\n",
        "\r\n" GET "host: a\r\n\r\n",
        GET "host: a\r\ncontent-length: 2\r\n\r\n{}",
        GET "host: a\r\ntransfer-encoding: chunked\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        GET "host:\r\nx-empty: \t \r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct framing framing;
        struct error err = {0};
        if (framing_check(text_of(heads[i]), &framing, &err) < 0)
            fail_msg("head %zu: %s", i, err.text);
    }
}

static void test_gives_all_headers(void **state)
{
    (void)state;
    struct framing framing;
    struct error err = {0};
    assert_int_equal(
        framing_check(text_of(GET "host: a\r\nx-a:  1 \r\nx-a:2\r\n\r\n"), &framing, &err), 0);
    assert_int_equal(framing.header_count, 3);
    assert_true(text_equals(framing.headers[1].name, TEXT("x-a")));
    assert_true(text_equals(framing.headers[1].value, TEXT("1")));
    assert_true(text_equals(framing.headers[2].value, TEXT("2")));
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *head, *named;
    } cases[] = {
        {GET "\r\n", "Host header"},
        {GET "host: a\r\nHost: b\r\n\r\n", "Host header"},
        {"GET / HTTP/1.0\r\nhost: a\r\nhost: a\r\n\r\n", "Host header"},
        {GET "host: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n", "Content-Length header"},
        {GET "host: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
         "Transfer-Encoding header"},
        {GET "host: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
         "Transfer-Encoding header"},
        {"GET / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n",
         "Transfer-Encoding header"},
        {GET "host: a\nx: b\r\n\r\n", "line ending"},
        {"GET / HTTP/1.1\nhost: a\r\n\r\n", "line ending"},
        {GET "host: a\r\n\n", "line ending"},
        {GET "host: a\r\nx: b\rc\r\n\r\n", "line ending"},
        {GET "host: a\r\nx: b\r\n folded\r\n\r\n", "folded header"},
        {GET "host: a\r\n\tfolded\r\n\r\n", "folded header"},
        {GET "host: a\r\nnothing\r\n\r\n", "header"},
        {GET "host: a\r\n: b\r\n\r\n", "header"},
        {"GET /a b HTTP/1.1\r\nhost: a\r\n\r\n", "request line"},
        {"GET HTTP/1.1\r\nhost: a\r\n\r\n", "request line"},
        {"GET / HTTP/1.2\r\nhost: a\r\n\r\n", "HTTP version"},
        {"GET / HTTP/2.0\r\nhost: a\r\n\r\n", "HTTP version"},
        {GET "host: a\r\n", "request head"},
        {"", "request head"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct framing framing;
        struct error err = {0};
        assert_int_equal(framing_check(text_of(cases[i].head), &framing, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.public_argument, cases[i].named);
    }
}

static enum error_code check_filled(const char *start, size_t filler, const char *end)
{
    size_t before = strlen(start), after = strlen(end);
    char *head = malloc(before + filler + after + 1);
    struct framing framing;
    struct error err = {0};
    assert_non_null(head);
    memcpy(head, start, before);
    memset(head + before, 'a', filler);
    memcpy(head + before + filler, end, after + 1);
    framing_check((struct text){head, before + filler + after}, &framing, &err);
    free(head);
    return err.code;
}

static void test_limits(void **state)
{
    (void)state;
    static const char end[] = " HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_int_equal(check_filled("GET /", FRAMING_TARGET_MAX - 1, end), ERROR_NONE);
    assert_int_equal(check_filled("GET /", FRAMING_TARGET_MAX, end), ERROR_URI_TOO_LARGE);
    static const char start[] = GET "host: a\r\nx: ";
    size_t room = FRAMING_HEAD_MAX - (sizeof(start) - 1) - 4;
    assert_int_equal(check_filled(start, room, "\r\n\r\n"), ERROR_NONE);
    assert_int_equal(check_filled(start, room + 1, "\r\n\r\n"), ERROR_HEADERS_TOO_LARGE);
    char many[64 + (FRAMING_HEADERS_MAX + 1) * 6] = GET "host: a\r\n";
    for (int i = 0; i < FRAMING_HEADERS_MAX; i++)
        strncat(many, "x: y\r\n", sizeof(many) - strlen(many) - 1);
    assert_int_equal(check_filled(many, 0, "\r\n"), ERROR_HEADERS_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_gives_all_headers),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
