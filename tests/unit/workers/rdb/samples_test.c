/* What fifteen servers said of their keys before they saved them, key by key. */
#include "unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "image.h"

struct sample {
    const char *name;
    bool uses_lfu;
    bool fields_expire;   /* one of one hash */
    bool tells_no_embstr; /* whether short strings are raw or embstr */
    int version;          /* of the format */
};

static const struct sample samples[] = {
    {"redis-2.8", false, false, true, 6},      {"redis-3.0", false, false, true, 6},
    {"redis-3.2", false, false, false, 7},     {"redis-4.0", false, false, false, 8},
    {"redis-5.0", false, false, false, 9},     {"redis-6.2", false, false, false, 9},
    {"redis-7.0", false, false, false, 10},    {"redis-7.2", false, false, false, 11},
    {"redis-7.2-lfu", true, false, false, 11}, {"redis-7.4", false, true, false, 12},
    {"redis-8.0", false, true, false, 12},     {"valkey-8.0", false, false, false, 11},
    {"valkey-8.1", false, false, false, 11},   {"valkey-9.1", false, true, false, 80},
    {"valkey-9.1-lfu", true, true, false, 80},
};

enum { ASKING_MS = 2000 /* may have passed between a question about a key and its answer */ };

static json_t *load_answers(const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), FIXTURES "/rdb/%s.json", name);
    json_t *answers = json_load_file(path, 0, NULL);
    assert_non_null(answers);
    return answers;
}

static void name_answer(const struct rdb_key *key, char *ret_name, size_t size)
{
    size_t length = (size_t)snprintf(ret_name, size, "%d:", key->db);
    assert_true(length + 2 * key->name.length < size);
    text_format_hex((const unsigned char *)key->name.bytes, key->name.length, ret_name + length);
}

/* "DB:HEX" of the name to what was answered; what the reader told is taken out. */
static json_t *index_answers(const json_t *answers)
{
    json_t *index = json_object(), *answer;
    size_t i;
    json_array_foreach(json_object_get(answers, "keys"), i, answer)
    {
        const char *hex = json_string_value(json_object_get(answer, "key_hex"));
        char name[8192];
        int db = (int)json_integer_value(json_object_get(answer, "db"));
        assert_true(strlen(hex) < sizeof(name) - 16);
        snprintf(name, sizeof(name), "%d:%s", db, hex);
        json_object_set(index, name, answer);
    }
    return index;
}

static void check_expiry(const struct rdb_key *key, const json_t *answer)
{
    const json_t *expires = json_object_get(answer, "expires_in_about_ms_at");
    if (!expires) {
        assert_int_equal(key->expires_at_ms, -1);
        return;
    }
    int64_t at = json_integer_value(json_array_get(expires, 0)) +
                 json_integer_value(json_array_get(expires, 1));
    assert_in_range(key->expires_at_ms, at - ASKING_MS, at + ASKING_MS);
}

static void check_encoding(const struct rdb_key *key, const json_t *answer,
                           const struct sample *sample)
{
    const char *told = json_string_value(json_object_get(answer, "encoding"));
    if (sample->tells_no_embstr && key->type == RDB_STRING && !key->encoding) {
        assert_true(key->size <= 39);
        assert_true(strcmp(told, "raw") == 0 || strcmp(told, "embstr") == 0);
        return;
    }
    assert_non_null(key->encoding);
    assert_string_equal(key->encoding, told);
}

static void check_key(const struct rdb_key *key, const json_t *answer, const struct sample *sample)
{
    assert_non_null(answer);
    assert_int_equal(key->db, json_integer_value(json_object_get(answer, "db")));
    assert_string_equal(key->type_name, json_string_value(json_object_get(answer, "type")));
    assert_int_equal(key->size, json_integer_value(json_object_get(answer, "size")));
    assert_int_equal(key->name_length, key->name.length);
    assert_true(key->bytes > 0);
    assert_int_equal(key->idle_s, -1);
    assert_in_range(key->freq + 1, sample->uses_lfu ? 1 : 0, sample->uses_lfu ? 256 : 0);
    assert_int_equal(key->ttl_fields,
                     sample->fields_expire && text_equals(key->name, TEXT("hash:fieldttl")));
    check_encoding(key, answer, sample);
    check_expiry(key, answer);
}

static void check_facts(const struct rdb_facts *facts, const struct sample *sample,
                        const json_t *answers)
{
    bool valkey = strncmp(sample->name, "valkey", 6) == 0;
    assert_int_equal(facts->rdb_version, sample->version);
    assert_int_equal(facts->valkey_magic, sample->version == 80);
    assert_int_equal(facts->valkey, valkey);
    if (sample->version < 7) {
        assert_string_equal(facts->server_version, "");
        assert_int_equal(facts->used_memory, -1);
        return;
    }
    const char *told =
        json_string_value(json_array_get(json_object_get(answers, "server"), valkey ? 1 : 0));
    assert_string_equal(strchr(told, ':') + 1, facts->server_version);
    assert_int_equal(facts->bits, 64);
    assert_true(facts->created_s > 1700000000 && facts->used_memory > 500000);
    assert_int_equal(facts->functions, sample->version >= 10);
    assert_int_equal(facts->keys_announced, json_array_size(json_object_get(answers, "keys")));
}

/* In pieces of at most so many bytes. */
static void check_sample(const struct sample *sample, const struct image *image, size_t piece)
{
    struct image_source state = {image->bytes, image->length, piece, 0, 0};
    struct rdb_source source = image_source(&state);
    struct rdb_reader *reader = rdb_reader_new(&source);
    json_t *answers = load_answers(sample->name), *left = index_answers(answers);
    struct error err = {0};
    struct rdb_key key;
    int status = 0;
    while ((status = rdb_reader_next(reader, &key, &err)) > 0) {
        char name[8192];
        name_answer(&key, name, sizeof(name));
        check_key(&key, json_object_get(left, name), sample);
        json_object_del(left, name);
    }
    assert_string_equal(err.text, "");
    assert_int_equal(status, 0);
    assert_int_equal(json_object_size(left), 0);
    assert_int_equal(rdb_reader_offset(reader), image->length);
    assert_int_equal(state.given, image->length);
    check_facts(rdb_reader_facts(reader), sample, answers);
    json_decref(left);
    json_decref(answers);
    rdb_reader_free(reader);
}

static void reads_what_servers_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct image image = {0};
        image_load(&image, samples[i].name);
        check_sample(&samples[i], &image, SIZE_MAX);
        check_sample(&samples[i], &image, 1);
        check_sample(&samples[i], &image, 4099);
        image_release(&image);
    }
}

/* Every bit counts: where nothing else is amiss, the checksum is. */
static void sees_any_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct image image = {0};
        image_load(&image, samples[i].name);
        for (size_t at = 97 * i; at < image.length; at += image.length / 7) {
            struct image_source source = {image.bytes, image.length, SIZE_MAX, 0, 0};
            struct rdb_source given = image_source(&source);
            struct rdb_reader *reader = rdb_reader_new(&given);
            struct error err = {0};
            struct rdb_key key;
            int status = 1;
            image.bytes[at] ^= (unsigned char)(1 << at % 8);
            while (status > 0)
                status = rdb_reader_next(reader, &key, &err);
            assert_int_equal(status, -1);
            assert_int_equal(err.code, ERROR_RDB_FORMAT);
            image.bytes[at] ^= (unsigned char)(1 << at % 8);
            rdb_reader_free(reader);
        }
        image_release(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_servers_said),
        cmocka_unit_test(sees_any_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
