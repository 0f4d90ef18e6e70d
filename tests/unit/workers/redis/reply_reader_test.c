/* Replies: every kind, in every way that bytes may be cut, and those that are refused. */
#include <stdlib.h>
#include <string.h>

#include "redis/connection.h"
#include "reply_reader.h"
#include "unit.h"

static struct redis_memory memory; /* nothing is held where it begins */

static int feed_and_read(struct reply_reader *reader, const char *bytes, size_t length,
                         const struct redis_reply **ret_reply, struct error *err)
{
    if (reply_reader_feed(reader, bytes, length, err) < 0)
        return -1;
    return reply_reader_next(reader, ret_reply, err);
}

static const char sample[] = "*2\r\n$3\r\n128\r\n*3\r\n$3\r\na\0b\r\n:-5\r\n*-1\r\n";

static void check_sample(const struct redis_reply *reply)
{
    assert_int_equal(reply->kind, REDIS_ARRAY);
    assert_int_equal(reply->count, 2);
    assert_true(redis_reply_is(&reply->elements[0], REDIS_STRING, TEXT("128")));
    const struct redis_reply *inner = &reply->elements[1];
    assert_int_equal(inner->kind, REDIS_ARRAY);
    assert_int_equal(inner->count, 3);
    assert_true(redis_reply_is(&inner->elements[0], REDIS_STRING, TEXT("a\0b")));
    assert_int_equal(inner->elements[1].kind, REDIS_INTEGER);
    assert_int_equal(inner->elements[1].integer, -5);
    assert_int_equal(inner->elements[2].kind, REDIS_NIL);
}

/* Cut at every place, and byte by byte. */
static void reads_replies_in_pieces(void **state)
{
    const size_t length = sizeof(sample) - 1;
    (void)state;
    for (size_t cut = 1; cut < length; cut++) {
        struct reply_reader reader;
        const struct redis_reply *reply;
        struct error err = {0};
        reply_reader_init(&reader, &memory);
        assert_int_equal(feed_and_read(&reader, sample, cut, &reply, &err), 0);
        assert_int_equal(feed_and_read(&reader, sample + cut, length - cut, &reply, &err), 1);
        check_sample(reply);
        for (size_t i = 0; i < length; i++)
            assert_int_equal(feed_and_read(&reader, sample + i, 1, &reply, &err), i == length - 1);
        check_sample(reply);
        assert_int_equal(reply_reader_next(&reader, &reply, &err), 0);
        reply_reader_release(&reader);
    }
}

static void reads_every_kind(void **state)
{
    static const char bytes[] = "+OK\r\n-ERR no\r\n:12\r\n$-1\r\n$0\r\n\r\n*0\r\n+\r\n";
    static const enum redis_reply_kind kinds[] = {REDIS_STATUS, REDIS_ERROR,  REDIS_INTEGER,
                                                  REDIS_NIL,    REDIS_STRING, REDIS_ARRAY,
                                                  REDIS_STATUS};
    struct reply_reader reader;
    const struct redis_reply *reply;
    struct error err = {0};
    (void)state;
    reply_reader_init(&reader, &memory);
    assert_int_equal(reply_reader_feed(&reader, bytes, sizeof(bytes) - 1, &err), 0);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        assert_int_equal(reply_reader_next(&reader, &reply, &err), 1);
        assert_int_equal(reply->kind, kinds[i]);
        assert_int_equal(redis_reply_is_error(reply, "ERR"), i == 1);
        assert_false(redis_reply_is_error(reply, "ER"));
    }
    assert_int_equal(reply_reader_next(&reader, &reply, &err), 0);
    reply_reader_release(&reader);
}

static void refuses_hostile_replies(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n", "Protocol error"},
        {"$1000000000000\r\n", "more than 16 MiB"},
        {"*1\r\n$16777217\r\n", "more than 16 MiB"},
        {"$9223372036854775807\r\n", "more than 16 MiB"},
        {"$99999999999999999999\r\n", "Bad bulk string length"},
        {"$-2\r\n", "out of range"},
        {"$x\r\n", "Bad bulk string length"},
        {"*262145\r\n", "more than 262144 elements"},
        {"*2147483647\r\n", "more than 262144 elements"},
        {"*4294967297\r\n", "out of range"},
        {"*-2\r\n", "out of range"},
        {":1x\r\n", "Bad integer"},
        {"%1\r\n", "Protocol error"},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "nested"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply_reader reader;
        const struct redis_reply *reply;
        struct error err = {0};
        reply_reader_init(&reader, &memory);
        int result = feed_and_read(&reader, cases[i].bytes, strlen(cases[i].bytes), &reply, &err);
        if (result != -1)
            fail_msg("'%s': %d", cases[i].bytes, result);
        assert_int_equal(err.code, ERROR_REDIS_PROTOCOL);
        if (!strstr(err.text, cases[i].text))
            fail_msg("'%s': %s", cases[i].bytes, err.text);
        assert_int_equal(reply_reader_feed(&reader, "+OK\r\n", 5, &err), -1);
        reply_reader_release(&reader);
    }
}

/* Feeds the same bytes until the reader refuses; returns how often it took them. */
static int feed_until_refused(const char *head, const char *bytes, size_t length, int most)
{
    struct reply_reader reader;
    const struct redis_reply *reply;
    struct error err = {0};
    int count = 0;
    reply_reader_init(&reader, &memory);
    assert_true(feed_and_read(&reader, head, strlen(head), &reply, &err) == 0);
    while (count < most && feed_and_read(&reader, bytes, length, &reply, &err) == 0)
        count++;
    reply_reader_release(&reader);
    return count;
}

static void bounds_lines(void **state)
{
    static char bytes[4096];
    (void)state;
    memset(bytes, '1', sizeof(bytes));
    for (const char *const *head = (const char *const[]){"+", "-", ":", "$", "*", NULL}; *head;
         head++)
        assert_in_range(feed_until_refused(*head, bytes, sizeof(bytes), 100), 15, 16);
}

/* Many small arrays in one: the sum is bounded, not only each. */
static void bounds_the_whole_reply(void **state)
{
    (void)state;
    int count = feed_until_refused("*262144\r\n*262144\r\n", "*262144\r\n", 9, 100);
    assert_in_range(count, 0, 1);
    count = feed_until_refused("*262144\r\n", "*100000\r\n", 9, 100);
    assert_in_range(count, 3, 4);
}

static void reads_the_largest_bulk(void **state)
{
    const size_t length = 15 << 20, piece = 64 << 10;
    char *bytes = malloc(piece);
    struct reply_reader reader;
    const struct redis_reply *reply;
    struct error err = {0};
    (void)state;
    memset(bytes, 'x', piece);
    reply_reader_init(&reader, &memory);
    assert_int_equal(feed_and_read(&reader, "$15728640\r\n", 11, &reply, &err), 0);
    for (size_t fed = 0; fed < length; fed += piece)
        assert_int_equal(feed_and_read(&reader, bytes, piece, &reply, &err), 0);
    assert_int_equal(feed_and_read(&reader, "\r\n:1\r\n", 6, &reply, &err), 1);
    assert_int_equal(reply->text.length, length);
    assert_int_equal(reply_reader_next(&reader, &reply, &err), 1);
    assert_int_equal(reply->integer, 1);
    reply_reader_release(&reader);
    free(bytes);
}

/* The bounds are for one reply: any number of them may come. */
static void reads_many_large_replies(void **state)
{
    const size_t length = 1 << 20;
    char *bytes = calloc(1, length);
    struct reply_reader reader;
    const struct redis_reply *reply;
    struct error err = {0};
    (void)state;
    reply_reader_init(&reader, &memory);
    for (int i = 0; i < 80; i++) {
        assert_int_equal(feed_and_read(&reader, "*1\r\n$1048576\r\n", 14, &reply, &err), 0);
        assert_int_equal(feed_and_read(&reader, bytes, length, &reply, &err), 0);
        assert_int_equal(feed_and_read(&reader, "\r\n", 2, &reply, &err), 1);
        assert_int_equal(reply->elements[0].text.length, length);
    }
    reply_reader_release(&reader);
    free(bytes);
}

/* Random bytes of the protocol's alphabet: any result but a crash. */
static void survives_garbage(void **state)
{
    static const char alphabet[] = "*$:+-0123456789\r\n\r\n\r\nab";
    unsigned seed = 20240607;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct reply_reader reader;
        const struct redis_reply *reply;
        struct error err = {0};
        char bytes[64];
        for (size_t i = 0; i < sizeof(bytes); i++) {
            seed = seed * 1103515245 + 12345;
            bytes[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        reply_reader_init(&reader, &memory);
        reply_reader_feed(&reader, bytes, sizeof(bytes), &err);
        while (reply_reader_next(&reader, &reply, &err) > 0)
            assert_true(reply->kind <= REDIS_ARRAY);
        reply_reader_release(&reader);
    }
}

static void quotes_what_was_refused(void **state)
{
    struct redis_reply refusal = {REDIS_ERROR, .text = TEXT("NOPERM no\x1b[31m\xc3\xa9\n\x7f")};
    struct redis_reply integer = {REDIS_INTEGER, .integer = 1};
    struct error err = {0};
    (void)state;
    assert_int_equal(redis_reply_unexpected(&refusal, "TYPE", &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_REFUSED);
    assert_string_equal(err.text, "TYPE: NOPERM no?[31m???? (the registered user may not do "
                                  "that: its ACL must allow it)");
    err = (struct error){0};
    assert_int_equal(redis_reply_unexpected(&integer, "TYPE", &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_PROTOCOL);
    assert_string_equal(err.text, "TYPE: unexpected reply: an integer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_replies_in_pieces),  cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(refuses_hostile_replies),  cmocka_unit_test(bounds_lines),
        cmocka_unit_test(bounds_the_whole_reply),   cmocka_unit_test(reads_the_largest_bulk),
        cmocka_unit_test(reads_many_large_replies), cmocka_unit_test(survives_garbage),
        cmocka_unit_test(quotes_what_was_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
