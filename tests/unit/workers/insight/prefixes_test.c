/* Bounds of the prefix sketches against exact counts: of streams as they come and as an enemy would
 * make them, merged, and cut for a checkpoint. */
#include "prefixes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "name_hash.h"
#include "unit.h"

enum { ITEMS = 60000, PREFIX_TEXT_MAX = 32, KEYS = 150000 };

/* What is true of the prefixes `p<number>:`. */
struct truth {
    int64_t counts[PREFIX_WEIGHTS][ITEMS];
    int64_t persistent[PREFIX_WEIGHTS][ITEMS];
    int64_t total[PREFIX_WEIGHTS];
};

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void give(struct prefixes *prefixes, struct truth *truth, int item, int64_t bytes)
{
    char name[PREFIX_TEXT_MAX];
    bool persistent = next_random() % 3 == 0;
    size_t length = (size_t)snprintf(name, sizeof(name), "p%d:%d", item, item % 7);
    prefixes_add(prefixes, 0, (struct text){name, length}, bytes, persistent);
    truth->counts[PREFIX_KEYS][item]++;
    truth->counts[PREFIX_BYTES][item] += bytes;
    truth->persistent[PREFIX_KEYS][item] += persistent;
    truth->persistent[PREFIX_BYTES][item] += persistent ? bytes : 0;
    truth->total[PREFIX_KEYS]++;
    truth->total[PREFIX_BYTES] += bytes;
}

/* As many of each magnitude: the nth has the share that Zipf's law gives it. */
static void give_zipf(struct prefixes *prefixes, struct truth *truth)
{
    for (int i = 0; i < KEYS; i++) {
        uint64_t magnitude = (uint64_t)1 << next_random() % 16;
        give(prefixes, truth, (int)((magnitude + next_random() % magnitude) % ITEMS),
             (int64_t)(next_random() % 5000));
    }
}

/* All alike, one after the other and over again: none is heavy. */
static void give_round(struct prefixes *prefixes, struct truth *truth)
{
    for (int i = 0; i < KEYS; i++)
        give(prefixes, truth, i % ITEMS, 100);
}

/* The heavy ones come when the table has been full many times, and again after it was again. */
static void give_late(struct prefixes *prefixes, struct truth *truth)
{
    for (int i = 0; i < ITEMS - 100; i++)
        give(prefixes, truth, i, 90);
    for (int i = 0; i < 40000; i++)
        give(prefixes, truth, ITEMS - 100 + i % 50, 1000);
    for (int i = 0; i < ITEMS - 100; i++)
        give(prefixes, truth, i, 0);
    for (int i = 0; i < 20000; i++)
        give(prefixes, truth, ITEMS - 50 + i % 50, 0);
}

/* Those with many keys have no bytes, and those with bytes have one key each. */
static void give_apart(struct prefixes *prefixes, struct truth *truth)
{
    for (int i = 0; i < KEYS; i++) {
        if (i % 4 == 0)
            give(prefixes, truth, 1000 + (i / 4) % (ITEMS - 1000),
                 i % 1024 == 0 ? 1 << 30 : (int64_t)(next_random() % 100000));
        else
            give(prefixes, truth, (int)(next_random() % 1000), 0);
    }
}

typedef void give_fn(struct prefixes *prefixes, struct truth *truth);

static give_fn *const streams[] = {give_zipf, give_round, give_late, give_apart};

static void init_depth(struct prefixes *prefixes, int depth)
{
    struct scan_analysis_options options;
    analysis_options_init(&options);
    options.prefix_depth = depth;
    prefixes_init(prefixes, &options);
}

static void init(struct prefixes *prefixes)
{
    init_depth(prefixes, 1);
}

static void check(const struct prefixes *prefixes, const struct truth *truth)
{
    const struct prefix_sketch *sketch = &prefixes->sketches[0];
    for (int item = 0; item < ITEMS; item++) {
        char name[PREFIX_TEXT_MAX];
        size_t length = (size_t)snprintf(name, sizeof(name), "p%d:", item);
        const struct prefix_entry *entry = prefix_sketch_find(
            sketch, name_hash_add(name_hash_begin(), name, length), (struct text){name, length});
        for (int weight = 0; weight < PREFIX_WEIGHTS; weight++) {
            int64_t exact = truth->counts[weight][item];
            if (!entry) {
                assert_true(exact <= sketch->floors[weight]);
                continue;
            }
            int64_t exact_persistent = truth->persistent[weight][item];
            assert_true(entry->counts[weight] <= exact);
            assert_true(exact <= entry->counts[weight] + entry->errors[weight]);
            assert_true(entry->errors[weight] <= sketch->floors[weight]);
            assert_true(entry->persistent[weight] <= exact_persistent);
            assert_true(exact_persistent <= entry->persistent[weight] + entry->errors[weight]);
        }
    }
    for (int weight = 0; weight < PREFIX_WEIGHTS; weight++)
        assert_true(sketch->floors[weight] <= truth->total[weight] / prefixes_capacity(prefixes));
    assert_true(sketch->count <= PREFIX_ENTRIES_MAX);
}

static void bounds_are_true(void **state)
{
    static struct truth truth;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct prefixes prefixes;
        truth = (struct truth){0};
        init(&prefixes);
        streams[i](&prefixes, &truth);
        check(&prefixes, &truth);
        assert_false(prefixes_are_exact(&prefixes));
        assert_int_equal(prefixes_capacity(&prefixes), PREFIX_CAPACITY);
        prefixes_release(&prefixes);
    }
}

static void bounds_stay_true_when_merged(void **state)
{
    static struct truth truth;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct prefixes sum, part;
        truth = (struct truth){0};
        init(&sum);
        for (size_t j = 0; j < COUNT_OF(streams); j++) {
            init(&part);
            streams[(i + j) % COUNT_OF(streams)](&part, &truth);
            prefixes_merge(&sum, &part);
            prefixes_release(&part);
            check(&sum, &truth);
        }
        prefixes_release(&sum);
    }
}

/* Writes it in so many bytes, reads it and goes on. */
static struct prefixes pass(struct prefixes *prefixes, size_t most)
{
    struct json_writer json;
    struct prefixes read;
    json_writer_init(&json);
    prefixes_write(prefixes, most, &json);
    assert_true(json.length <= most + 2);
    json_t *saved = json_loads(json.text, 0, NULL);
    init(&read);
    assert_true(prefixes_read(&read, saved));
    json_decref(saved);
    json_writer_release(&json);
    prefixes_release(prefixes);
    return read;
}

static void bounds_stay_true_when_cut(void **state)
{
    static struct truth truth;
    static const size_t sizes[] = {1 << 22, 1 << 18, 1 << 14, 1 << 13};
    int cut = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        struct prefixes prefixes;
        truth = (struct truth){0};
        init(&prefixes);
        for (size_t j = 0; j < COUNT_OF(sizes); j++) {
            streams[i](&prefixes, &truth);
            prefixes = pass(&prefixes, sizes[j]);
            check(&prefixes, &truth);
        }
        cut += prefixes_capacity(&prefixes) < PREFIX_CAPACITY;
        streams[(i + 1) % COUNT_OF(streams)](&prefixes, &truth);
        check(&prefixes, &truth);
        prefixes_release(&prefixes);
    }
    assert_true(cut >= 3);
}

/* The heaviest are found, by either weight, whatever came before them. */
static void finds_what_is_heavy(void **state)
{
    static struct truth truth;
    struct prefixes prefixes;
    size_t count;
    (void)state;
    truth = (struct truth){0};
    init(&prefixes);
    give_late(&prefixes, &truth);
    give_apart(&prefixes, &truth);
    struct prefix_item *items = prefixes_choose(&prefixes, PREFIX_ITEMS_HEAVIEST, &count);
    for (int item = 0; item < ITEMS; item++) {
        char name[PREFIX_TEXT_MAX];
        size_t length = (size_t)snprintf(name, sizeof(name), "p%d:", item);
        bool heavy = truth.counts[PREFIX_KEYS][item] > 2 * truth.total[PREFIX_KEYS] / 2048 ||
                     truth.counts[PREFIX_BYTES][item] > 2 * truth.total[PREFIX_BYTES] / 2048;
        bool found = false;
        for (size_t i = 0; heavy && i < count && !found; i++)
            found = text_equals(items[i].prefix, (struct text){name, length});
        assert_true(found || !heavy);
    }
    free(items);
    prefixes_release(&prefixes);
}

static void add(struct prefixes *prefixes, const char *name)
{
    prefixes_add(prefixes, 0, text_of(name), 10, false);
}

static void splits_names(void **state)
{
    static const struct {
        const char *prefix;
        int depth;
        int64_t keys;
    } expected[] = {
        {"/", 1, 1},  {":", 1, 2},    {"::", 2, 2},     {":::", 3, 1},
        {"a:", 1, 4}, {"a:b/", 2, 3}, {"a:b/c:", 3, 2},
    };
    struct scan_analysis_options options;
    struct prefixes prefixes;
    size_t count;
    (void)state;
    analysis_options_init(&options);
    options.prefix_depth = 3;
    memcpy(options.separators, ":/", 3);
    prefixes_init(&prefixes, &options);
    add(&prefixes, "none");
    add(&prefixes, "");
    add(&prefixes, "/");
    add(&prefixes, "::");
    add(&prefixes, "::::");
    add(&prefixes, "a:");
    add(&prefixes, "a:b/");
    add(&prefixes, "a:b/c:d:e");
    add(&prefixes, "a:b/c:");
    struct prefix_item *items = prefixes_choose(&prefixes, PREFIX_ITEMS_HEAVIEST, &count);
    assert_int_equal(count, COUNT_OF(expected));
    for (size_t i = 0; i < count; i++) {
        assert_true(text_equals(items[i].prefix, text_of(expected[i].prefix)));
        assert_int_equal(items[i].depth, expected[i].depth);
        assert_int_equal(items[i].entry.counts[PREFIX_KEYS], expected[i].keys);
        assert_int_equal(items[i].entry.counts[PREFIX_BYTES], 10 * expected[i].keys);
    }
    assert_true(prefixes_are_exact(&prefixes));
    free(items);
    prefixes_release(&prefixes);
}

/* Up to 256 bytes, whatever they are. */
static void leaves_out_what_is_too_long(void **state)
{
    static const size_t lengths[] = {1, 254, 255, 256, 300, 5000};
    struct scan_analysis_options options;
    (void)state;
    analysis_options_init(&options);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        char name[6000] = "x:";
        struct prefixes prefixes;
        size_t count;
        memset(name + 2, '\xfe', lengths[i]);
        name[2 + lengths[i]] = ':';
        prefixes_init(&prefixes, &options);
        prefixes_add(&prefixes, 0, (struct text){name, lengths[i] + 4}, 1, true);
        struct prefix_item *items = prefixes_choose(&prefixes, PREFIX_ITEMS_HEAVIEST, &count);
        assert_int_equal(count, 2 + lengths[i] + 1 <= PREFIX_LENGTH_MAX ? 2 : 1);
        free(items);
        prefixes_release(&prefixes);
    }
}

/* The number of what is told is bounded, and every ancestor of what is told is told. */
static void tells_ancestors(void **state)
{
    struct scan_analysis_options options;
    struct prefixes prefixes;
    size_t count;
    (void)state;
    analysis_options_init(&options);
    options.prefix_depth = ANALYSIS_DEPTH_MAX;
    prefixes_init(&prefixes, &options);
    for (int i = 0; i < 30000; i++) {
        char name[200];
        size_t length = 0;
        uint64_t parts = next_random();
        for (int depth = 0; depth < 17; depth++)
            length += (size_t)snprintf(name + length, sizeof(name) - length,
                                       "%c%d:", "abcdefghijklmnopq"[depth],
                                       (int)(parts >> depth * 3 & 7));
        prefixes_add(&prefixes, 0, (struct text){name, length}, 1 + i % 100, false);
    }
    struct prefix_item *items = prefixes_choose(&prefixes, PREFIX_ITEMS_HEAVIEST, &count);
    assert_in_range(count, 500, PREFIX_ITEMS_MAX);
    struct text path[ANALYSIS_DEPTH_MAX + 1] = {{"", 0}};
    for (size_t i = 0; i < count; i++) {
        int depth = items[i].depth;
        const struct text parent = path[depth - 1];
        assert_true(items[i].prefix.length > parent.length);
        assert_memory_equal(items[i].prefix.bytes, parent.bytes, parent.length);
        path[depth] = items[i].prefix;
    }
    free(items);
    prefixes_release(&prefixes);
}

enum { WIDTHS = 3, NESTED = 40 + 40 * 50 + 40 * 50 * 20 };

/* What is true of `<i>:`, `<i>:<j>:` and `<i>:<j>:<k>:` of two types; each key has all three. */
struct nested {
    int64_t keys[2][NESTED], bytes[2][NESTED];
    int64_t total[2];
};

static size_t name_nested(int place, char name[PREFIX_TEXT_MAX])
{
    static const int widths[WIDTHS] = {1, 50, 1000};
    int depth = place < 40 ? 0 : place < 40 + 40 * 50 ? 1 : 2;
    int number = place - (depth > 0 ? 40 : 0) - (depth > 1 ? 40 * 50 : 0);
    size_t length = 0;
    for (int i = 0; i <= depth; i++)
        length += (size_t)snprintf(name + length, PREFIX_TEXT_MAX - length,
                                   "%d:", number / (widths[depth] / widths[i]));
    return length;
}

static void give_nested(struct prefixes *prefixes, struct nested *truth)
{
    for (int i = 0; i < KEYS; i++) {
        char name[PREFIX_TEXT_MAX];
        uint64_t bits = next_random();
        int type = (int)(bits >> 60) % 3, heavy = (int)(bits % 40 * (bits >> 8 & 0xff) / 256);
        int leaf = heavy * 1000 + (int)(bits >> 20 & 0xffff) % 1000;
        int64_t bytes = (int64_t)(bits >> 40 & 0xfff);
        size_t length = name_nested(40 + 40 * 50 + leaf, name);
        prefixes_add(prefixes, type, (struct text){name, length}, bytes, false);
        const int places[WIDTHS] = {leaf / 1000, 40 + leaf / 20, 40 + 40 * 50 + leaf};
        for (int depth = 0; type < 2 && depth < WIDTHS; depth++) {
            truth->keys[type][places[depth]]++;
            truth->bytes[type][places[depth]] += bytes;
            truth->total[type] += bytes;
        }
    }
}

static void check_type(const struct prefixes *prefixes, int type, const struct nested *truth)
{
    const struct prefix_sketch *sketch = &prefixes->types[type];
    int64_t floor = sketch->floors[PREFIX_BYTES];
    assert_in_range(floor, 1, truth->total[type] / PREFIX_CAPACITY);
    size_t count;
    struct prefix_item *items = prefixes_choose_of_type(prefixes, type, &count);
    assert_int_equal(count, PREFIX_ITEMS_HEAVIEST);
    for (size_t i = 1; i < count; i++)
        assert_true(items[i - 1].entry.counts[PREFIX_BYTES] +
                        items[i - 1].entry.errors[PREFIX_BYTES] >=
                    items[i].entry.counts[PREFIX_BYTES] + items[i].entry.errors[PREFIX_BYTES]);
    for (int place = 0; place < NESTED; place++) {
        char name[PREFIX_TEXT_MAX];
        const struct text prefix = {name, name_nested(place, name)};
        size_t at = 0;
        while (at < count && !text_equals(items[at].prefix, prefix))
            at++;
        /* What is told has its bounds; what is not has less than two floors more than the least. */
        if (at == count) {
            assert_true(truth->bytes[type][place] <=
                        items[count - 1].entry.counts[PREFIX_BYTES] + 2 * floor);
            continue;
        }
        const struct prefix_entry *entry = &items[at].entry;
        const int64_t exact[] = {truth->keys[type][place], truth->bytes[type][place]};
        assert_int_equal(items[at].depth, place < 40 ? 1 : place < 40 + 40 * 50 ? 2 : 3);
        for (int weight = 0; weight < PREFIX_WEIGHTS; weight++) {
            assert_true(entry->counts[weight] <= exact[weight]);
            assert_true(exact[weight] <= entry->counts[weight] + entry->errors[weight]);
            assert_true(entry->errors[weight] <= sketch->floors[weight]);
        }
    }
    free(items);
}

/* Of types, over all depths; one that is not kept apart counts by depth only.  Merged they are as
 * true. */
static void keeps_types_apart(void **state)
{
    static struct nested truth;
    struct prefixes sum, part;
    size_t count;
    (void)state;
    truth = (struct nested){0};
    init_depth(&sum, WIDTHS);
    prefixes_keep_types(&sum, 2);
    give_nested(&sum, &truth);
    check_type(&sum, 0, &truth);
    init_depth(&part, WIDTHS);
    prefixes_keep_types(&part, 2);
    give_nested(&part, &truth);
    prefixes_merge(&sum, &part);
    check_type(&sum, 0, &truth);
    check_type(&sum, 1, &truth);
    assert_null(prefixes_choose_of_type(&sum, 2, &count));
    assert_int_equal(count, 0);
    prefixes_release(&part);
    prefixes_release(&sum);
}

static void refuses_what_is_no_checkpoint(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "[[],[]]",
        "[[2048]]",
        "[[2048,0]]",
        "[[2049,0,0]]",
        "[[15,0,0]]",
        "[[2048,-1,0]]",
        "[[2048,0,0,\"613a\",1,0,0,1,0]]",
        "[[2048,0,0,\"613a\",1,0,2,1,0,0]]",
        "[[2048,0,0,\"613a\",1,1,0,1,0,0]]",
        "[[2048,0,0,\"61\",1,0,0,1,0,0]]",
        "[[2048,0,0,\"613a61\",1,0,0,1,0,0]]",
        "[[2048,0,0,\"613a3a\",1,0,0,1,0,0]]",
        "[[2048,0,0,\"613\",1,0,0,1,0,0]]",
        "[[2048,0,0,\"613a\",1,0,0,1,0,0,\"613a\",1,0,0,1,0,0]]",
    };
    (void)state;
    for (size_t i = 0; i <= COUNT_OF(texts); i++) {
        struct prefixes prefixes;
        const char *text = i < COUNT_OF(texts) ? texts[i] : "[[2048,0,0,\"613a\",1,0,0,1,0,1]]";
        json_t *saved = json_loads(text, 0, NULL);
        assert_non_null(saved);
        init(&prefixes);
        assert_int_equal(prefixes_read(&prefixes, saved), i == COUNT_OF(texts));
        prefixes_release(&prefixes);
        json_decref(saved);
    }
}

static int seed(void **state)
{
    (void)state;
    random_state = 0x9e3779b97f4a7c15;
    return 0;
}

static struct text long_prefix(int number)
{
    static char name[PREFIX_LENGTH_MAX + 1];
    memset(name, 'p', sizeof(name));
    int digits = snprintf(name, sizeof(name), "%08d", number);
    name[digits] = 'p';
    return (struct text){name, PREFIX_LENGTH_MAX};
}

/* So long that texts are full before entries are, some of many keys and others of many bytes: fewer
 * are kept, and the bounds hold. */
static void bounds_long_prefixes(void **state)
{
    enum { PREFIXES = 16000, KEYS_MOST = 20, HEAVY = 0, HEAVY_EACH = 10 };
    const int64_t exact[PREFIX_WEIGHTS] = {PREFIXES / HEAVY_EACH, 50 * PREFIXES / HEAVY_EACH};
    int64_t total[PREFIX_WEIGHTS] = {0};
    struct prefix_sketch sketch;
    (void)state;
    prefix_sketch_init(&sketch);
    for (int i = 0; i < PREFIXES; i++) {
        int number = i % HEAVY_EACH == 0 ? HEAVY : i;
        int keys = number == HEAVY || i % 2 ? 1 : i % KEYS_MOST;
        int64_t bytes = number == HEAVY ? 50 : i % 2 ? i : 1;
        for (int key = 0; key < keys; key++)
            prefix_sketch_add(&sketch, (uint64_t)number * 0x9e3779b97f4a7c15, long_prefix(number),
                              bytes, false);
        total[PREFIX_KEYS] += keys;
        total[PREFIX_BYTES] += keys * bytes;
        assert_true(sketch.texts_capacity <= PREFIX_TEXTS_MAX);
    }
    const struct prefix_entry *heavy =
        prefix_sketch_find(&sketch, HEAVY * 0x9e3779b97f4a7c15, long_prefix(HEAVY));
    assert_non_null(heavy);
    for (int weight = 0; weight < PREFIX_WEIGHTS; weight++) {
        assert_in_range(exact[weight], heavy->counts[weight],
                        heavy->counts[weight] + heavy->errors[weight]);
        assert_true(sketch.floors[weight] > 0);
        assert_true(sketch.floors[weight] <= total[weight] / sketch.capacity);
    }
    assert_int_equal(sketch.capacity, PREFIX_CAPACITY / 2);
    prefix_sketch_release(&sketch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bounds_are_true, seed),
        cmocka_unit_test_setup(bounds_stay_true_when_merged, seed),
        cmocka_unit_test_setup(bounds_stay_true_when_cut, seed),
        cmocka_unit_test_setup(finds_what_is_heavy, seed),
        cmocka_unit_test(splits_names),
        cmocka_unit_test(leaves_out_what_is_too_long),
        cmocka_unit_test_setup(tells_ancestors, seed),
        cmocka_unit_test_setup(keeps_types_apart, seed),
        cmocka_unit_test(refuses_what_is_no_checkpoint),
        cmocka_unit_test(bounds_long_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
