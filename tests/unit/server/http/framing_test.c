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
        {GET "host: a\r\ncontent-length:\r\n\r\n", "Content-Length header"},
        {GET "host: a\r\ncontent-length: 1, 1\r\n\r\n", "Content-Length header"},
        {GET "host: a\r\ncontent-length: +1\r\n\r\n", "Content-Length header"},
        {GET "host: a\r\ncontent-length: -1\r\n\r\n", "Content-Length header"},
        {GET "host: a\r\ncontent-length: 0x1\r\n\r\n", "Content-Length header"},
        {GET "host: a\r\ntransfer-encoding: identity\r\n\r\n", "Transfer-Encoding header"},
        {GET "host: a\r\ntransfer-encoding: chunked, identity\r\n\r\n", "Transfer-Encoding header"},
        {GET "host: a\r\ntransfer-encoding: xchunked\r\n\r\n", "Transfer-Encoding header"},
        {GET "host: a\r\ntransfer-encoding: \vchunked\r\n\r\n", "header"},
        {GET "host: a\r\nexpect: 200-ok\r\n\r\n", "Expect header"},
        {GET "host: a\r\nexpect: 100-continue\r\nexpect: 100-continue\r\n\r\n", "Expect header"},
        {"GET / HTTP/1.0\r\nexpect: 100-continue\r\n\r\n", "Expect header"},
        {GET "host: a\r\ncontent-length : 1\r\n\r\n", "header"},
        {GET "host: a\r\nx y: 1\r\n\r\n", "header"},
        {GET "host: a\r\nx: a\x01\r\n\r\n", "header"},
        {GET "host: a\r\nx: a\x7f\r\n\r\n", "header"},
        {"G@T / HTTP/1.1\r\nhost: a\r\n\r\n", "request line"},
        {" GET / HTTP/1.1\r\nhost: a\r\n\r\n", "request line"},
        {"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n", "request line"},
        {"GET /\t HTTP/1.1\r\nhost: a\r\n\r\n", "request line"},
        {"GET / HTTP/1.1 \r\nhost: a\r\n\r\n", "request line"},
        {"\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", "request line"},
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

static void test_reads_the_body_s_framing(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        bool is_chunked;
        size_t length;
    } cases[] = {
        {GET "host: a\r\n\r\n", false, 0},
        {GET "host: a\r\ncontent-length: 0\r\n\r\n", false, 0},
        {GET "host: a\r\nContent-Length: 0012\r\n\r\n", false, 12},
        {GET "host: a\r\ncontent-length: 49152\r\n\r\n", false, FRAMING_BODY_MAX},
        {GET "host: a\r\ntransfer-encoding: Chunked\r\n\r\n", true, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct framing framing;
        struct error err = {0};
        assert_int_equal(framing_check(text_of(cases[i].head), &framing, &err), 0);
        assert_int_equal(framing.is_chunked, cases[i].is_chunked);
        assert_int_equal(framing.content_length, cases[i].length);
        assert_int_equal(framing.head_length, strlen(cases[i].head));
        assert_true(text_equals(framing.target, TEXT("/v2/x")));
    }
}

static void test_refuses_large_bodies(void **state)
{
    (void)state;
    static const char *const heads[] = {
        GET "host: a\r\ncontent-length: 49153\r\n\r\n",
        GET "host: a\r\ncontent-length: 99999999999999999999999999\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct framing framing;
        struct error err = {0};
        assert_int_equal(framing_check(text_of(heads[i]), &framing, &err), -1);
        assert_int_equal(err.code, ERROR_BODY_TOO_LARGE);
        assert_true(text_equals(framing.target, TEXT("/v2/x")));
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
        cmocka_unit_test(test_reads_the_body_s_framing),
        cmocka_unit_test(test_refuses_large_bodies),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
