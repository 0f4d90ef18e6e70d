/* An insight by its document: sums, borders, rankings and names, merged and taken up again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insight_cases.h"
#include "insight_internal.h"

enum { KEYS = 3000, SAVED_MOST = 1 << 20 };

static void has_borders(void **state)
{
    static const int64_t values[] = {
        0, 1, 63, 64, 255, 256, 1023, 1024, 1 << 30, (1 << 30) - 1, INT32_MAX};
    (void)state;
    struct insight *insight = insight_new(&plain);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct insight_key key = key_of(insight, "string", TEXT("k"));
        key.bytes = values[i];
        insight_add(insight, &key);
    }
    static const int64_t seconds[] = {0,     59,    60,     3599,    3600,
                                      21600, 86400, 604800, 7775999, 7776000};
    for (size_t i = 0; i < COUNT_OF(seconds); i++) {
        struct insight_key key = key_of(insight, "string", TEXT("k"));
        key.bytes = 0;
        key.ttl_ms = seconds[i] * 1000 + 999;
        key.idle_s = seconds[i];
        key.freq = (int)(seconds[i] % 256);
        insight_add(insight, &key);
    }
    json_t *document = document_of(insight, &no_facts);
    const json_t *sizes = json_object_get(document, "size_histogram");
    static const int counts[] = {13, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2};
    assert_int_equal(json_array_size(sizes), COUNT_OF(counts));
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(sizes, i), "keys")),
                         counts[i]);
    assert_null(json_object_get(json_array_get(sizes, 13), "to"));
    assert_member(document, "ttl_histogram",
                  "[{\"from_s\":0,\"to_s\":60,\"keys\":2,\"bytes\":0},"
                  "{\"from_s\":60,\"to_s\":3600,\"keys\":2,\"bytes\":0},"
                  "{\"from_s\":3600,\"to_s\":21600,\"keys\":1,\"bytes\":0},"
                  "{\"from_s\":21600,\"to_s\":86400,\"keys\":1,\"bytes\":0},"
                  "{\"from_s\":86400,\"to_s\":604800,\"keys\":1,\"bytes\":0},"
                  "{\"from_s\":604800,\"to_s\":2592000,\"keys\":1,\"bytes\":0},"
                  "{\"from_s\":2592000,\"to_s\":7776000,\"keys\":1,\"bytes\":0},"
                  "{\"from_s\":7776000,\"keys\":1,\"bytes\":0}]");
    assert_int_equal(json_array_size(json_object_get(document, "idle_histogram")), 7);
    assert_int_equal(json_array_size(json_object_get(document, "frequency_histogram")), 9);
    json_decref(document);
    insight_free(insight);
}

static void shows_names(void **state)
{
    static const struct {
        struct text name;
        const char *entry, *prefix;
    } cases[] = {
        {{"\xd7\xa2:\xe2\x80\xae"
          "evil",
          10},
         "\"name\":\"\xd7\xa2:\xe2\x80\xae"
         "evil\",\"type\"",
         "{\"prefix\":\"\xd7\xa2:\",\"depth\":1,"},
        {{"\xf0\x9f\x98\x80:x", 6},
         "\"name\":\"\xf0\x9f\x98\x80:x\",\"type\"",
         "{\"prefix\":\"\xf0\x9f\x98\x80:\",\"depth\":1,"},
        {{"\xff\\:\xfe", 4},
         "\"name\":\"\\\\xff\\\\\\\\:\\\\xfe\",\"binary\":true,\"type\"",
         "{\"prefix\":\"\\\\xff\\\\\\\\:\",\"binary\":true,\"depth\":1,"},
        {{"<img src=x onerror=alert(1)>", 28},
         "\"name\":\"<img src=x onerror=alert(1)>\",\"type\"",
         "\"items\":[]"},
        {{"a\0:b", 4},
         "\"name\":\"a\\u0000:b\",\"type\"",
         "{\"prefix\":\"a\\u0000:\",\"depth\":1,"},
        {{"", 0}, "\"name\":\"\",\"type\"", "\"items\":[]"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct insight *insight = insight_new(&plain);
        struct insight_key key = key_of(insight, "string", cases[i].name);
        struct json_writer json;
        insight_add(insight, &key);
        json_writer_init(&json);
        assert_int_equal(insight_write(insight, &no_facts, &json), 1);
        assert_non_null(strstr(json.text, cases[i].entry));
        assert_non_null(strstr(json.text, cases[i].prefix));
        json_writer_release(&json);
        insight_free(insight);
    }
}

/* What the name of a key goes on with was not read: its length tells it from others. */
static void tells_cut_names_apart(void **state)
{
    (void)state;
    struct insight *insight = insight_new(&plain);
    struct insight_key key = key_of(insight, "string", TEXT("a:\xc3\xa9\xe2\x82"));
    for (int i = 0; i < 3; i++) {
        key.name_length = 1000 + (size_t)(i % 2);
        key.bytes = 100 + i;
        insight_add(insight, &key);
    }
    json_t *document = document_of(insight, &no_facts);
    assert_int_equal(json_integer_value(json_object_get(document, "keys")), 3);
    assert_member(document, "largest_by_bytes",
                  "[{\"name\":\"a:\xc3\xa9\xe2\x80\xa6\",\"name_cut\":true,"
                  "\"name_hash\":\"baf63cfd4fb105ce\",\"type\":\"string\","
                  "\"db\":0,\"bytes\":102,\"size\":1,\"unit\":\"byte\"},"
                  "{\"name\":\"a:\xc3\xa9\xe2\x80\xa6\",\"name_cut\":true,"
                  "\"name_hash\":\"baf63dfd4fb10781\",\"type\":\"string\","
                  "\"db\":0,\"bytes\":101,\"size\":1,\"unit\":\"byte\"}]");
    json_decref(document);
    insight_free(insight);
}

/* As it was the last time, and once: also where it is of another type or smaller now. */
static void ranks_a_key_once(void **state)
{
    (void)state;
    struct insight *insight = insight_new(&plain);
    struct insight_key key = key_of(insight, "hash", TEXT("changing"));
    key.bytes = 900;
    key.size = 90;
    insight_add(insight, &key);
    insight_add(insight, &key);
    struct insight_key again = key_of(insight, "set", TEXT("changing"));
    again.bytes = 300;
    again.size = 30;
    insight_add(insight, &again);
    again.db = 1;
    insight_add(insight, &again);
    json_t *document = document_of(insight, &no_facts);
    assert_member(document, "largest_by_size",
                  "[{\"name\":\"changing\",\"type\":\"set\",\"db\":0,\"bytes\":300,\"size\":30,"
                  "\"unit\":\"count\"},{\"name\":\"changing\",\"type\":\"set\",\"db\":1,"
                  "\"bytes\":300,\"size\":30,\"unit\":\"count\"}]");
    assert_int_equal(json_array_size(json_object_get(document, "largest_by_bytes")), 2);
    json_decref(document);
    insight_free(insight);
}

static void names_types_and_the_rest(void **state)
{
    (void)state;
    struct insight *insight = insight_new(&plain);
    for (int i = 40; i-- > 0;) {
        char type[32];
        snprintf(type, sizeof(type), "module-%02d", i);
        struct insight_key key = key_of(insight, type, TEXT("m"));
        key.size = INSIGHT_UNKNOWN;
        insight_add(insight, &key);
    }
    struct insight_key key = key_of(insight, "stream", TEXT("s"));
    insight_add(insight, &key);
    assert_int_equal(insight_find_type(insight, TEXT("none")), -1);
    json_t *document = document_of(insight, &no_facts);
    const json_t *types = json_object_get(document, "types");
    assert_int_equal(json_array_size(types), 1 + INSIGHT_MODULE_TYPES_MAX + 1);
    assert_member(json_array_get(types, 0), "type", "\"stream\"");
    assert_member(json_array_get(types, 1), "type", "\"module-08\"");
    assert_member(json_array_get(types, 33), "type", "\"other\"");
    assert_member(json_array_get(types, 33), "keys", "8");
    json_decref(document);
    insight_free(insight);
}

/* Keys of all kinds, the same for the same number. */
static void give(struct insight *insight, int number)
{
    static const char *const types[] = {"string", "list",   "set",      "zset",
                                        "hash",   "stream", "module-a", "module-b"};
    static const char *const encodings[] = {"raw", "int", "listpack"};
    char name[400];
    size_t length =
        (size_t)snprintf(name, sizeof(name), "p%d:q%d:%d", number % 7, number % 31, number);
    if (number % 50 == 0) {
        memset(name + length, '\xee', 300);
        length += 300;
    }
    struct insight_key key = key_of(insight, types[number % 8], (struct text){name, length});
    key.encoding = insight_find_encoding(insight, text_of(encodings[number % 3]));
    key.db = number % 3;
    key.bytes = 50 + number * 7919 % 100003;
    key.size = number % 8 < 6 ? number * 31 % 1009 : INSIGHT_UNKNOWN;
    key.ttl_ms = number % 2 ? INSIGHT_PERSISTENT : (int64_t)number * 100000;
    key.idle_s = number;
    insight_add(insight, &key);
}

static struct insight *pass(struct insight *insight, size_t most)
{
    struct json_writer json;
    json_writer_init(&json);
    json_writer_begin_object(&json);
    insight_save(insight, most, &json);
    json_writer_end_object(&json);
    json_t *saved = json_loadb(json.text, json.length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(saved);
    struct insight *read = insight_new(&plain);
    assert_true(insight_load(read, saved));
    json_decref(saved);
    json_writer_release(&json);
    insight_free(insight);
    return read;
}

static struct insight *fill(int first, int end)
{
    struct insight *insight = insight_new(&plain);
    for (int i = first; i < end; i++)
        give(insight, i);
    return insight;
}

static void goes_on_after_a_checkpoint(void **state)
{
    (void)state;
    struct insight *whole = fill(0, KEYS), *parts = fill(0, 1000);
    insight_add_gap(whole, INSIGHT_GAP_USAGE, "refused", 3);
    insight_add_held(whole, 12, true);
    insight_add_gap(parts, INSIGHT_GAP_USAGE, "refused", 3);
    insight_add_held(parts, 12, true);
    parts = pass(parts, SAVED_MOST);
    for (int i = 1000; i < 2000; i++)
        give(parts, i);
    parts = pass(parts, SAVED_MOST);
    for (int i = 2000; i < KEYS; i++)
        give(parts, i);
    json_t *expected = document_of(whole, &no_facts), *actual = document_of(parts, &no_facts);
    assert_true(json_equal(expected, actual));
    assert_member(actual, "not_measured",
                  "[{\"measure\":\"usage\",\"reason\":\"refused\",\"keys\":3}]");
    assert_member(actual, "expired", "{\"released\":7,\"held\":12,\"held_is\":\"estimate\"}");
    json_decref(expected);
    json_decref(actual);
    insight_free(whole);
    insight_free(parts);
}

static int slot_of(struct text name)
{
    return (int)(name.length % 2) * 9000;
}

static void name_shard(const void *argument, int slot, char ret_name[INSIGHT_SHARD_NAME_MAX + 1])
{
    (void)argument;
    snprintf(ret_name, INSIGHT_SHARD_NAME_MAX + 1, "shard-%d", slot / 8192);
}

static void merges(void **state)
{
    struct insight_setup setup = plain;
    const struct insight_facts facts = {.expired_released = 7, .name_shard = name_shard};
    (void)state;
    setup.slot_of = slot_of;
    struct insight *whole = fill(0, KEYS), *sum = NULL;
    for (int part = 0; part < 3; part++) {
        struct insight *insight = insight_new(&setup);
        for (int i = KEYS; i-- > 0;) {
            if (i % 3 == part)
                give(insight, i);
        }
        if (sum) {
            insight_merge(sum, insight);
            insight_free(insight);
        } else {
            sum = insight;
        }
    }
    json_t *expected = document_of(whole, &no_facts), *actual = document_of(sum, &facts);
    const json_t *shards = json_object_get(actual, "shards");
    int64_t keys = 0;
    for (size_t i = 0; i < json_array_size(shards); i++)
        keys += json_integer_value(json_object_get(json_array_get(shards, i), "keys"));
    assert_int_equal(keys, KEYS);
    json_object_del(actual, "shards");
    /* Of the shards of keys and the order of encodings nothing else depends. */
    static const char *const same[] = {
        "keys",           "bytes",          "elements", "databases",        "ttl_histogram",
        "size_histogram", "idle_histogram", "prefixes", "keys_without_ttl", "expired"};
    for (size_t i = 0; i < COUNT_OF(same); i++)
        assert_true(
            json_equal(json_object_get(expected, same[i]), json_object_get(actual, same[i])));
    for (size_t i = 0; i < 5; i++) {
        const json_t *one = json_array_get(json_object_get(expected, "largest_by_bytes"), i);
        const json_t *other = json_array_get(json_object_get(actual, "largest_by_bytes"), i);
        assert_true(json_equal(json_object_get(one, "name"), json_object_get(other, "name")));
        assert_true(
            json_equal(json_object_get(one, "encoding"), json_object_get(other, "encoding")));
        assert_non_null(json_object_get(other, "shard"));
    }
    json_decref(expected);
    json_decref(actual);
    insight_free(whole);
    insight_free(sum);
}

/* Figures that no memory has do not overflow. */
static void survives_a_liar(void **state)
{
    (void)state;
    struct insight *insight = insight_new(&plain), *sum = insight_new(&plain);
    for (int i = 0; i < 20; i++) {
        struct insight_key key = key_of(insight, "hash", TEXT("a:b:c"));
        key.bytes = key.size = key.ttl_ms = key.idle_s = INT64_MAX;
        insight_add(insight, &key);
        insight_add_held(insight, INT64_MAX, false);
    }
    for (int i = 0; i < 100; i++)
        insight_merge(sum, insight);
    json_t *document = document_of(sum, &no_facts);
    assert_true(json_integer_value(json_object_get(document, "bytes")) > 0);
    json_decref(document);
    insight_free(insight);
    insight_free(sum);
}

/* Of those with the most memory sizes are told at the end, and rank them. */
static void tells_sizes_of_the_heaviest(void **state)
{
    struct insight_setup setup = plain;
    struct insight_sizeless asked[10];
    int db = -1;
    (void)state;
    setup.sizes_of_heaviest = true;
    struct insight *insight = insight_new(&setup);
    for (int i = 0; i < 20; i++) {
        char name[8];
        size_t length = (size_t)snprintf(name, sizeof(name), "k%02d", i);
        struct insight_key key = key_of(insight, "set", (struct text){name, length});
        key.size = INSIGHT_UNKNOWN;
        key.bytes = 100 + i;
        insight_add(insight, &key);
    }
    assert_int_equal(insight_next_sizes(insight, &db, asked, COUNT_OF(asked)), 5);
    assert_int_equal(db, 0);
    insight_set_size(insight, 0, TEXT("k17"), 4);
    insight_set_size(insight, 0, TEXT("k18"), 9);
    insight_set_size(insight, 0, TEXT("gone"), 9);
    assert_int_equal(insight_next_sizes(insight, &db, asked, COUNT_OF(asked)), 0);
    json_t *document = document_of(insight, &no_facts);
    const json_t *ranking = json_object_get(document, "largest_by_size");
    assert_int_equal(json_array_size(ranking), 2);
    assert_member(json_array_get(ranking, 0), "name", "\"k18\"");
    assert_member(json_array_get(ranking, 1), "size", "4");
    json_decref(document);
    insight_free(insight);
}

static void leaves_out_what_is_not_known(void **state)
{
    struct insight_setup setup = plain;
    (void)state;
    setup.options.measures = 0;
    struct insight *insight = insight_new(&setup);
    struct insight_key key = key_of(insight, "list", TEXT("a:b"));
    key.bytes = key.ttl_ms = INSIGHT_UNKNOWN;
    insight_add(insight, &key);
    json_t *document = document_of(insight, &no_facts);
    char *text = json_dumps(document, JSON_COMPACT);
    assert_string_equal(
        text, "{\"source\":\"scan\",\"version\":1,\"measures\":[],\"not_measured\":[],"
              "\"name_kept\":4096,\"keys\":1,"
              "\"elements\":1,\"expired\":{\"released\":7},\"types\":[{\"type\":\"list\","
              "\"keys\":1,\"elements\":1,\"largest_size\":1}],\"databases\":[{\"db\":0,"
              "\"keys\":1}],\"largest_by_bytes\":[],\"largest_by_size\":[{\"name\":\"a:b\","
              "\"type\":\"list\",\"db\":0,\"size\":1,\"unit\":\"count\"}],\"prefixes\":{"
              "\"separators\":\":\",\"depth\":8,\"capacity\":2048,\"exact\":true,\"items\":[{"
              "\"prefix\":\"a:\",\"depth\":1,\"keys\":1,\"keys_error\":0}]}}");
    free(text);
    json_decref(document);
    insight_free(insight);
}

enum { NAME_BYTES = 4096, MANY_TOP = 2000, MANY = 8 * MANY_TOP };

/* Long names that are alike but for their last digits; the first eighth has the most bytes. */
static void give_long(struct insight *insight, int number, size_t filled)
{
    static const char *const types[] = {"string", "list", "set", "zset", "hash", "stream"};
    static char name[NAME_BYTES + 16];
    memset(name, 'n', filled);
    int digits = snprintf(name + filled, 16, "%08d", number);
    struct insight_key key =
        key_of(insight, types[number % 6], (struct text){name, filled + (size_t)digits});
    key.bytes = number < MANY_TOP ? (1 << 20) + number : 64 + number % 1000;
    key.size = number < MANY_TOP ? 1 : 10 + number;
    insight_add(insight, &key);
}

static struct insight_setup setup_of_top(int top)
{
    struct insight_setup setup = plain;
    setup.options.top = top;
    return setup;
}

/* The figures of a ranking, in its order. */
static char *figures_of(json_t *document, const char *ranking)
{
    json_t *item;
    size_t index;
    json_array_foreach(json_object_get(document, ranking), index, item)
    {
        json_object_del(item, "name");
        json_object_del(item, "name_cut");
        json_object_del(item, "name_hash");
    }
    return json_dumps(json_object_get(document, ranking), JSON_COMPACT | JSON_SORT_KEYS);
}

static void assert_same_figures(const struct insight *a, const struct insight *b)
{
    const struct insight_facts facts = {.expired_released = 7, .most = (size_t)1 << 30};
    json_t *one = document_of(a, &facts), *other = document_of(b, &facts);
    static const char *const rankings[] = {"largest_by_bytes", "largest_by_size"};
    for (size_t i = 0; i < COUNT_OF(rankings); i++) {
        char *expected = figures_of(one, rankings[i]), *actual = figures_of(other, rankings[i]);
        assert_int_equal(strlen(expected), strlen(actual));
        assert_memory_equal(expected, actual, strlen(expected));
        free(expected);
        free(actual);
    }
    json_decref(one);
    json_decref(other);
}

/* As many names as there are places, and what is kept of all is bounded; figures are ranked as
 * those of short names are. */
static void bounds_names(void **state)
{
    (void)state;
    const struct insight_setup setup = setup_of_top(MANY_TOP);
    struct insight *insight = insight_new(&setup), *brief = insight_new(&setup);
    size_t kept = 0, names = 0;
    for (int i = 0; i < MANY; i++) {
        give_long(insight, i, NAME_BYTES - 8);
        give_long(brief, i, 8);
    }
    for (uint32_t i = 0; i < insight->leaders.pool_count; i++) {
        kept += insight->leaders.pool[i].kept;
        names += insight->leaders.pool[i].name != NULL;
    }
    assert_int_equal(names, 7 * MANY_TOP);
    assert_in_range(kept, INSIGHT_NAMES_MAX - 7 * MANY_TOP, INSIGHT_NAMES_MAX);
    assert_int_equal(brief->leaders.pool[0].kept, 16);
    assert_same_figures(insight, brief);
    insight_free(insight);
    insight_free(brief);
}

static void keeps_whole_names_by_default(void **state)
{
    static const struct {
        int top, kept;
    } cases[] = {{1, 4096}, {100, 4096}, {500, 4096}, {658, 4096}, {1000, 2696}, {10000, 269}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct insight_setup setup = setup_of_top(cases[i].top);
        struct insight *insight = insight_new(&setup);
        json_t *document = document_of(insight, &no_facts);
        assert_int_equal(json_integer_value(json_object_get(document, "name_kept")), cases[i].kept);
        json_decref(document);
        insight_free(insight);
    }
}

/* What a hash says of a name is the same however much of it is shown. */
static void names_are_told_by_hash(void **state)
{
    static const int tops[] = {5, 10000};
    char *hashes[COUNT_OF(tops)];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tops); i++) {
        const struct insight_setup setup = setup_of_top(tops[i]);
        struct insight *insight = insight_new(&setup);
        give_long(insight, 1, 249);
        give_long(insight, 0, 1000);
        give_long(insight, 6, 248);
        json_t *document = document_of(insight, &no_facts);
        const json_t *items = json_object_get(document, "largest_by_bytes");
        assert_int_equal(json_array_size(items), 3);
        assert_int_equal(json_is_true(json_object_get(json_array_get(items, 2), "name_cut")),
                         tops[i] == 10000);
        assert_null(json_object_get(json_array_get(items, 0), "name_hash"));
        hashes[i] =
            strdup(json_string_value(json_object_get(json_array_get(items, 2), "name_hash")));
        assert_string_not_equal(
            hashes[i], json_string_value(json_object_get(json_array_get(items, 1), "name_hash")));
        json_decref(document);
        insight_free(insight);
    }
    assert_string_equal(hashes[0], hashes[1]);
    free(hashes[0]);
    free(hashes[1]);
}

static struct insight *reload(struct insight *insight, const struct insight_setup *setup)
{
    struct json_writer json;
    json_writer_init(&json);
    json_writer_begin_object(&json);
    insight_save(insight, SAVED_MOST, &json);
    json_writer_end_object(&json);
    json_t *saved = json_loadb(json.text, json.length, JSON_REJECT_DUPLICATES, NULL);
    struct insight *read = insight_new(setup);
    assert_true(insight_load(read, saved));
    json_decref(saved);
    json_writer_release(&json);
    insight_free(insight);
    return read;
}

/* Names that are cut alike, some of which come again after a checkpoint and from another shard. */
static void goes_on_with_cut_names(void **state)
{
    enum { NAMES = 300, HALF = 150, AGAIN = 100 };
    (void)state;
    const struct insight_setup setup = setup_of_top(ANALYSIS_TOP_MAX);
    struct insight *whole = insight_new(&setup), *parts = insight_new(&setup);
    struct insight *other = insight_new(&setup);
    for (int i = 0; i < NAMES; i++)
        give_long(whole, i, 1000);
    for (int i = 0; i < HALF; i++)
        give_long(parts, i, 1000);
    parts = reload(parts, &setup);
    for (int i = AGAIN; i < HALF; i++)
        give_long(parts, i, 1000);
    for (int i = AGAIN; i < NAMES; i++)
        give_long(other, i, 1000);
    insight_merge(parts, other);
    json_t *expected = document_of(whole, &no_facts), *actual = document_of(parts, &no_facts);
    assert_int_equal(json_array_size(json_object_get(actual, "largest_by_bytes")), NAMES);
    static const char *const same[] = {"largest_by_bytes", "largest_by_size"};
    for (size_t i = 0; i < COUNT_OF(same); i++)
        assert_true(
            json_equal(json_object_get(expected, same[i]), json_object_get(actual, same[i])));
    json_decref(expected);
    json_decref(actual);
    insight_free(whole);
    insight_free(parts);
    insight_free(other);
}

static void stops_saving_what_is_too_long(void **state)
{
    (void)state;
    const struct insight_setup setup = setup_of_top(MANY_TOP);
    struct insight *insight = insight_new(&setup);
    struct json_writer json;
    for (int i = 0; i < MANY_TOP; i++)
        give_long(insight, i, NAME_BYTES - 8);
    json_writer_init(&json);
    json.most = SAVED_MOST;
    insight_save(insight, SAVED_MOST, &json);
    assert_true(json.is_overlong);
    assert_true(json.capacity <= 2 * SAVED_MOST);
    json_writer_release(&json);
    insight_free(insight);
}

static void says_what_it_takes_at_most(void **state)
{
    struct scan_analysis_options options;
    (void)state;
    analysis_options_init(&options);
    assert_in_range(insight_size_most(&options), 15 << 20, 17 << 20);
    options.top = ANALYSIS_TOP_MAX;
    options.prefix_depth = ANALYSIS_DEPTH_MAX;
    assert_in_range(insight_size_most(&options), 60 << 20, 64 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_borders),
        cmocka_unit_test(shows_names),
        cmocka_unit_test(tells_cut_names_apart),
        cmocka_unit_test(ranks_a_key_once),
        cmocka_unit_test(names_types_and_the_rest),
        cmocka_unit_test(goes_on_after_a_checkpoint),
        cmocka_unit_test(merges),
        cmocka_unit_test(survives_a_liar),
        cmocka_unit_test(tells_sizes_of_the_heaviest),
        cmocka_unit_test(leaves_out_what_is_not_known),
        cmocka_unit_test(bounds_names),
        cmocka_unit_test(keeps_whole_names_by_default),
        cmocka_unit_test(names_are_told_by_hash),
        cmocka_unit_test(goes_on_with_cut_names),
        cmocka_unit_test(stops_saving_what_is_too_long),
        cmocka_unit_test(says_what_it_takes_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
