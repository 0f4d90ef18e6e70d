/* The reserve against a ranking of everything: whatever the order in which keys come and however
 * far their bounds are off, what is asked is enough, and no more than has to be. */
#include "reserve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { PLACES = 20, KEYS = 1500, ROUNDS = 6, NAME = 12, LENGTHS_MOST = 2000 };
enum order { SHUFFLED, RISING, FALLING, EQUAL, ORDERS };

struct data {
    char name[NAME];
    int db;
    enum scan_key_type type;
    int64_t length, most;
};

struct model {
    struct data keys[KEYS];
    struct reserve reserve;
    struct ranking rankings[SCAN_KEY_TYPE_COUNT];
    struct scan_batch batch;
    size_t asked, peak;
};

static unsigned seed = 4711;

static unsigned dice(unsigned sides)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 8) % sides;
}

static struct scan_key view_of(const struct data *data)
{
    return (struct scan_key){
        .name = text_of(data->name), .type = data->type, .size = data->length, .bytes = 7};
}

/* Bounds are at most `slack` times too high; of one database the keys come one after the other. */
static void make(struct model *model, enum order order, int slack, int databases)
{
    *model = (struct model){0};
    for (int i = 0; i < KEYS; i++) {
        struct data *data = &model->keys[i];
        int64_t lengths[ORDERS] = {1 + dice(LENGTHS_MOST), 1 + i, KEYS - i, 5};
        data->length = lengths[order];
        data->most = data->length * (1 + dice((unsigned)slack)) + dice(3);
        data->type = (enum scan_key_type)dice(3);
        data->db = i * databases / KEYS;
        snprintf(data->name, sizeof(data->name), "k%u", dice(KEYS));
    }
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        ranking_init(&model->rankings[type], PLACES);
}

static void release(struct model *model)
{
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        ranking_release(&model->rankings[type]);
    scan_batch_release(&model->batch);
    reserve_release(&model->reserve);
    assert_int_equal(model->reserve.bytes, 0);
}

/* The longest of that name and database, as of several only one is looked up. */
static const struct data *look_up(const struct model *model, int db, const struct scan_key *key)
{
    const struct data *found = NULL;
    for (int i = 0; i < KEYS; i++) {
        const struct data *data = &model->keys[i];
        if (data->db == db && data->type == key->type &&
            text_equals(text_of(data->name), key->name) && (!found || data->length > found->length))
            found = data;
    }
    assert_non_null(found);
    return found;
}

static void offer(struct model *model, const struct data *data)
{
    struct scan_key key = view_of(data);
    ranking_offer(&model->rankings[key.type], data->db, &key, key.size);
    model->asked++;
}

static void answer(struct model *model)
{
    assert_true(model->batch.count > 0);
    for (size_t i = 0; i < model->batch.count; i++) {
        const struct scan_key *key = &model->batch.keys[i];
        assert_true(key->wanted);
        assert_int_equal(key->bytes, 7);
        offer(model, look_up(model, model->batch.db, key));
    }
    scan_batch_reset(&model->batch);
}

static void thin(struct model *model, int db, size_t full, size_t thin)
{
    if (model->reserve.bytes <= full)
        return;
    while (model->reserve.bytes > thin &&
           reserve_recall_some(&model->reserve, model->rankings, db, &model->batch)) {
        assert_int_equal(model->batch.db, db);
        answer(model);
    }
}

static void drain(struct model *model, size_t left)
{
    while (model->reserve.bytes > left &&
           reserve_recall(&model->reserve, model->rankings, &model->batch))
        answer(model);
    assert_true(model->reserve.bytes <= left);
}

static void run(struct model *model, size_t full)
{
    for (int i = 0; i < KEYS; i++) {
        const struct data *data = &model->keys[i];
        struct scan_key key = view_of(data);
        if (i > 0 && model->keys[i - 1].db != data->db)
            drain(model, full / 2);
        if (!ranking_admits(&model->rankings[key.type], data->db, &key, data->most))
            continue;
        assert_true(reserve_add(&model->reserve, data->db, &key, data->most));
        thin(model, data->db, full, full / 2);
        if (model->reserve.bytes > model->peak)
            model->peak = model->reserve.bytes;
    }
    drain(model, 0);
}

static void check_rankings(const struct model *model)
{
    struct ranking all;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        const struct ranking *ranking = &model->rankings[type];
        ranking_init(&all, PLACES);
        for (int i = 0; i < KEYS; i++) {
            struct scan_key key = view_of(&model->keys[i]);
            if ((int)key.type == type)
                ranking_offer(&all, model->keys[i].db, &key, key.size);
        }
        assert_int_equal(all.count, ranking->count);
        for (int i = 0; i < all.count; i++) {
            const struct ranked_key *a = &all.places[i], *b = &ranking->places[i];
            assert_int_equal(a->size, b->size);
            assert_int_equal(a->db, b->db);
            assert_int_equal(a->kept, b->kept);
            assert_memory_equal(a->name, b->name, a->kept);
        }
        ranking_release(&all);
    }
}

/* Those whose bounds are not behind the last place: no exact way asks fewer. */
static size_t count_needed(const struct model *model)
{
    size_t needed = 0;
    for (int i = 0; i < KEYS; i++) {
        struct scan_key key = view_of(&model->keys[i]);
        needed += model->keys[i].most >= ranking_least(&model->rankings[key.type]);
    }
    return needed;
}

static void test_every_order(void **state)
{
    static struct model model;
    static const int slacks[] = {1, 3, 50};
    (void)state;
    for (int round = 0; round < ROUNDS * ORDERS; round++) {
        int turn = round / ORDERS;
        size_t full = turn < ROUNDS / 2 ? RESERVE_BYTES_MAX : 16 << 10;
        make(&model, (enum order)(round % ORDERS), slacks[turn % 3], round % 3 == 0 ? 4 : 1);
        run(&model, full);
        check_rankings(&model);
        assert_true(model.peak <= full + sizeof(struct reserved_key) + NAME + 16);
        if (full == RESERVE_BYTES_MAX && model.asked > count_needed(&model))
            fail_msg("round %d: %zu asked, %zu had to be", round, model.asked,
                     count_needed(&model));
        release(&model);
    }
}

static void test_thinning_asks_little_more(void **state)
{
    static struct model model;
    (void)state;
    make(&model, SHUFFLED, 1, 1);
    run(&model, 16 << 10);
    assert_true(model.asked <= 10 * PLACES);
    release(&model);
}

static struct scan_key key_of(const char *name)
{
    return (struct scan_key){.name = text_of(name), .type = SCAN_KEY_SET, .bytes = 9};
}

static void test_a_key_is_kept_once(void **state)
{
    struct reserve reserve = {0};
    struct scan_key key = key_of("a");
    (void)state;
    assert_true(reserve_add(&reserve, 0, &key, 5));
    size_t bytes = reserve.bytes;
    key.bytes = 11;
    assert_true(reserve_add(&reserve, 0, &key, 5));
    assert_int_equal(reserve.bytes, bytes);
    assert_int_equal(reserve.types[SCAN_KEY_SET].count, 1);
    assert_int_equal(reserve.types[SCAN_KEY_SET].keys[0].bytes, 11);
    assert_true(reserve_add(&reserve, 1, &key, 5));
    assert_true(reserve_add(&reserve, 0, &key, 6));
    assert_int_equal(reserve.types[SCAN_KEY_SET].count, 3);
    reserve_release(&reserve);
}

static void test_bounds(void **state)
{
    static char name[RANKED_NAME_MAX + 2];
    struct reserve reserve = {0};
    struct scan_key key = key_of("");
    size_t added = 0;
    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    key.name = (struct text){name, RANKED_NAME_MAX + 1};
    assert_false(reserve_add(&reserve, 0, &key, 5));
    key.name.length = RANKED_NAME_MAX;
    while (reserve_add(&reserve, 0, &key, (int64_t)added))
        added++;
    assert_true(reserve.bytes <= RESERVE_BYTES_MAX);
    assert_true(added * (RANKED_NAME_MAX + 64) >= RESERVE_BYTES_MAX - 2 * RANKED_NAME_MAX);
    reserve_release(&reserve);
}

/* The bound that equals the last place: the name decides, and an equal name the database. */
static void test_ties_are_trimmed_by_name(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    struct ranking rankings[SCAN_KEY_TYPE_COUNT];
    struct reserve reserve = {0};
    struct scan_batch batch = {0};
    (void)state;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        ranking_init(&rankings[type], 1);
    struct scan_key place = key_of("b");
    ranking_offer(&rankings[SCAN_KEY_SET], 1, &place, 5);
    for (int db = 0; db < 3; db++) {
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            struct scan_key key = key_of(names[i]);
            assert_true(reserve_add(&reserve, db, &key, 5));
        }
    }
    reserve_trim(&reserve, rankings);
    const struct reserved_type *kept = &reserve.types[SCAN_KEY_SET];
    assert_int_equal(kept->count, 4); /* a of all databases, b of database 0 */
    assert_string_equal(kept->keys[0].name, "b");
    assert_int_equal(kept->keys[0].db, 0);
    assert_false(reserve_recall_some(&reserve, rankings, 7, &batch));
    assert_true(reserve_recall(&reserve, rankings, &batch));
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.db, 0);
    assert_memory_equal(batch.keys[0].name.bytes, "a", 1);
    scan_batch_release(&batch);
    reserve_release(&reserve);
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        ranking_release(&rankings[type]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_order),
        cmocka_unit_test(test_thinning_asks_little_more),
        cmocka_unit_test(test_a_key_is_kept_once),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_ties_are_trimmed_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
