/* Values that are larger than any memory should be for them: counted as they pass, with nothing
 * allocated but the beginning of a name. */
#include "unit.h"

#include <string.h>

#include "image.h"
#include "repeated.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static size_t allocated; /* bytes, in all */

void *__wrap_malloc(size_t size)
{
    allocated += size;
    return __real_malloc(size);
}

/* What is there so many times, and what is before and after. */
enum { COPIES = 1000, TIMES = 300, PIECES = COPIES * TIMES };

struct ends {
    struct image before, after;
};

static void put_string(struct ends *ends, uint64_t bytes)
{
    image_put_length(&ends->before, bytes);
}

static void put_count(struct ends *ends, uint64_t bytes)
{
    (void)bytes;
    image_put_length(&ends->before, PIECES);
}

/* One element more, and the mark of the end. */
static void put_ziplist(struct ends *ends, uint64_t bytes)
{
    image_put_length(&ends->before, 10 + 3 + bytes + 1);
    image_put_little(&ends->before, 10 + 3 + bytes + 1, 4);
    image_put_little(&ends->before, 10 + bytes, 4);
    IMAGE_PUT(&ends->before, "\xff\xff\x00\x01y");
    image_put_byte(&ends->after, 255);
}

static void put_listpack(struct ends *ends, uint64_t bytes)
{
    image_put_length(&ends->before, 6 + bytes + 1);
    image_put_little(&ends->before, 6 + bytes + 1, 4);
    IMAGE_PUT(&ends->before, "\xff\xff");
    image_put_byte(&ends->after, 255);
}

/* One element of the letter x: each piece stands for 264 of them. */
static void put_packed_listpack(struct ends *ends, uint64_t bytes)
{
    uint64_t text = 1 + UINT64_C(264) * PIECES, element = 5 + text, length = 6 + element + 4 + 1;
    image_put_byte(&ends->before, 0xc3);
    image_put_length(&ends->before, 13 + bytes + 6);
    image_put_length(&ends->before, length);
    image_put_byte(&ends->before, 11);
    image_put_little(&ends->before, length, 4);
    IMAGE_PUT(&ends->before, "\x01\x00\xf0");
    image_put_little(&ends->before, text, 4);
    image_put_byte(&ends->before, 'x');
    image_put_byte(&ends->after, 4);
    for (int shift = 21; shift >= 0; shift -= 7)
        image_put_byte(&ends->after, (element >> shift & 127) | (shift < 21 ? 128 : 0));
    image_put_byte(&ends->after, 255);
}

static void put_intset(struct ends *ends, uint64_t bytes)
{
    image_put_length(&ends->before, 8 + bytes);
    image_put_little(&ends->before, 8, 4);
    image_put_little(&ends->before, PIECES, 4);
}

static void put_zipmap(struct ends *ends, uint64_t bytes)
{
    image_put_length(&ends->before, 1 + bytes + 1);
    image_put_byte(&ends->before, 254);
    image_put_byte(&ends->after, 255);
}

/* An empty stream with a group of pending entries and no consumer. */
static void put_pending(struct ends *ends, uint64_t bytes)
{
    (void)bytes;
    IMAGE_PUT(&ends->before, "\x00\x00\x00\x00\x01\x01g\x00\x00");
    image_put_length(&ends->before, PIECES);
    image_put_byte(&ends->after, 0);
}

static void put_module(struct ends *ends, uint64_t bytes)
{
    (void)bytes;
    image_put_byte(&ends->before, 1);
    image_put_byte(&ends->after, 0);
}

#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct large {
    const char *what;
    unsigned type;
    void (*put)(struct ends *ends, uint64_t bytes);
    struct text piece;
    int64_t size;
} larges[] = {
    {"string", 0, put_string, BYTES("0123456789abcdef"), INT64_C(16) * PIECES},
    {"list", 1, put_count, BYTES("\x03one"), PIECES},
    {"set", 2, put_count, BYTES("\xc3\x05\x40\x64\x00x\xe0\x5a\x00"), PIECES},
    {"zset", 5, put_count, BYTES("\x03one12345678"), PIECES},
    {"hash", 4, put_count,
     BYTES("\x05"
           "field\xc1\x01\x02"),
     PIECES},
    {"module", 7, put_module, BYTES("\x05\x04text\x02\x07"), -1},
    {"zipmap", 9, put_zipmap, BYTES("\x01k\x01\x01v-"), PIECES},
    {"ziplist", 10, put_ziplist, BYTES("\x03\x01x"), PIECES + 1},
    {"intset", 11, put_intset, BYTES("12345678"), PIECES},
    {"pending", 15, put_pending, BYTES("0123456789abcdef12345678\x01"), 0},
    {"listpack", 20, put_listpack, BYTES("\x81x\x02"), PIECES},
    {"packed listpack", 20, put_packed_listpack, BYTES("\xe0\xff\x00"), 1},
    {"nodes", 18, put_count, BYTES("\x02\x0a\x0a\0\0\0\x01\0\x81x\x02\xff"), PIECES},
};

static void begin(struct repeated *repeated, const struct large *large, struct ends *ends,
                  char *piece)
{
    IMAGE_PUT(&ends->before, "REDIS0012");
    image_put_key(&ends->before, large->type, large->what);
    large->put(ends, large->piece.length * PIECES);
    IMAGE_PUT(&ends->after, "\xff\0\0\0\0\0\0\0\0");
    for (size_t i = 0; i < COPIES; i++)
        memcpy(piece + i * large->piece.length, large->piece.bytes, large->piece.length);
    *repeated = (struct repeated){.before = {(const char *)ends->before.bytes, ends->before.length},
                                  .piece = {piece, COPIES * large->piece.length},
                                  .after = {(const char *)ends->after.bytes, ends->after.length},
                                  .times = TIMES};
}

static void holds_no_value(void **state)
{
    static char piece[COPIES * 32];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(larges); i++) {
        struct ends ends = {0};
        struct repeated repeated;
        struct error err = {0};
        struct rdb_key key;
        begin(&repeated, &larges[i], &ends, piece);
        struct rdb_source source = repeated_source(&repeated);
        struct rdb_reader *reader = rdb_reader_new(&source);
        allocated = 0;
        int status = rdb_reader_next(reader, &key, &err);
        if (status != 1)
            fail_msg("%s: %s", larges[i].what, err.text);
        if (key.size != larges[i].size)
            fail_msg("%s: %lld", larges[i].what, (long long)key.size);
        assert_int_equal(rdb_reader_next(reader, &key, &err), 0);
        assert_int_equal(allocated, 0);
        rdb_reader_free(reader);
        image_release(&ends.before);
        image_release(&ends.after);
    }
}

/* Of a long name the beginning is kept, of one that does not come nothing is made room for. */
static void keeps_the_beginning_of_names(void **state)
{
    static const char begins[] = "REDIS0012\x00\x81\0\0\0\0\x04\0\0\0"; /* 64 MiB */
    static char piece[1024];
    const struct text ends[] = {BYTES("\x01v\xff\0\0\0\0\0\0\0\0"), BYTES("\x00")};
    (void)state;
    memset(piece, 'n', sizeof(piece));
    for (int whole = 0; whole < 2; whole++) {
        struct repeated repeated = {.before = {begins, sizeof(begins) - 1},
                                    .piece = {piece, sizeof(piece)},
                                    .after = ends[!whole],
                                    .times = whole ? 65536 : 8};
        struct rdb_source source = repeated_source(&repeated);
        struct rdb_reader *reader = rdb_reader_new(&source);
        struct error err = {0};
        struct rdb_key key;
        allocated = 0;
        assert_int_equal(rdb_reader_next(reader, &key, &err), whole ? 1 : -1);
        assert_true(allocated < (whole ? 2 * RDB_NAME_MAX : 40000));
        if (whole) {
            assert_int_equal(key.name_length, 64 << 20);
            assert_int_equal(key.name.length, RDB_NAME_MAX);
            assert_true(memcmp(key.name.bytes, piece, sizeof(piece)) == 0);
            assert_int_equal(key.name.bytes[RDB_NAME_MAX - 1], 'n');
            assert_int_equal(key.size, 1);
        }
        rdb_reader_free(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_no_value),
        cmocka_unit_test(keeps_the_beginning_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
