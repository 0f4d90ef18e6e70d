/* Records of a reader into the document: times, gaps, names that were cut, and where it is from. */
#include "offline/offline_insight.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "unit.h"

enum { MADE_S = 1700000000 };

static const int64_t began_ms = INT64_C(1600000000) * 1000;

static const struct rdb_facts dated = {.rdb_version = 11,
                                       .server_version = "7.2.6",
                                       .bits = 64,
                                       .created_s = MADE_S,
                                       .used_memory = 123456,
                                       .replication_offset = 77};

/* Of Redis 2.8. */
static const struct rdb_facts bare = {
    .rdb_version = 6, .created_s = -1, .used_memory = -1, .replication_offset = -1};

static struct offline_insight *make(int top)
{
    struct scan_analysis_options options;
    analysis_options_init(&options);
    options.top = top;
    return offline_insight_new(&options, "backup", began_ms);
}

static struct rdb_key key_of(const char *name, enum rdb_type type)
{
    return (struct rdb_key){.name = text_of(name),
                            .name_length = strlen(name),
                            .type = type,
                            .type_name = type == RDB_MODULE ? "some-type" : "",
                            .encoding = "raw",
                            .size = 3,
                            .bytes = 100,
                            .expires_at_ms = -1,
                            .freq = -1,
                            .idle_s = -1};
}

static void add(struct offline_insight *insight, const struct rdb_key *key,
                const struct rdb_facts *facts)
{
    struct error err = {0};
    assert_int_equal(offline_insight_add(insight, key, facts, &err), 0);
}

/* And frees it. */
static json_t *document_of(struct offline_insight *insight, const struct rdb_facts *facts)
{
    struct json_writer json;
    json_writer_init(&json);
    offline_insight_write(insight, facts, &json);
    json_t *document = json_loadb(json.text, json.length, JSON_ALLOW_NUL, NULL);
    assert_non_null(document);
    json_writer_release(&json);
    offline_insight_free(insight);
    return document;
}

static void assert_member(const json_t *document, const char *name, const char *expected)
{
    char *text = json_dumps(json_object_get(document, name), JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text ? text : "none", expected);
    free(text);
}

static json_int_t ttl_at(const json_t *document, size_t place)
{
    const json_t *key = json_array_get(json_object_get(document, "largest_by_bytes"), place);
    const json_t *ttl = json_object_get(key, "ttl_ms");
    return ttl ? json_integer_value(ttl) : -1;
}

/* From when the dump was made, or reading began; what had expired is held, and counted. */
static void reckons_times_to_live(void **state)
{
    static const struct {
        const struct rdb_facts *facts;
        int64_t expires_at_ms;
        json_int_t ttl;
        bool is_held;
    } cases[] = {
        {&dated, -1, -1, false},
        {&dated, INT64_C(1700000000) * 1000 + 1, 1, false},
        {&dated, INT64_C(1700000000) * 1000, 0, true},
        {&dated, 0, 0, true},
        {&dated, -2, 0, true},
        {&dated, INT64_MIN, 0, true},
        {&dated, INT64_MAX, INT64_MAX - INT64_C(1700000000) * 1000, false},
        {&bare, -1, -1, false},
        {&bare, INT64_C(1600000000) * 1000 + 60000, 60000, false},
        {&bare, INT64_C(1600000000) * 1000 - 1, 0, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct offline_insight *insight = make(10);
        struct rdb_key key = key_of("a:1", RDB_LIST);
        key.expires_at_ms = cases[i].expires_at_ms;
        add(insight, &key, cases[i].facts);
        assert_int_equal(offline_insight_keys(insight), 1);
        json_t *document = document_of(insight, cases[i].facts);
        assert_member(document, "keys", "1");
        assert_int_equal(ttl_at(document, 0), cases[i].ttl);
        assert_member(document, "keys_without_ttl", cases[i].expires_at_ms == -1 ? "1" : "0");
        assert_member(document, "expired",
                      cases[i].is_held ? "{\"held\":1,\"held_is\":\"counted\"}"
                                       : "{\"held\":0,\"held_is\":\"counted\"}");
        json_decref(document);
    }
}

/* A time that is none counts as not told. */
static void distrusts_dates(void **state)
{
    static const int64_t dates[] = {0, -1, INT64_MIN, INT64_MAX, INT64_C(1) << 40};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(dates); i++) {
        struct rdb_facts facts = dated;
        struct offline_insight *insight = make(10);
        struct rdb_key key = key_of("a", RDB_HASH);
        key.expires_at_ms = began_ms + 5;
        facts.created_s = dates[i];
        add(insight, &key, &facts);
        json_t *document = document_of(insight, &facts);
        assert_int_equal(ttl_at(document, 0), 5);
        assert_null(json_object_get(json_object_get(document, "origin"), "created_at"));
        json_decref(document);
    }
}

static void says_where_it_is_from(void **state)
{
    (void)state;
    json_t *document = document_of(make(10), &dated);
    assert_member(document, "source", "\"backup\"");
    assert_member(document, "memory_is", "\"estimate\"");
    assert_member(document, "measures", "[\"memory\",\"ttl\",\"encoding\",\"usage\"]");
    assert_member(document, "origin",
                  "{\"engine_version\":\"7.2.6\",\"rdb_version\":11,"
                  "\"created_at\":\"2023-11-14T22:13:20.000Z\",\"used_memory\":123456,"
                  "\"replication_offset\":77}");
    assert_member(document, "prefixes_by_type", "[]");
    json_decref(document);
    document = document_of(make(10), &bare);
    assert_member(document, "origin", "{\"rdb_version\":6}");
    json_decref(document);
}

/* What a dump may not tell, and of how many keys. */
static void counts_gaps(void **state)
{
    (void)state;
    struct offline_insight *insight = make(10);
    struct rdb_key key = key_of("module", RDB_MODULE);
    key.bytes = key.size = -1;
    key.encoding = NULL;
    add(insight, &key, &dated);
    key = key_of("string", RDB_STRING);
    key.idle_s = 40;
    add(insight, &key, &dated);
    key = key_of("set", RDB_SET);
    key.freq = 0;
    key.encoding = "listpack";
    add(insight, &key, &dated);
    json_t *document = document_of(insight, &dated);
    const json_t *gaps = json_object_get(document, "not_measured");
    static const char *const measures[] = {"memory", "encoding", "usage"};
    assert_int_equal(json_array_size(gaps), COUNT_OF(measures));
    for (size_t i = 0; i < COUNT_OF(measures); i++) {
        const json_t *gap = json_array_get(gaps, i);
        assert_string_equal(json_string_value(json_object_get(gap, "measure")), measures[i]);
        assert_int_equal(json_integer_value(json_object_get(gap, "keys")), 1);
        assert_true(json_string_length(json_object_get(gap, "reason")) > 10);
    }
    assert_member(document, "keys", "3");
    assert_member(document, "bytes", "200");
    const json_t *types = json_object_get(document, "types");
    assert_int_equal(json_array_size(types), 3);
    assert_member(json_array_get(types, 2), "type", "\"some-type\"");
    assert_member(json_array_get(types, 1), "encodings",
                  "[{\"encoding\":\"listpack\",\"keys\":1,\"bytes\":100}]");
    json_decref(document);
}

static void cuts_names(void **state)
{
    (void)state;
    struct offline_insight *insight = make(10);
    struct rdb_key key = key_of("a:b", RDB_STRING);
    add(insight, &key, &dated);
    key.name_length = 1 << 21;
    add(insight, &key, &dated);
    json_t *document = document_of(insight, &dated);
    const json_t *keys = json_object_get(document, "largest_by_bytes");
    assert_int_equal(json_array_size(keys), 2);
    assert_member(json_array_get(keys, 0), "name", "\"a:b\"");
    assert_member(json_array_get(keys, 0), "name_cut", "none");
    assert_member(json_array_get(keys, 1), "name_cut", "true");
    json_decref(document);
}

/* The document has as many keys as were asked for, the answer of /v2 always 500. */
static void writes_members(void **state)
{
    struct json_writer json;
    (void)state;
    struct offline_insight *insight = make(3);
    for (int i = 0; i < 600; i++) {
        char name[] = "k:000";
        name[2] = (char)('0' + i / 100);
        name[3] = (char)('0' + i / 10 % 10);
        name[4] = (char)('0' + i % 10);
        struct rdb_key key = key_of(name, RDB_ZSET);
        key.bytes = INT32_MAX;
        add(insight, &key, &dated);
    }
    json_writer_init(&json);
    json_writer_begin_object(&json);
    offline_insight_write_members(insight, &json);
    json_writer_end_object(&json);
    json_t *members = json_loadb(json.text, json.length, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(members, "largest_keys")), 500);
    assert_member(members, "total_bytes", "2147483647");
    assert_member(members, "total_num", "600");
    json_decref(members);
    json_writer_release(&json);
    json_t *document = document_of(insight, &dated);
    assert_int_equal(json_array_size(json_object_get(document, "largest_by_bytes")), 3);
    assert_member(document, "bytes", "1288490188200");
    json_decref(document);
}

static void refuses_too_many_databases(void **state)
{
    struct offline_insight *insight = make(10);
    struct rdb_key key = key_of("a", RDB_STRING);
    struct error err = {0};
    (void)state;
    for (int db = 0; db < OFFLINE_DATABASES_MAX; db++) {
        key.db = db * 3;
        add(insight, &key, &dated);
    }
    key.db = 1;
    assert_int_equal(offline_insight_add(insight, &key, &dated, &err), -1);
    assert_int_equal(err.code, ERROR_RDB_FORMAT);
    offline_insight_free(insight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reckons_times_to_live),
        cmocka_unit_test(distrusts_dates),
        cmocka_unit_test(says_where_it_is_from),
        cmocka_unit_test(counts_gaps),
        cmocka_unit_test(cuts_names),
        cmocka_unit_test(writes_members),
        cmocka_unit_test(refuses_too_many_databases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
