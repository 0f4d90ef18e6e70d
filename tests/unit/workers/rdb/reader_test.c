/* Keys of every form, one by one and one after the other, whole and cut. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "kinds.h"

static void check_key(const struct rdb_key *key, const struct kind *kind)
{
    assert_true(text_equals(key->name, text_of(kind->what)));
    assert_int_equal(key->name_length, strlen(kind->what));
    assert_string_equal(key->type_name, kind->type_name);
    if (kind->encoding)
        assert_string_equal(key->encoding, kind->encoding);
    else
        assert_null(key->encoding);
    assert_int_equal(key->size, kind->size);
    assert_int_equal(key->ttl_fields, kind->ttl_fields);
    assert_int_equal(key->bytes > 0, key->type != RDB_MODULE);
}

/* In pieces of at most so many bytes. */
static struct rdb_reader *begin(struct image_source *state, const struct image *image,
                                size_t length, size_t piece)
{
    *state = (struct image_source){image->bytes, length, piece, 0, 0};
    struct rdb_source source = image_source(state);
    return rdb_reader_new(&source);
}

static void reads_every_form(void **state)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 7};
    (void)state;
    for (size_t i = 0; i < 3 * kinds_count; i++) {
        const struct kind *kind = &kinds[i / 3];
        struct image image = {0};
        struct image_source given;
        struct error err = {0};
        struct rdb_key key;
        kind_put_image(kind, &image);
        struct rdb_reader *reader = begin(&given, &image, image.length, pieces[i % 3]);
        int status = rdb_reader_next(reader, &key, &err);
        if (status != 1)
            fail_msg("%s: %s", kind->what, err.text);
        check_key(&key, kind);
        assert_int_equal(key.db, 0);
        assert_int_equal(key.expires_at_ms, -1);
        assert_int_equal(rdb_reader_next(reader, &key, &err), 0);
        assert_int_equal(rdb_reader_next(reader, &key, &err), 0);
        assert_int_equal(rdb_reader_offset(reader), image.length);
        rdb_reader_free(reader);
        image_release(&image);
    }
}

static void put_facts_of_key(struct image *image)
{
    IMAGE_PUT(image, "\xfe\x05\xfb\x02\x01");
    image_put_byte(image, 252);
    image_put_little(image, UINT64_C(1700000000123), 8);
    IMAGE_PUT(image, "\xf8\x40\x64\xf9\xc8");
}

/* All there is between keys, before and after one that has everything. */
static void reads_what_is_between(void **state)
{
    struct image image = {0};
    struct image_source given;
    struct error err = {0};
    struct rdb_key key;
    (void)state;
    IMAGE_PUT(&image, "REDIS0013");
    image_put_field(&image, "redis-ver", "8.4.0");
    image_put_field(&image, "redis-bits", "64");
    IMAGE_PUT(&image, "\xfa\x05"
                      "ctime\xc2\x00\xf1\x53\x65");
    image_put_field(&image, "used-mem", "123456789");
    image_put_field(&image, "repl-offset", "98765");
    image_put_field(&image, "a name that is longer than any that is known to the reader", "x");
    IMAGE_PUT(&image, "\xf5\x04"
                      "code"); /* a function */
    IMAGE_PUT(&image, "\xf6\x01"
                      "a\x03LUA\x01\x01"
                      "d\x04"
                      "code"); /* of a candidate */
    IMAGE_PUT(&image, "\xf6\x01"
                      "a\x03LUA\x00\x04"
                      "code");
    IMAGE_PUT(&image, "\xf7\x81"
                      "abcdefgh\x02\x02\x05\x01x\x00"); /* of a module */
    put_facts_of_key(&image);
    IMAGE_PUT(&image, "\xf4\x05\x01\x00"); /* a slot */
    IMAGE_PUT(&image, "\xf3\x02"
                      "abcd\x01\x07\x00"
                      "efgh\x00"); /* metadata of the key */
    IMAGE_PUT(&image, "\x00\x01k\x01v");
    IMAGE_PUT(&image, "\xfd\x40\x00\x00\x00\x00\xc0\x2a\xc0\x07");
    IMAGE_PUT(&image, "\xf7\x01\x02\x02\x00");
    image_put_end(&image);
    struct rdb_reader *reader = begin(&given, &image, image.length, SIZE_MAX);
    int status = rdb_reader_next(reader, &key, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(status, 1);
    assert_int_equal(key.db, 5);
    assert_int_equal(key.expires_at_ms, INT64_C(1700000000123));
    assert_int_equal(key.idle_s, 100);
    assert_int_equal(key.freq, 200);
    assert_int_equal(rdb_reader_next(reader, &key, &err), 1);
    assert_true(text_equals(key.name, TEXT("42")));
    assert_int_equal(key.db, 5);
    assert_int_equal(key.expires_at_ms, 64000);
    assert_int_equal(key.idle_s, -1);
    assert_int_equal(key.freq, -1);
    assert_int_equal(rdb_reader_next(reader, &key, &err), 0);
    const struct rdb_facts *facts = rdb_reader_facts(reader);
    assert_int_equal(facts->rdb_version, 13);
    assert_string_equal(facts->server_version, "8.4.0");
    assert_int_equal(facts->created_s, 1700000000);
    assert_int_equal(facts->used_memory, 123456789);
    assert_int_equal(facts->replication_offset, 98765);
    assert_int_equal(facts->functions, 3);
    assert_int_equal(facts->keys_announced, 2);
    rdb_reader_free(reader);
    image_release(&image);
}

static void reads_valkey_slots_on_their_way(void **state)
{
    struct image image = {0};
    struct image_source given;
    struct error err = {0};
    struct rdb_key key;
    (void)state;
    IMAGE_PUT(&image, "VALKEY080");
    image_put_field(&image, "valkey-ver", "9.0.1");
    image_put_field(&image, "redis-ver", "7.2.4");
    IMAGE_PUT(&image, "\xf3\x03job\x02\x00\x05\x41\x00\x41\x01");
    image_put_key(&image, 0, "a name of 25 bytes at most");
    image_put_text(&image, "and value"); /* 64 or 56 bytes: patches of 9.0 differ */
    image_put_end(&image);
    struct rdb_reader *reader = begin(&given, &image, image.length, SIZE_MAX);
    assert_int_equal(rdb_reader_next(reader, &key, &err), 1);
    assert_string_equal(key.encoding, "embstr");
    assert_int_equal(rdb_reader_next(reader, &key, &err), 0);
    assert_true(rdb_reader_facts(reader)->valkey);
    assert_string_equal(rdb_reader_facts(reader)->server_version, "9.0.1");
    rdb_reader_free(reader);
    image_release(&image);
}

/* Reads all of an input that is cut; the keys before the cut are told as ever. */
static void check_cut(const struct kind *kind, const struct image *image, size_t length)
{
    unsigned char *exactly = malloc(length ? length : 1);
    assert_non_null(exactly);
    memcpy(exactly, image->bytes, length);
    const struct image cut = {exactly, length, length};
    struct image_source given;
    struct error err = {0};
    struct rdb_key key;
    int status = 0;
    struct rdb_reader *reader = begin(&given, &cut, length, SIZE_MAX);
    while ((status = rdb_reader_next(reader, &key, &err)) > 0)
        check_key(&key, kind);
    assert_int_equal(status, -1);
    assert_int_equal(err.code, ERROR_RDB_FORMAT);
    assert_non_null(strstr(err.text, "bytes too early"));
    struct error again = {0};
    assert_int_equal(rdb_reader_next(reader, &key, &again), -1);
    assert_string_equal(again.text, err.text);
    rdb_reader_free(reader);
    free(exactly);
}

static void sees_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < kinds_count; i++) {
        struct image image = {0};
        kind_put_image(&kinds[i], &image);
        /* The middle of long texts is as dull as it looks. */
        size_t step = 1;
        for (size_t length = 0; length < image.length; length += step) {
            check_cut(&kinds[i], &image, length);
            step = length > 1000 && image.length - length > 1000 ? 61 : 1;
        }
        image_release(&image);
    }
}

/* A replication stream goes on after the RDB. */
static void stops_where_it_ends(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 64; piece += 63) {
        struct image image = {0};
        struct image_source given;
        struct error err = {0};
        struct rdb_key key;
        kind_put_image(&kinds[0], &image);
        size_t ends = image.length;
        IMAGE_PUT(&image, "*1\r\n$4\r\nPING\r\n");
        struct rdb_reader *reader = begin(&given, &image, image.length, piece);
        assert_int_equal(rdb_reader_next(reader, &key, &err), 1);
        assert_int_equal(rdb_reader_next(reader, &key, &err), 0);
        size_t calls = given.calls;
        assert_int_equal(rdb_reader_next(reader, &key, &err), 0);
        assert_int_equal(given.calls, calls);
        assert_int_equal(rdb_reader_offset(reader), ends);
        assert_true(piece > 1 || given.given == ends);
        rdb_reader_free(reader);
        image_release(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(reads_what_is_between),
        cmocka_unit_test(reads_valkey_slots_on_their_way),
        cmocka_unit_test(sees_every_cut),
        cmocka_unit_test(stops_where_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
