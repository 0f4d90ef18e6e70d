#include "kinds.h"

#include <string.h>

#include "packed_image.h"
#include "unit.h"

static const char long_text[] = "a text that is longer than sixty-three bytes, so that its length "
                                "takes another form";

static void put_text(struct image *image)
{
    image_put_text(image, "text");
}

static void put_long_text(struct image *image)
{
    image_put_text(image, long_text);
}

static void put_packed_text(struct image *image)
{
    image_put_lzf(image, long_text, strlen(long_text));
}

/* One byte, and a run that refers to it. */
static void put_run(struct image *image)
{
    IMAGE_PUT(image, "\xc3\x05\x40\x64\x00x\xe0\x5a\x00");
}

static void put_packed_number(struct image *image)
{
    image_put_lzf(image, "-9223372036854775808", 20);
}

static void put_number_8(struct image *image)
{
    IMAGE_PUT(image, "\xc0\x85");
}

static void put_number_16(struct image *image)
{
    IMAGE_PUT(image, "\xc1\x39\x30");
}

static void put_number_32(struct image *image)
{
    IMAGE_PUT(image, "\xc2\x00\x00\x00\x80");
}

static void put_digits(struct image *image)
{
    image_put_text(image, "9223372036854775807");
}

static void put_no_number(struct image *image)
{
    image_put_text(image, "9223372036854775808");
}

static void put_leading_zero(struct image *image)
{
    image_put_text(image, "007");
}

static void put_elements(struct image *image)
{
    image_put_length(image, 4);
    image_put_text(image, "a");
    put_packed_text(image);
    put_number_32(image);
    put_long_text(image);
}

static void put_scores_as_text(struct image *image)
{
    image_put_length(image, 4);
    image_put_text(image, "a");
    IMAGE_PUT(image, "\x03"
                     "1.5");
    image_put_text(image, "not a number");
    image_put_byte(image, 253);
    image_put_text(image, "infinite");
    image_put_byte(image, 254);
    put_number_8(image);
    image_put_byte(image, 255);
}

static void put_scores(struct image *image)
{
    image_put_length(image, 2);
    image_put_text(image, "a");
    image_put_little(image, UINT64_C(0x3ff8000000000000), 8);
    put_packed_text(image);
    image_put_little(image, UINT64_C(0x7ff0000000000000), 8);
}

static void put_fields(struct image *image)
{
    image_put_length(image, 2);
    image_put_text(image, "field");
    put_number_16(image);
    put_packed_text(image);
    image_put_text(image, "value");
}

static void put_times_first_pre(struct image *image)
{
    image_put_length(image, 2);
    image_put_length(image, 0);
    image_put_text(image, "field");
    image_put_text(image, "for ever");
    image_put_length(image, UINT64_C(2000000000000));
    image_put_text(image, "other");
    image_put_text(image, "for a while");
}

static void put_times_first(struct image *image)
{
    image_put_little(image, UINT64_C(2000000000000), 8);
    put_times_first_pre(image);
}

static void put_times_last(struct image *image)
{
    image_put_length(image, 2);
    image_put_text(image, "field");
    image_put_text(image, "for ever");
    image_put_little(image, UINT64_MAX, 8);
    image_put_text(image, "other");
    image_put_text(image, "for a while");
    image_put_little(image, UINT64_C(2000000000000), 8);
}

static void put_zipmap(struct image *image)
{
    static const char zipmap[] = "\x02\x05"
                                 "field\x05\x02"
                                 "value--"
                                 "\xfe\x01\x00\x00\x00"
                                 "f\x00\x00\xff";
    image_put_string(image, zipmap, sizeof(zipmap) - 1);
}

static void put_uncounted_zipmap(struct image *image)
{
    IMAGE_PUT_STRING(image, "\xfe\x01"
                            "f\x01\x00v\xff");
}

static void put_intset(struct image *image)
{
    IMAGE_PUT_STRING(image, "\x04\0\0\0\x02\0\0\0\xff\xff\xff\xff\x01\0\0\0");
}

static void put_packed_intset(struct image *image)
{
    image_put_lzf(image, "\x08\0\0\0\x01\0\0\0\xff\xff\xff\xff\x01\0\0\0", 16);
}

static void fill_ziplist(struct packed_image *packed)
{
    char text[20000];
    memset(text, 'x', sizeof(text));
    ziplist_begin(packed);
    ziplist_put(packed, text, 3);
    ziplist_put(packed, text, 300);
    ziplist_put(packed, text, 0);
    ziplist_put(packed, text, sizeof(text));
    ziplist_put_integer(packed, 0);
    ziplist_put_integer(packed, 12);
    ziplist_put_integer(packed, -128);
    ziplist_put_integer(packed, 32767);
    ziplist_put_integer(packed, -8388608);
    ziplist_put_integer(packed, 2147483647);
    ziplist_put_integer(packed, INT64_MIN);
    ziplist_put(packed, text, 63);
}

static void put_ziplist(struct image *image)
{
    struct packed_image packed;
    fill_ziplist(&packed);
    ziplist_end(&packed, 12);
    packed_move(&packed, image, false);
}

static void put_packed_ziplist(struct image *image)
{
    struct packed_image packed;
    fill_ziplist(&packed);
    ziplist_end(&packed, 65535);
    packed_move(&packed, image, true);
}

static void put_small_ziplist(struct image *image)
{
    struct packed_image packed;
    ziplist_begin(&packed);
    ziplist_put(&packed, "member", 6);
    ziplist_put_integer(&packed, 1);
    ziplist_end(&packed, 2);
    packed_move(&packed, image, false);
}

static void fill_listpack(struct packed_image *packed)
{
    char text[20000];
    memset(text, 'x', sizeof(text));
    listpack_begin(packed);
    listpack_put(packed, text, 3);
    listpack_put(packed, text, 300);
    listpack_put(packed, text, 0);
    listpack_put(packed, text, sizeof(text));
    listpack_put_integer(packed, 127);
    listpack_put_integer(packed, -4096);
    listpack_put_integer(packed, 32767);
    listpack_put_integer(packed, -8388608);
    listpack_put_integer(packed, 2147483647);
    listpack_put_integer(packed, INT64_MIN);
    listpack_put(packed, text, 63);
    listpack_put(packed, text, 64);
}

static void put_listpack(struct image *image)
{
    struct packed_image packed;
    fill_listpack(&packed);
    listpack_end(&packed, 12);
    packed_move(&packed, image, false);
}

static void put_packed_listpack(struct image *image)
{
    struct packed_image packed;
    fill_listpack(&packed);
    listpack_end(&packed, 65535);
    packed_move(&packed, image, true);
}

/* An element whose length is the last of two bytes in one release and the first of three in
 * another.
 */
static void put_end_of_range(struct image *image, bool wide)
{
    struct packed_image packed;
    char text[16378];
    memset(text, 'x', sizeof(text));
    listpack_begin(&packed);
    packed.wide_ends = wide;
    listpack_put(&packed, text, sizeof(text));
    listpack_put_integer(&packed, 1);
    listpack_end(&packed, 2);
    packed_move(&packed, image, false);
}

static void put_narrow_end(struct image *image)
{
    put_end_of_range(image, false);
}

static void put_wide_end(struct image *image)
{
    put_end_of_range(image, true);
}

static void put_small_listpack(struct image *image)
{
    struct packed_image packed;
    listpack_begin(&packed);
    listpack_put(&packed, "member", 6);
    listpack_put_integer(&packed, 1);
    listpack_end(&packed, 2);
    packed_move(&packed, image, false);
}

static void put_listpack_times_pre(struct image *image)
{
    struct packed_image packed;
    listpack_begin(&packed);
    listpack_put(&packed, "field", 5);
    listpack_put_integer(&packed, 7);
    listpack_put_integer(&packed, 0);
    listpack_put(&packed, "other", 5);
    listpack_put(&packed, "for a while", 11);
    listpack_put_integer(&packed, INT64_C(2000000000000));
    listpack_end(&packed, 6);
    packed_move(&packed, image, false);
}

static void put_listpack_times(struct image *image)
{
    image_put_little(image, UINT64_C(2000000000000), 8);
    put_listpack_times_pre(image);
}

static void put_quicklist(struct image *image)
{
    image_put_length(image, 2);
    put_small_ziplist(image);
    put_ziplist(image);
}

static void put_one_node(struct image *image)
{
    image_put_length(image, 1);
    image_put_length(image, 2);
    put_small_listpack(image);
}

static void put_one_plain_node(struct image *image)
{
    image_put_length(image, 1);
    image_put_length(image, 1);
    put_packed_text(image);
}

static void put_nodes(struct image *image)
{
    image_put_length(image, 3);
    image_put_length(image, 2);
    put_listpack(image);
    image_put_length(image, 1);
    put_long_text(image);
    image_put_length(image, 2);
    put_small_listpack(image);
}

static void put_id(struct image *image, unsigned number)
{
    image_put_little(image, 0, 7);
    image_put_byte(image, number);
    image_put_little(image, 0, 8);
}

/* Entries that are there, that are deleted, the number and names of fields, and what closes it; the
 * entries themselves are not looked at. */
static void put_stream_node(struct image *image, int64_t entries, int64_t deleted)
{
    struct packed_image packed;
    image_put_length(image, 16);
    put_id(image, 1);
    listpack_begin(&packed);
    listpack_put_integer(&packed, entries);
    listpack_put_integer(&packed, deleted);
    listpack_put_integer(&packed, 1);
    listpack_put(&packed, "field", 5);
    listpack_put_integer(&packed, 0);
    for (int64_t i = 0; i < entries + deleted; i++)
        listpack_put(&packed, "value", 5);
    listpack_end(&packed, packed.elements);
    packed_move(&packed, image, false);
}

static void put_lengths(struct image *image, int count)
{
    for (int i = 0; i < count; i++)
        image_put_length(image, UINT64_C(100000000000) + (unsigned)i);
}

/* Two pending entries, one of which a consumer holds. */
static void put_group(struct image *image, int format)
{
    image_put_text(image, "group");
    put_lengths(image, format >= 2 ? 3 : 2);
    image_put_length(image, 2);
    for (unsigned i = 1; i <= 2; i++) {
        put_id(image, i);
        image_put_little(image, UINT64_C(1700000000000), 8);
        image_put_length(image, 3);
    }
    image_put_length(image, 2);
    for (unsigned i = 0; i < 2; i++) {
        image_put_text(image, "consumer");
        image_put_little(image, UINT64_C(1700000000000), 8);
        if (format >= 3)
            image_put_little(image, UINT64_C(1700000000001), 8);
        image_put_length(image, i);
        if (i > 0)
            put_id(image, 1);
    }
    if (format < 5)
        return;
    image_put_length(image, 1);
    put_id(image, 2);
}

static void put_producers(struct image *image)
{
    put_lengths(image, 2);
    image_put_length(image, 1);
    image_put_text(image, "producer");
    image_put_length(image, 1);
    image_put_text(image, "sent");
    put_lengths(image, 4);
}

static void put_stream(struct image *image, int format)
{
    image_put_length(image, 2);
    put_stream_node(image, 2, 1);
    put_stream_node(image, 3, 0);
    image_put_length(image, 5);
    put_lengths(image, format >= 2 ? 7 : 2);
    image_put_length(image, 2);
    put_group(image, format);
    put_group(image, format);
    if (format >= 4)
        put_producers(image);
}

static void put_stream_1(struct image *image)
{
    put_stream(image, 1);
}

static void put_stream_2(struct image *image)
{
    put_stream(image, 2);
}

static void put_stream_3(struct image *image)
{
    put_stream(image, 3);
}

static void put_stream_4(struct image *image)
{
    put_stream(image, 4);
}

static void put_stream_5(struct image *image)
{
    put_stream(image, 5);
}

static void put_empty_stream(struct image *image)
{
    image_put_length(image, 0);
    image_put_length(image, 0);
    put_lengths(image, 2);
    image_put_length(image, 0);
}

/* "ReJSON-RL" in version 3, and a part of each form. */
static void put_module(struct image *image)
{
    image_put_length(image, UINT64_C(0x45e25238df912c03));
    IMAGE_PUT(image, "\x01\x2a\x02\x40\xff\x03"
                     "abcd\x04"
                     "abcdefgh\x05\x04text\x00");
}

static void put_array(struct image *image)
{
    IMAGE_PUT(image, "\x04\x01\x07");
    IMAGE_PUT(image, "\x00\x00\x04text");
    IMAGE_PUT(image, "\x01\x01"
                     "abcdefgh");
    IMAGE_PUT(image, "\x02\x02"
                     "abcdefgh");
    IMAGE_PUT(image, "\x09\x03\x01s");
}

#define UNSUMMED "REDIS0002" /* before checksums */
#define REDIS_6 "REDIS0006"
#define REDIS_9 "REDIS0009"
#define REDIS_10 "REDIS0010"
#define REDIS_12 "REDIS0012"
#define REDIS_14 "REDIS0014"
#define VALKEY_80 "VALKEY080"

const struct kind kinds[] = {
    {"text", REDIS_9, 0, put_text, "string", "embstr", 4, 0},
    {"long", REDIS_9, 0, put_long_text, "string", "raw", 83, 0},
    {"lzf", REDIS_9, 0, put_packed_text, "string", "raw", 83, 0},
    {"run", REDIS_9, 0, put_run, "string", "raw", 100, 0},
    {"lzf number", REDIS_9, 0, put_packed_number, "string", "int", 20, 0},
    {"8 bits", REDIS_9, 0, put_number_8, "string", "int", 4, 0},
    {"16 bits", REDIS_9, 0, put_number_16, "string", "int", 5, 0},
    {"32 bits", REDIS_9, 0, put_number_32, "string", "int", 11, 0},
    {"digits", REDIS_9, 0, put_digits, "string", "int", 19, 0},
    {"too many", REDIS_9, 0, put_no_number, "string", "embstr", 19, 0},
    {"zero", REDIS_9, 0, put_leading_zero, "string", "embstr", 3, 0},
    {"list", REDIS_6, 1, put_elements, "list", "linkedlist", 4, 0},
    {"set", REDIS_9, 2, put_elements, "set", "hashtable", 4, 0},
    {"zset", REDIS_6, 3, put_scores_as_text, "zset", "skiplist", 4, 0},
    {"hash", REDIS_9, 4, put_fields, "hash", "hashtable", 2, 0},
    {"zset 2", REDIS_9, 5, put_scores, "zset", "skiplist", 2, 0},
    {"module", REDIS_9, 7, put_module, "ReJSON-RL", NULL, -1, 0},
    {"zipmap", UNSUMMED, 9, put_zipmap, "hash", "zipmap", 2, 0},
    {"far zipmap", UNSUMMED, 9, put_uncounted_zipmap, "hash", "zipmap", 1, 0},
    {"ziplist", REDIS_6, 10, put_ziplist, "list", "ziplist", 12, 0},
    {"lzf ziplist", REDIS_6, 10, put_packed_ziplist, "list", "ziplist", 12, 0},
    {"intset", REDIS_9, 11, put_intset, "set", "intset", 2, 0},
    {"lzf intset", REDIS_9, 11, put_packed_intset, "set", "intset", 1, 0},
    {"ziplist zset", REDIS_9, 12, put_small_ziplist, "zset", "ziplist", 1, 0},
    {"ziplist hash", REDIS_9, 13, put_ziplist, "hash", "ziplist", 6, 0},
    {"quicklist", REDIS_9, 14, put_quicklist, "list", "quicklist", 14, 0},
    {"stream", REDIS_9, 15, put_stream_1, "stream", "stream", 5, 0},
    {"empty stream", REDIS_9, 15, put_empty_stream, "stream", "stream", 0, 0},
    {"listpack hash", REDIS_10, 16, put_listpack, "hash", "listpack", 6, 0},
    {"listpack zset", REDIS_10, 17, put_small_listpack, "zset", "listpack", 1, 0},
    {"narrow end", REDIS_10, 16, put_narrow_end, "hash", "listpack", 1, 0},
    {"wide end", REDIS_10, 16, put_wide_end, "hash", "listpack", 1, 0},
    {"quicklist 7.0", REDIS_10, 18, put_one_node, "list", "quicklist", 2, 0},
    {"one node", REDIS_12, 18, put_one_node, "list", "listpack", 2, 0},
    {"plain node", REDIS_12, 18, put_one_plain_node, "list", "quicklist", 1, 0},
    {"nodes", REDIS_12, 18, put_nodes, "list", "quicklist", 15, 0},
    {"stream 2", REDIS_10, 19, put_stream_2, "stream", "stream", 5, 0},
    {"listpack set", REDIS_12, 20, put_packed_listpack, "set", "listpack", 12, 0},
    {"stream 3", REDIS_12, 21, put_stream_3, "stream", "stream", 5, 0},
    {"times pre", REDIS_12, 22, put_times_first_pre, "hash", "hashtable", 2, 1},
    {"listpack pre", REDIS_12, 23, put_listpack_times_pre, "hash", "listpackex", 2, 1},
    {"times", REDIS_12, 24, put_times_first, "hash", "hashtable", 2, 1},
    {"listpack times", REDIS_12, 25, put_listpack_times, "hash", "listpackex", 2, 1},
    {"stream 4", "REDIS0013", 26, put_stream_4, "stream", "stream", 5, 0},
    {"stream 5", REDIS_14, 27, put_stream_5, "stream", "stream", 5, 0},
    {"array", REDIS_14, 28, put_array, "array", NULL, 4, 0},
    {"valkey times", VALKEY_80, 22, put_times_last, "hash", "hashtable", 2, 1},
    {"valkey text", VALKEY_80, 0, put_long_text, "string", "embstr", 83, 0},
    {"valkey stream", VALKEY_80, 21, put_stream_3, "stream", "stream", 5, 0},
};
const size_t kinds_count = COUNT_OF(kinds);

void kind_put_image(const struct kind *kind, struct image *image)
{
    image_put(image, kind->magic, 9);
    image_put_key(image, kind->type, kind->what);
    kind->put(image);
    if (memcmp(kind->magic, UNSUMMED, 9) == 0)
        image_put_byte(image, 255);
    else
        image_put_end(image);
}
