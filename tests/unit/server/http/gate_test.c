/* The gate: what opens it, byte by byte as well as at once, and what is refused how early. */
#include "gate.h"

#include <string.h>

#include "unit.h"

#define HEAD "GET /v2/x HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /admin/v1/x HTTP/1.1\r\nHost: a\r\n"

/* Feeds pieces until the gate is open or refuses; how much was fed by then. */
static int feed(struct text all, size_t piece, struct gate *gate, size_t *ret_fed,
                struct framing *ret_framing, struct error *err)
{
    *gate = (struct gate){0};
    for (size_t fed = 0; fed < all.length;) {
        size_t length = all.length - fed < piece ? all.length - fed : piece;
        fed += length;
        *ret_fed = fed;
        if (gate_read(gate, (struct text){all.bytes, fed}, length, ret_framing, err) < 0)
            return -1;
        if (gate->state == GATE_OPEN)
            return 1;
    }
    return 0;
}

static void opens_with_the_last_byte(void **state)
{
    static const char *const requests[] = {
        HEAD "\r\n",
        "\r\n" HEAD "\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        HEAD "Content-Length: 0\r\n\r\n",
        POST "Content-Length: 5\r\n\r\na\nb\0\x01",
        POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        /* One body has a NUL in it. */
        struct text all = {requests[i], strlen(requests[i]) + (i == 4 ? 2 : 0)};
        for (size_t piece = 1; piece <= all.length; piece += 3) {
            struct gate gate;
            struct error err = {0};
            struct framing framing;
            size_t fed;
            if (feed(all, piece, &gate, &fed, &framing, &err) != 1 || fed != all.length)
                fail_msg("request %zu in pieces of %zu: %zu fed, %s", i, piece, fed, err.text);
        }
    }
}

static void tells_head_from_body(void **state)
{
    struct gate gate;
    struct error err = {0};
    struct framing framing;
    size_t fed;
    (void)state;
    assert_int_equal(feed(TEXT(HEAD "\r"), 1, &gate, &fed, &framing, &err), 0);
    assert_int_equal(gate.state, GATE_HEAD);
    assert_int_equal(
        feed(TEXT(POST "Content-Length: 5\r\n\r\nabcd"), 1, &gate, &fed, &framing, &err), 0);
    assert_int_equal(gate.state, GATE_BODY);
    assert_int_equal(feed(TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r"), 1, &gate, &fed,
                          &framing, &err),
                     0);
    assert_int_equal(gate.state, GATE_BODY);
}

/* What follows a request is not looked at: it is another one's. */
static void leaves_what_follows(void **state)
{
    static const char *const requests[] = {
        HEAD "\r\n\x01",
        POST "Content-Length: 1\r\n\r\na\x01\n",
        POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n\x01\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct text all = text_of(requests[i]);
        struct framing framing;
        struct gate gate;
        struct error err = {0};
        size_t fed;
        assert_int_equal(feed(all, all.length, &gate, &fed, &framing, &err), 1);
    }
}

/* The refusal comes with the last byte shown, not later. */
static void refuses_early(void **state)
{
    static const struct {
        const char *bytes, *named;
    } cases[] = {
        {"\x16", "byte in the request head"},
        {"GET / HTTP/1.1\r\nHost: a\x01", "byte in the request head"},
        {"PRI * HTTP/2.0\r\n", "HTTP version"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "request line"},
        {"hello\r\n", "request line"},
        {"GET / HTTP/1.1\n", "line ending"},
        {"\n", "line ending"},
        {HEAD "X: y\n", "line ending"},
        {HEAD "\n", "line ending"},
        {"\r\n\r\n", "request line"},
        {HEAD "Host: b\r\n\r\n", "Host header"},
        {HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "Transfer-Encoding header"},
        {POST "Transfer-Encoding: chunked\r\n\r\n3\n", "chunked body"},
        {POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n", "chunked body"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text all = text_of(cases[i].bytes);
        struct framing framing;
        struct gate gate;
        struct error err = {0};
        size_t fed = 0;
        if (feed(all, 1, &gate, &fed, &framing, &err) != -1 || fed != all.length)
            fail_msg("case %zu: %zu fed", i, fed);
        assert_string_equal(err.public_argument, cases[i].named);
    }
}

static void tells_the_target(void **state)
{
    struct gate gate;
    struct error err = {0};
    struct framing framing;
    size_t fed;
    (void)state;
    assert_int_equal(
        feed(TEXT(POST "Content-Length: 99999\r\n\r\n"), 1, &gate, &fed, &framing, &err), -1);
    assert_int_equal(err.code, ERROR_BODY_TOO_LARGE);
    assert_true(text_equals(framing.target, TEXT("/admin/v1/x")));
    error_clear(&err);
    assert_int_equal(
        feed(TEXT(POST "Transfer-Encoding: chunked\r\n\r\nzz"), 1, &gate, &fed, &framing, &err),
        -1);
    assert_true(text_equals(framing.target, TEXT("/admin/v1/x")));
    error_clear(&err);
    assert_int_equal(feed(TEXT("GET /admin/v1 HTTP/9\r\n"), 1, &gate, &fed, &framing, &err), -1);
    assert_true(text_equals(framing.target, TEXT("/admin/v1")));
    error_clear(&err);
    assert_int_equal(feed(TEXT("\x16"), 1, &gate, &fed, &framing, &err), -1);
    assert_int_equal(framing.target.length, 0);
}

/* h2o shortens the input as it decodes; only the fresh bytes at its end are raw. */
static void follows_a_body_that_is_decoded_in_place(void **state)
{
    static const char head[] = POST "Transfer-Encoding: chunked\r\n\r\n";
    char input[256];
    struct gate gate = {0};
    struct error err = {0};
    struct framing framing;
    size_t length = sizeof(head) - 1;
    (void)state;
    memcpy(input, head, length);
    assert_int_equal(gate_read(&gate, (struct text){input, length}, length, &framing, &err), 0);
    memcpy(input + length, "2\r\nab", 5);
    assert_int_equal(gate_read(&gate, (struct text){input, length + 5}, 5, &framing, &err), 0);
    memcpy(input + length, "ab", 2);
    memcpy(input + length + 2, "\r\n0\r\n\r\n", 7);
    assert_int_equal(gate_read(&gate, (struct text){input, length + 9}, 7, &framing, &err), 0);
    assert_int_equal(gate.state, GATE_OPEN);
}

static enum error_code feed_filled(const char *start, size_t filler)
{
    static char input[2 * FRAMING_HEAD_MAX];
    struct gate gate = {0};
    struct error err = {0};
    struct framing framing;
    size_t length = strlen(start);
    memcpy(input, start, length);
    memset(input + length, 'a', filler);
    length += filler;
    gate_read(&gate, (struct text){input, length}, length, &framing, &err);
    return err.code;
}

static void bounds_a_head_that_does_not_end(void **state)
{
    (void)state;
    assert_int_equal(feed_filled("GET /", FRAMING_TARGET_MAX), ERROR_NONE);
    assert_int_equal(feed_filled("GET /", FRAMING_TARGET_MAX + 64), ERROR_URI_TOO_LARGE);
    assert_int_equal(feed_filled(HEAD "X: ", FRAMING_HEAD_MAX - sizeof(HEAD) - 2), ERROR_NONE);
    assert_int_equal(feed_filled(HEAD "X: ", FRAMING_HEAD_MAX), ERROR_HEADERS_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_with_the_last_byte),
        cmocka_unit_test(tells_head_from_body),
        cmocka_unit_test(leaves_what_follows),
        cmocka_unit_test(refuses_early),
        cmocka_unit_test(tells_the_target),
        cmocka_unit_test(follows_a_body_that_is_decoded_in_place),
        cmocka_unit_test(bounds_a_head_that_does_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
