/* The document and the members of /v2 within their bounds, whatever the names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insight_cases.h"

enum { LONG_NAME = 300, LONG_KEYS = 600, LONG_TOP = 40 };

/* Long names of lists and sets, a sixth of them by keys that need six bytes a byte, under prefixes
 * of their own. */
static struct insight *make_long(bool by_type)
{
    struct insight_setup setup = plain;
    setup.options.top = LONG_TOP;
    setup.prefixes_by_type = by_type;
    struct insight *insight = insight_new(&setup);
    for (int i = 0; i < LONG_KEYS; i++) {
        char name[LONG_NAME];
        memset(name, i % 6 == 0 ? '\x01' : 'n', sizeof(name));
        int length = snprintf(name, 32, "prefix%d:", i % 300);
        name[length] = 'x';
        struct insight_key key =
            key_of(insight, i % 2 == 0 ? "list" : "set", (struct text){name, sizeof(name)});
        key.bytes = 1000 + i;
        key.size = i;
        insight_add(insight, &key);
    }
    return insight;
}

static size_t size_of(const json_t *document, const char *name)
{
    return json_array_size(json_object_get(document, name));
}

static json_int_t left_out_of(const json_t *document, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(document, "left_out"), name));
}

static size_t count_of_type(const json_t *ranking, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(ranking); i++)
        count += strcmp(json_string_value(json_object_get(json_array_get(ranking, i), "type")),
                        type) == 0;
    return count;
}

static size_t count_prefixes_by_type(const json_t *document)
{
    const json_t *types = json_object_get(document, "prefixes_by_type");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(types); i++)
        count += size_of(json_array_get(types, i), "items");
    return count;
}

/* All rankings to the same number of keys, and every entry is either there or counted. */
static void check_cut(const json_t *document, bool by_type)
{
    const json_t *by_size = json_object_get(document, "largest_by_size");
    size_t keys = size_of(document, "largest_by_bytes");
    size_t lists = count_of_type(by_size, "list"), sets = count_of_type(by_size, "set");
    assert_true(keys >= lists && lists >= sets && keys <= sets + 1);
    assert_int_equal(keys + (size_t)left_out_of(document, "largest_by_bytes"), LONG_TOP);
    assert_int_equal(lists + sets + (size_t)left_out_of(document, "largest_by_size"), 2 * LONG_TOP);
    assert_int_equal(size_of(json_object_get(document, "prefixes"), "items") +
                         (size_t)left_out_of(document, "prefixes"),
                     300);
    assert_int_equal(count_prefixes_by_type(document) +
                         (size_t)left_out_of(document, "prefixes_by_type"),
                     by_type ? 300 : 0);
    for (size_t i = 0; i < keys; i++)
        assert_int_equal(
            json_integer_value(json_object_get(
                json_array_get(json_object_get(document, "largest_by_bytes"), i), "bytes")),
            1000 + LONG_KEYS - 1 - (json_int_t)i);
}

static void keeps_within_its_bytes(void **state)
{
    (void)state;
    size_t whole = 0, cuts = 0;
    for (int by_type = 0; by_type < 2; by_type++) {
        struct insight *insight = make_long(by_type);
        for (size_t most = 4000; most < 400000; most += most / 3) {
            const struct insight_facts facts = {.expired_released = INSIGHT_UNKNOWN, .most = most};
            struct json_writer json;
            json_writer_init(&json);
            int64_t written = insight_write(insight, &facts, &json);
            assert_true(json.length <= most);
            json_t *document = json_loadb(json.text, json.length, JSON_ALLOW_NUL, NULL);
            assert_non_null(document);
            assert_int_equal(written, size_of(document, "largest_by_bytes"));
            check_cut(document, by_type);
            whole += !json_object_get(document, "left_out");
            cuts += left_out_of(document, "largest_by_bytes") > 0 && written > 0;
            json_decref(document);
            json_writer_release(&json);
        }
        insight_free(insight);
    }
    assert_true(whole > 3 && cuts > 10);
}

/* Sums are whole where there is no room for anything else. */
static void tells_sums_whatever_the_room(void **state)
{
    (void)state;
    struct insight *insight = make_long(true);
    const struct insight_facts facts = {.expired_released = INSIGHT_UNKNOWN, .most = 1};
    json_t *document = document_of(insight, &facts);
    assert_int_equal(json_integer_value(json_object_get(document, "keys")), LONG_KEYS);
    assert_int_equal(size_of(document, "types"), 2);
    assert_int_equal(size_of(document, "size_histogram"), 14);
    assert_int_equal(size_of(document, "largest_by_bytes"), 0);
    check_cut(document, true);
    json_decref(document);
    insight_free(insight);
}

static void writes_members_of_v2(void **state)
{
    static const char expected[] =
        "\"largest_key_prefixes\":["
        "{\"key_prefix\":\"user:\",\"type\":\"hash\",\"bytes\":2147483647,\"num\":1},"
        "{\"key_prefix\":\"\\\\xff:\",\"type\":\"hash\",\"bytes\":64,\"num\":1}],"
        "\"largest_keys\":["
        "{\"key\":\"user:1\",\"type\":\"hash\",\"bytes\":2147483647,\"num_of_elem\":2147483647},"
        "{\"key\":\"<b>\",\"type\":\"string\",\"bytes\":65,\"num_of_elem\":9},"
        "{\"key\":\"\\\\xff:\",\"type\":\"hash\",\"bytes\":64,\"num_of_elem\":1}],"
        "\"total_bytes\":2147483647,\"total_num\":4,"
        "\"type_bytes\":[{\"type\":\"string\",\"bytes\":65},"
        "{\"type\":\"hash\",\"bytes\":2147483647},{\"type\":\"some-type\",\"bytes\":0}],"
        "\"type_num\":[{\"type\":\"string\",\"num\":1},{\"type\":\"hash\",\"num\":2},"
        "{\"type\":\"some-type\",\"num\":1}]";
    struct insight_setup setup = plain;
    setup.options.top = 1;
    setup.top_kept = INSIGHT_MEMBERS_TOP;
    setup.prefixes_by_type = true;
    struct insight *insight = insight_new(&setup);
    struct insight_key key = key_of(insight, "hash", TEXT("user:1"));
    key.bytes = key.size = (int64_t)1 << 31;
    insight_add(insight, &key);
    key = key_of(insight, "hash", TEXT("\xff:"));
    insight_add(insight, &key);
    key = key_of(insight, "string", TEXT("<b>"));
    key.bytes = 65;
    key.size = 9;
    insight_add(insight, &key);
    key = key_of(insight, "some-type", TEXT("m:"));
    key.bytes = key.size = INSIGHT_UNKNOWN;
    insight_add(insight, &key);
    struct json_writer json;
    (void)state;
    json_writer_init(&json);
    insight_write_members(insight, &json);
    assert_string_equal(json.text, expected);
    json_writer_release(&json);
    /* The document has as many keys as were asked for, and exact figures. */
    json_t *document = document_of(insight, &no_facts);
    assert_int_equal(size_of(document, "largest_by_bytes"), 1);
    assert_int_equal(json_integer_value(json_object_get(document, "bytes")),
                     ((int64_t)1 << 31) + 64 + 65);
    assert_member(
        document, "prefixes_by_type",
        "[{\"type\":\"hash\",\"capacity\":2048,\"exact\":true,\"items\":["
        "{\"prefix\":\"user:\",\"depth\":1,\"keys\":1,\"keys_error\":0,"
        "\"bytes\":2147483648,\"bytes_error\":0,"
        "\"keys_without_ttl\":1,\"bytes_without_ttl\":2147483648},"
        "{\"prefix\":\"\\\\xff:\",\"binary\":true,\"depth\":1,\"keys\":1,\"keys_error\":0,"
        "\"bytes\":64,\"bytes_error\":0,"
        "\"keys_without_ttl\":1,\"bytes_without_ttl\":64}]}]");
    json_decref(document);
    insight_free(insight);
}

/* 500 keys and 500 prefixes of a type, and no more bytes than there may be. */
static void bounds_members(void **state)
{
    static const size_t lengths[] = {20, 4096};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct insight_setup setup = plain;
        setup.top_kept = INSIGHT_MEMBERS_TOP;
        setup.prefixes_by_type = true;
        struct insight *insight = insight_new(&setup);
        for (int place = 0; place < 1200; place++) {
            char name[4096];
            memset(name, '\x01', sizeof(name));
            name[snprintf(name, sizeof(name), "%06d:", place)] = '\x01';
            struct insight_key key = key_of(insight, place % 2 == 0 ? "zset" : "stream",
                                            (struct text){name, lengths[i]});
            insight_add(insight, &key);
        }
        struct json_writer json;
        json_writer_init(&json);
        json_writer_begin_object(&json);
        insight_write_members(insight, &json);
        json_writer_end_object(&json);
        json_t *members = json_loadb(json.text, json.length, 0, NULL);
        assert_non_null(members);
        assert_int_equal(size_of(members, "largest_key_prefixes"), 1000);
        if (lengths[i] == 20)
            assert_int_equal(size_of(members, "largest_keys"), 500);
        else
            assert_in_range(size_of(members, "largest_keys"), 50, 200);
        assert_true(json.length <= INSIGHT_MEMBERS_MAX);
        json_decref(members);
        json_writer_release(&json);
        insight_free(insight);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_within_its_bytes),
        cmocka_unit_test(tells_sums_whatever_the_room),
        cmocka_unit_test(writes_members_of_v2),
        cmocka_unit_test(bounds_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
