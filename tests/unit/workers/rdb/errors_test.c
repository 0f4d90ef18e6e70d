/* Input that is no RDB, or is wrong in one place: an error that says where and what, never a
 * figure. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "image.h"

/* A constant struct text. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* The text of the error; empty where the input ends well. */
static void read_all(const struct image *image, int *ret_keys, struct error *ret_err)
{
    struct image_source given = {image->bytes, image->length, SIZE_MAX, 0, 0};
    struct rdb_source source = image_source(&given);
    struct rdb_reader *reader = rdb_reader_new(&source);
    struct rdb_key key;
    int status = 0;
    *ret_keys = 0;
    error_clear(ret_err);
    while ((status = rdb_reader_next(reader, &key, ret_err)) > 0)
        (*ret_keys)++;
    assert_int_equal(status < 0, ret_err->code != ERROR_NONE);
    rdb_reader_free(reader);
}

static void check(const struct image *image, const char *text)
{
    struct error err;
    int keys = 0;
    read_all(image, &keys, &err);
    if (!strstr(err.text, text) || keys > 0)
        fail_msg("%d keys, \"%s\" where \"%s\" is due", keys, err.text, text);
    assert_int_equal(err.code, ERROR_RDB_FORMAT);
}

static void refuses_other_formats(void **state)
{
    static const struct {
        struct text begins;
        const char *error;
    } rows[] = {
        {BYTES(""), "byte 0, header: the input ends 9 bytes too early"},
        {BYTES("REDIS001"), "byte 0, header: the input ends 1 bytes too early"},
        {BYTES("*2\r\n$6\r\nSELECT\r\n"), "byte 0, header: this is no RDB"},
        {BYTES("PK\x03\x04\x14\0\0\0\x08\0\0\0"), "this is no RDB"},
        {BYTES("\x1f\x8b\x08\0\0\0\0\0\0\x03"), "this is no RDB"},
        {BYTES("SQLite format 3\0"), "this is no RDB"},
        {BYTES("redis0009\xff\0\0\0\0\0\0\0\0"), "this is no RDB"},
        {BYTES("VALKEX080\xff\0\0\0\0\0\0\0\0"), "this is no RDB"},
        {BYTES("REDIS00x9\xff\0\0\0\0\0\0\0\0"), "a version that is no number"},
        {BYTES("VALKEY-80\xff\0\0\0\0\0\0\0\0"), "a version that is no number"},
        {BYTES("REDIS0000\xff\0\0\0\0\0\0\0\0"), "version 0 of the format; 1 to 14 can be read"},
        {BYTES("REDIS0015\xff\0\0\0\0\0\0\0\0"), "version 15 of the format; 1 to 14"},
        {BYTES("VALKEY079\xff\0\0\0\0\0\0\0\0"), "version 79 of the format; 80 to 81"},
        {BYTES("VALKEY082\xff\0\0\0\0\0\0\0\0"), "version 82 of the format; 80 to 81"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct image image = {0};
        image_put(&image, rows[i].begins.bytes, rows[i].begins.length);
        check(&image, rows[i].error);
        image_release(&image);
    }
}

/* After a header and the name "k", which take 12 bytes.  An end follows where the input is not said
 * to end too early. */
static const struct {
    const char *magic;
    unsigned type;
    struct text value;
    const char *error;
} wrong[] = {
    /* Types, lengths and strings. */
    {"REDIS0014", 8, BYTES(""), "byte 9, a type: a value of the unknown type 8"},
    {"REDIS0014", 29, BYTES(""), "a value of the unknown type 29"},
    {"REDIS0014", 242, BYTES(""), "a value of the unknown type 242"},
    {"VALKEY080", 23, BYTES(""), "a value of the unknown type 23"},
    {"VALKEY081", 28, BYTES(""), "a value of the unknown type 28"},
    {"REDIS0009", 6, BYTES("\x01"), "values of modules before Redis 4.0 cannot be passed over"},
    {"REDIS0009", 0, BYTES("\x82"), "byte 12, a string: 0x82 begins no length"},
    {"REDIS0009", 0, BYTES("\xc4"), "byte 12, a string: a string of the unknown form 4"},
    {"REDIS0009", 1, BYTES("\xc0\x01"), "byte 12, a list: a string where a number is due"},
    {"REDIS0009", 0, BYTES("\xc3\xc0"), "a string where a number is due"},
    /* Lengths of 2^62. */
    {"REDIS0009", 0, BYTES("\x81\x40\0\0\0\0\0\0\0"), "bytes too early"},
    {"REDIS0009", 0,
     BYTES("\xc3\x81\x40\0\0\0\0\0\0\0\x40\x80"
           "\x01xy"),
     "bytes too early"},
    {"REDIS0009", 0, BYTES("\xc3\x03\x81\x40\0\0\0\0\0\0\0\x01xy"), "LZF of fewer bytes than were"},
    {"REDIS0009", 1,
     BYTES("\x81\x40\0\0\0\0\0\0\0\x01"
           "a"),
     "bytes too early"},
    {"REDIS0009", 2,
     BYTES("\x81\x40\0\0\0\0\0\0\0\x01"
           "a"),
     "bytes too early"},
    {"REDIS0009", 3,
     BYTES("\x81\x40\0\0\0\0\0\0\0\x01"
           "a\xfe"),
     "bytes too early"},
    {"REDIS0009", 4,
     BYTES("\x81\x40\0\0\0\0\0\0\0\x01"
           "a\x01"
           "b"),
     "bytes too early"},
    {"REDIS0009", 5,
     BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01"
           "a12345678"),
     "too early"},
    {"REDIS0009", 10,
     BYTES("\x81\x40\0\0\0\0\0\0\0"
           "\x0b\0\0\0\x0a\0\0\0\0\0\xff"),
     "a ziplist that says it has 11 bytes, of 4611686018427387904"},
    {"REDIS0009", 11,
     BYTES("\x81\x40\0\0\0\0\0\0\0"
           "\x08\0\0\0\xff\xff\xff\xff"),
     "an intset of 4294967295 integers of 8 bytes in 4611686018427387904"},
    {"REDIS0009", 14, BYTES("\x81\x40\0\0\0\0\0\0\0"), "bytes too early"},
    {"REDIS0009", 15, BYTES("\x81\x40\0\0\0\0\0\0\0"), "bytes too early"},
    {"REDIS0009", 7, BYTES("\x01\x05\x81\x40\0\0\0\0\0\0\0"), "bytes too early"},
    /* LZF. */
    {"REDIS0009", 0, BYTES("\xc3\x03\x04\x00x\x20"),
     "byte 17, a string: LZF that ends within a part"},
    {"REDIS0009", 0, BYTES("\xc3\x05\x40\x40\x00x\xe0\x5a\x01"),
     "byte 18, a string: LZF of more bytes than were told"},
    {"REDIS0009", 0, BYTES("\xc3\x05\x40\x65\x00x\xe0\x5a\x00"),
     "LZF of fewer bytes than were told"},
    {"REDIS0009", 0, BYTES("\xc3\x05\x40\x64\x00x\xe0\x5a\x01"),
     "LZF that refers to what is before its beginning"},
    {"REDIS0009", 0, BYTES("\xc3\x05\x02\x01xy\x00z"), "LZF of more bytes than were told"},
    {"REDIS0009", 0, BYTES("\xc3\x03\x05\x01xy"), "LZF of fewer bytes than were told"},
    {"REDIS0009", 10, BYTES("\xc3\x02\x0b\x00\x0b"), "LZF of fewer bytes than were told"},
    {"REDIS0009", 10, BYTES("\xc3\x0e\x0b\x0a\x0b\0\0\0\x0a\0\0\0\0\0\xff\x00x"),
     "LZF of more bytes than were told"},
    /* Ziplists. */
    {"REDIS0009", 10, BYTES("\xc0\x01"), "an integer where packed elements are due"},
    {"REDIS0009", 10,
     BYTES("\x03"
           "abc"),
     "10 bytes of packed elements are due where 3 are left"},
    {"REDIS0009", 10, BYTES("\x0b\x0c\0\0\0\x0a\0\0\0\0\0\xff"), "says it has 12 bytes, of 11"},
    {"REDIS0009", 10, BYTES("\x0b\x0b\0\0\0\x0b\0\0\0\0\0\xff"),
     "last element is not where it says"},
    {"REDIS0009", 10, BYTES("\x0b\x0b\0\0\0\x0a\0\0\0\x01\0\xff"), "says it has 1 elements, of 0"},
    {"REDIS0009", 10, BYTES("\x0a\x0a\0\0\0\x0a\0\0\0\0\0"),
     "byte 23, a list in a ziplist: a ziplist without an end"},
    {"REDIS0009", 10, BYTES("\x0c\x0c\0\0\0\x0a\0\0\0\0\0\xff\x00"), "1 bytes after the end"},
    {"REDIS0009", 10, BYTES("\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\x01\xf1\xff"),
     "element of 0 bytes is said to have 1"},
    {"REDIS0009", 10, BYTES("\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\0\xff\xff"),
     "an element of a ziplist of unknown form"},
    {"REDIS0009", 10, BYTES("\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\0\x05\xff"),
     "an element of 7 bytes where 3 are left"},
    {"REDIS0009", 13, BYTES("\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\0\xf1\xff"),
     "1 packed elements where each takes 2"},
    /* Listpacks. */
    {"REDIS0010", 16, BYTES("\x07\x08\0\0\0\0\0\xff"), "says it has 8 bytes, of 7"},
    {"REDIS0010", 16, BYTES("\x07\x07\0\0\0\x01\0\xff"), "says it has 1 elements, of 0"},
    {"REDIS0010", 16, BYTES("\x06\x06\0\0\0\0\0"), "a listpack without an end"},
    {"REDIS0010", 16, BYTES("\x08\x08\0\0\0\0\0\xff\x00"), "1 bytes after the end"},
    {"REDIS0010", 16, BYTES("\x09\x09\0\0\0\x01\0\x01\x02\xff"),
     "element of 1 bytes is said to have 2"},
    {"REDIS0010", 16, BYTES("\x09\x09\0\0\0\x01\0\xf5\x01\xff"),
     "0xf5 begins no element of a listpack"},
    {"REDIS0010", 16, BYTES("\x09\x09\0\0\0\x01\0\x88\x01\xff"),
     "an element of 9 bytes where 3 are left"},
    {"REDIS0010", 16, BYTES("\x09\x09\0\0\0\x01\0\xf0\xff\xff"), "an element of"},
    {"REDIS0010", 16, BYTES("\x09\x09\0\0\0\x01\0\x01\x01\xff"),
     "1 packed elements where each takes 2"},
    {"REDIS0012", 23, BYTES("\x0e\x0e\0\0\0\x03\0\x01\x01\x01\x01\x81x\x02\xff"),
     "a field's time that is no integer"},
    /* Other packed ones. */
    {"REDIS0009", 11, BYTES("\x0a\x03\0\0\0\x01\0\0\0xx"), "an intset of integers of 3 bytes"},
    {"REDIS0009", 11, BYTES("\x0a\x02\0\0\0\x02\0\0\0xx"),
     "an intset of 2 integers of 2 bytes in 10"},
    {"REDIS0002", 9, BYTES("\x02\x01\xff"), "a zipmap that says it has 1 fields, of 0"},
    {"REDIS0002", 9,
     BYTES("\x04\x01\x01"
           "a\xff"),
     "a field without a value"},
    {"REDIS0002", 9, BYTES("\x01\x00"), "1 bytes of packed elements are due where 0 are left"},
    {"REDIS0002", 9,
     BYTES("\x06\x01\x01"
           "a\x01\x09v"),
     "an element of 10 bytes where 1 are left"},
    {"REDIS0002", 9, BYTES("\x06\xfe\xfe\xff\xff\xff\xff"), "an element of 4294967295 bytes"},
    {"REDIS0012", 18, BYTES("\x01\x03"), "a node of the unknown form 3"},
    /* Streams: a node of 1 entry, of which none is deleted. */
    {"REDIS0009", 15, BYTES("\x01\x0fxxxxxxxxxxxxxxx"), "a node with an id of 15 bytes"},
    {"REDIS0009", 15, BYTES("\x01\x10xxxxxxxxxxxxxxxx\x07\x07\0\0\0\0\0\xff"),
     "a node that does not say how many entries it has"},
    {"REDIS0009", 15, BYTES("\x01\x10xxxxxxxxxxxxxxxx\x0c\x0c\0\0\0\x02\0\xdf\xff\x02\0\x01\xff"),
     "a node that does not say how many entries it has"},
    {"REDIS0009", 15, BYTES("\x01\x10xxxxxxxxxxxxxxxx\x0b\x0b\0\0\0\x02\0\x03\x01\x00\x01\xff"),
     "a node that says it has 3 entries, in 2 elements"},
    {"REDIS0009", 15, BYTES("\x01\x10xxxxxxxxxxxxxxxx\x0b\x0b\0\0\0\x02\0\x01\x01\x00\x01\xff\x02"),
     "a stream that says it has 2 entries, of 1"},
    {"REDIS0009", 15,
     BYTES("\x00\x00\x00\x00\x01\x01g\x00\x00\x00\x01\x01"
           "c12345678\x01"),
     "consumers with more pending entries than their group"},
    {"REDIS0014", 27,
     BYTES("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01g\x00\x00\x00\x00\x00\x01"),
     "more refused entries than are pending"},
    /* Modules and arrays. */
    {"REDIS0009", 7, BYTES("\x01\x06"), "a part of the unknown form 6"},
    {"REDIS0014", 28, BYTES("\x01\x02"), "does not say whether it has a place"},
    {"REDIS0014", 28, BYTES("\x01\x00\x00\x04"), "an array's element of the unknown form 4"},
};

static void says_where_and_what(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct image image = {0};
        image_put(&image, wrong[i].magic, 9);
        image_put_key(&image, wrong[i].type, "k");
        image_put(&image, wrong[i].value.bytes, wrong[i].value.length);
        if (!strstr(wrong[i].error, "too early"))
            image_put_end(&image);
        check(&image, wrong[i].error);
        image_release(&image);
    }
}

static void refuses_what_precedes_keys(void **state)
{
    static const struct {
        struct text bytes;
        const char *error;
    } rows[] = {
        {BYTES("\xfe\x81\x40\0\0\0\0\0\0\0"), "a database of the number 4611686018427387904"},
        {BYTES("\xfc\xff\xff\xff\xff\xff\xff\xff\xff"), "an expiry before 1970"},
        {BYTES("\xfd\xff\xff\xff\xff"), "an expiry before 1970"},
        {BYTES("\xf8\x81\xff\xff\xff\xff\xff\xff\xff\xff"), "a key idle for"},
        {BYTES("\xf5\x81\x40\0\0\0\0\0\0\0"), "bytes too early"},
        {BYTES("\xfa\x81\x40\0\0\0\0\0\0\0"), "bytes too early"},
        {BYTES("\xf7\x01\x02\x02\x07"), "a part of the unknown form 7"},
        {BYTES("\xf3\x81\x40\0\0\0\0\0\0\0"), "bytes too early"},
        {BYTES("\x00\x81\x40\0\0\0\0\0\0\0name"), "a key's name: the input ends"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct image image = {0};
        IMAGE_PUT(&image, "REDIS0013");
        image_put(&image, rows[i].bytes.bytes, rows[i].bytes.length);
        if (!strstr(rows[i].error, "too early"))
            image_put_end(&image);
        check(&image, rows[i].error);
        image_release(&image);
    }
}

static void checks_the_sum(void **state)
{
    static const struct {
        const char *magic;
        uint64_t changed; /* by which the sum is not what it should be; 1: it is 0 */
        bool is_right;
    } rows[] = {
        {"REDIS0004", 2, true}, /* had none: what follows is not looked at */
        {"REDIS0005", 0, true}, {"REDIS0005", 2, false}, {"REDIS0012", UINT64_C(1) << 63, false},
        {"REDIS0012", 1, true}, {"VALKEY080", 0, true},  {"VALKEY080", 4, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct image image = {0};
        struct error err;
        int keys = 0;
        image_put(&image, rows[i].magic, 9);
        image_put_key(&image, 0, "k");
        image_put_text(&image, "v");
        image_put_end(&image);
        for (int byte = 0; byte < 8; byte++) {
            unsigned char *at = image.bytes + image.length - 8 + byte;
            *at = rows[i].changed == 1 ? 0 : *at ^ (rows[i].changed >> (8 * byte) & 255);
        }
        read_all(&image, &keys, &err);
        assert_int_equal(keys, 1);
        assert_int_equal(err.code, rows[i].is_right ? ERROR_NONE : ERROR_RDB_FORMAT);
        assert_true(rows[i].is_right || strstr(err.text, "byte 23, the checksum: "));
        image_release(&image);
    }
}

static ssize_t fail_later(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    bool *given = argument;
    if (*given)
        return error_set_public(err, ERROR_REDIS_TIMEOUT, "the master stalls");
    *given = true;
    assert_true(most >= 14);
    memcpy(ret_bytes, "REDIS0012\x00\x01k\x40\xff", 14);
    return 14;
}

static void passes_on_what_the_source_fails_with(void **state)
{
    bool given = false;
    const struct rdb_source source = {fail_later, &given};
    struct rdb_reader *reader = rdb_reader_new(&source);
    struct error err = {0}, again = {0};
    struct rdb_key key;
    (void)state;
    assert_int_equal(rdb_reader_next(reader, &key, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_TIMEOUT);
    assert_string_equal(err.text, "the master stalls");
    assert_string_equal(err.public_argument, "the master stalls");
    assert_int_equal(rdb_reader_next(reader, &key, &again), -1);
    assert_int_equal(again.code, ERROR_REDIS_TIMEOUT);
    rdb_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_other_formats),
        cmocka_unit_test(says_where_and_what),
        cmocka_unit_test(refuses_what_precedes_keys),
        cmocka_unit_test(checks_the_sum),
        cmocka_unit_test(passes_on_what_the_source_fails_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
