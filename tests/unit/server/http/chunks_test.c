/* Chunked bodies: what is one, in any pieces, and what is none. */
#include "chunks.h"

#include <string.h>

#include "framing.h"
#include "unit.h"

/* In pieces of that size; the last result, and how much was looked at by then. */
static int read_in_pieces(struct text body, size_t piece, size_t *ret_seen, enum error_code *ret)
{
    struct chunks chunks = {0};
    struct error err = {0};
    int status = 0;
    size_t seen = 0;
    while (status == 0 && seen < body.length) {
        size_t length = body.length - seen < piece ? body.length - seen : piece;
        status = chunks_read(&chunks, (struct text){body.bytes + seen, length}, &err);
        seen += length;
    }
    *ret_seen = seen;
    *ret = err.code;
    return status;
}

static void takes_bodies(void **state)
{
    static const char *const bodies[] = {
        "0\r\n\r\n",
        "3\r\nabc\r\n0\r\n\r\n",
        "3\r\n\r\n\n\r\n0\r\n\r\n",
        "A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n",
        "3;x=y\r\nabc\r\n0;last\r\n\r\n",
        "1\r\na\r\n0\r\nX-Trailer: a\r\nX-Other: b\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct text body = text_of(bodies[i]);
        for (size_t piece = 1; body.length > 0 && piece <= body.length; piece++) {
            size_t seen;
            enum error_code code;
            if (read_in_pieces(body, piece, &seen, &code) != 1 || seen != body.length)
                fail_msg("body %zu in pieces of %zu: %s", i, piece, error_describe(code)->symbol);
        }
    }
}

static void leaves_what_follows(void **state)
{
    struct chunks chunks = {0};
    struct error err = {0};
    (void)state;
    assert_int_equal(chunks_read(&chunks, TEXT("0\r\n\r\n\x01 anything"), &err), 1);
}

static void refuses_what_is_no_body(void **state)
{
    static const char *const bodies[] = {
        "\r\n",           " 3\r\n",
        "3 \r\n",         "+3\r\n",
        "-3\r\n",         "0x3\r\n",
        "zz\r\n",         "3\n",
        "3\r\r\n",        "3\r\nabc\n",
        "3\r\nabcd",      "3\r\nabc\rx",
        "3\r\nabc\r\r\n", "3\r\nabc\r\n\r\n",
        "000000000\r\n",  "3;\n",
        "3;x\n",          "3;x\x01\r\n",
        "3;x\x7f\r\n",    "3;x\ry",
        "0\r\n\n",        "0\r\n\rx",
        "0\r\nX: a\n",    "0\r\nX: a\rb",
        "0\r\n X: a\r\n", "0\r\nX: \x02",
        "3,\r\n",         ";x\r\n",
        "0\n\r\n",        "0\n\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        for (size_t piece = 1; piece <= 2; piece++) {
            size_t seen;
            enum error_code code;
            if (read_in_pieces(text_of(bodies[i]), piece, &seen, &code) != -1)
                fail_msg("taken: body %zu", i);
            assert_int_equal(code, ERROR_INVALID_PARAMETER);
        }
    }
}

static int read_size_line(const char *line, enum error_code *ret)
{
    size_t seen;
    return read_in_pieces(text_of(line), 1, &seen, ret);
}

static void bounds_the_data(void **state)
{
    static char data[FRAMING_BODY_MAX];
    struct chunks chunks = {0};
    struct error err = {0};
    enum error_code code;
    (void)state;
    assert_int_equal(read_size_line("c000\r\n", &code), 0);
    assert_int_equal(read_size_line("c001\r\n", &code), -1);
    assert_int_equal(code, ERROR_BODY_TOO_LARGE);
    assert_int_equal(read_size_line("ffffffff\r\n", &code), -1);
    assert_int_equal(code, ERROR_BODY_TOO_LARGE);
    assert_int_equal(chunks_read(&chunks, TEXT("c000\r\n"), &err), 0);
    assert_int_equal(chunks_read(&chunks, (struct text){data, sizeof(data)}, &err), 0);
    assert_int_equal(chunks_read(&chunks, TEXT("\r\n1\r\n"), &err), -1);
    assert_int_equal(err.code, ERROR_BODY_TOO_LARGE);
}

static void bounds_what_is_no_data(void **state)
{
    static char filler[CHUNKS_ASIDE_MAX];
    static const char *const starts[] = {"1;", "0\r\nX"};
    (void)state;
    memset(filler, 'a', sizeof(filler));
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        struct chunks chunks = {0};
        struct error err = {0};
        size_t room = sizeof(filler) - i; /* the trailer's first byte has been taken */
        assert_int_equal(chunks_read(&chunks, text_of(starts[i]), &err), 0);
        assert_int_equal(chunks_read(&chunks, (struct text){filler, room}, &err), 0);
        assert_int_equal(chunks_read(&chunks, TEXT("a"), &err), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_bodies),
        cmocka_unit_test(leaves_what_follows),
        cmocka_unit_test(refuses_what_is_no_body),
        cmocka_unit_test(bounds_the_data),
        cmocka_unit_test(bounds_what_is_no_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
