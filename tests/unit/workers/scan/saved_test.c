/* What a checkpoint is made of comes back as it was, and nothing else is taken. */
#include "saved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { PLACES = 8 };

static json_t *parse(struct json_writer *json)
{
    json_t *saved = json_loadb(json->text, json->length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(saved);
    json_writer_release(json);
    return saved;
}

static void offer(struct ranking *ranking, struct text name, int64_t score)
{
    struct scan_key key = {.name = name, .size = score, .bytes = 7, .type = SCAN_KEY_ZSET};
    ranking_offer(ranking, 3, &key, score);
}

static void assert_same(const struct ranking *a, const struct ranking *b)
{
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        const struct ranked_key *left = &a->places[i], *right = &b->places[i];
        assert_int_equal(left->kept, right->kept);
        assert_memory_equal(left->name, right->name, left->kept);
        assert_int_equal(left->length, right->length);
        assert_true(left->hash == right->hash);
        assert_int_equal(left->utf8, right->utf8);
        assert_int_equal(left->slot, right->slot);
        assert_int_equal(left->db, right->db);
        assert_int_equal(left->type, right->type);
        assert_int_equal(left->size, right->size);
        assert_int_equal(left->bytes, right->bytes);
        assert_int_equal(left->score, right->score);
    }
}

static void test_rankings_come_back(void **state)
{
    static char longer[RANKED_NAME_MAX + 9];
    struct ranking ranking, other;
    struct json_writer json;
    (void)state;
    memset(longer, 'x', sizeof(longer));
    ranking_init(&ranking, PLACES);
    ranking_init(&other, PLACES);
    offer(&ranking, TEXT(""), 5);
    offer(&ranking, TEXT("a\0b"), 5);
    offer(&ranking, TEXT("\xff\"\\"), INT64_MAX);
    offer(&ranking, (struct text){longer, sizeof(longer)}, 9);
    offer(&ranking, (struct text){longer, sizeof(longer) - 1}, 9);
    json_writer_init(&json);
    json_writer_begin_object(&json);
    saved_ranking_write(&json, "keys", &ranking);
    json_writer_end_object(&json);
    json_t *saved = parse(&json);
    assert_true(saved_ranking_read(saved, "keys", &other));
    assert_same(&ranking, &other);
    assert_true(saved_ranking_read(saved, "keys", &other)); /* each is there once */
    assert_same(&ranking, &other);
    assert_false(saved_ranking_read(saved, "none", &other));
    json_decref(saved);
    ranking_release(&ranking);
    ranking_release(&other);
}

#define NO_HASH "\"hash\":\"0000000000000000\","
#define KEY_FIELDS "\"utf8\":true,\"slot\":1,\"db\":0,\"type\":1,\"size\":1,\"bytes\":0,\"score\":1"

static void test_wrong_keys_are_not_taken(void **state)
{
    static const char *const wrong[] = {
        "5",
        "[1]",
        "[{}]",
        "[{\"name\":\"6\",\"length\":1," NO_HASH "" KEY_FIELDS "}]",
        "[{\"name\":\"6x\",\"length\":1," NO_HASH "" KEY_FIELDS "}]",
        "[{\"name\":\"61\",\"length\":2," NO_HASH "" KEY_FIELDS "}]",
        "[{\"name\":\"61\",\"length\":-1," NO_HASH "" KEY_FIELDS "}]",
        "[{\"name\":\"61\",\"length\":1,\"hash\":\"0100000000000000\"," KEY_FIELDS "}]",
        "[{\"name\":\"61\",\"length\":1," KEY_FIELDS "}]",
        "[{\"name\":\"61\",\"length\":1," NO_HASH "\"slot\":1,\"db\":0,\"type\":5,\"size\":1,"
        "\"bytes\":0,\"score\":1}]",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct ranking ranking;
        char text[512];
        ranking_init(&ranking, PLACES);
        snprintf(text, sizeof(text), "{\"keys\":%s}", wrong[i]);
        json_t *saved = json_loads(text, 0, NULL);
        assert_non_null(saved);
        assert_false(saved_ranking_read(saved, "keys", &ranking));
        assert_int_equal(ranking.count, 0);
        json_decref(saved);
        ranking_release(&ranking);
    }
}

static void test_slots_come_back(void **state)
{
    static const int ranges[][2] = {{0, 0}, {2, 63}, {65, 65}, {8000, 9000}, {16000, 16383}};
    struct redis_slots slots = {0}, none = {0}, other;
    struct json_writer json;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        redis_slots_add(&slots, ranges[i][0], ranges[i][1]);
    json_writer_init(&json);
    json_writer_begin_object(&json);
    saved_slots_write(&json, "slots", &slots);
    saved_slots_write(&json, "none", &none);
    json_writer_end_object(&json);
    json_t *saved = parse(&json);
    assert_true(saved_slots_read(saved, "slots", &other));
    assert_memory_equal(&other, &slots, sizeof(slots));
    assert_true(saved_slots_read(saved, "none", &other));
    assert_memory_equal(&other, &none, sizeof(none));
    assert_false(saved_slots_read(saved, "nowhere", &other));
    json_decref(saved);
}

static void test_wrong_slots_are_not_taken(void **state)
{
    static const char *const wrong[] = {"1",         "[1]",       "[2,1]",   "[-1,1]",
                                        "[0,16384]", "[0,\"1\"]", "[0,1.5]", "{}"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct redis_slots slots;
        char text[64];
        snprintf(text, sizeof(text), "{\"slots\":%s}", wrong[i]);
        json_t *saved = json_loads(text, 0, NULL);
        assert_false(saved_slots_read(saved, "slots", &slots));
        json_decref(saved);
    }
}

static void test_costs_come_back(void **state)
{
    const struct scan_cost cost = {{1, 2}, 3, 4, 5, 6, 7};
    struct scan_cost other;
    struct json_writer json;
    (void)state;
    json_writer_init(&json);
    json_writer_begin_object(&json);
    saved_cost_write(&json, "cost", &cost);
    json_writer_end_object(&json);
    json_t *saved = parse(&json);
    assert_true(saved_cost_read(saved, "cost", &other));
    assert_memory_equal(&other, &cost, sizeof(cost));
    json_object_del(json_object_get(saved, "cost"), "touched");
    assert_false(saved_cost_read(saved, "cost", &other));
    assert_false(saved_cost_read(saved, "none", &other));
    json_decref(saved);
}

static void test_integers_and_texts_have_bounds(void **state)
{
    char text[5];
    int64_t number;
    (void)state;
    json_t *saved = json_loads("{\"n\":5,\"t\":\"four\",\"l\":\"fiver\",\"r\":1.0}", 0, NULL);
    assert_true(saved_integer(saved, "n", 5, 5, &number));
    assert_int_equal(number, 5);
    assert_false(saved_integer(saved, "n", 6, 9, &number));
    assert_false(saved_integer(saved, "n", 0, 4, &number));
    assert_false(saved_integer(saved, "r", 0, 4, &number));
    assert_false(saved_integer(saved, "t", 0, 4, &number));
    assert_false(saved_integer(NULL, "n", 0, 9, &number));
    assert_true(saved_text(saved, "t", 4, text));
    assert_string_equal(text, "four");
    assert_false(saved_text(saved, "l", 4, text));
    assert_false(saved_text(saved, "n", 4, text));
    json_decref(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rankings_come_back),
        cmocka_unit_test(test_wrong_keys_are_not_taken),
        cmocka_unit_test(test_slots_come_back),
        cmocka_unit_test(test_wrong_slots_are_not_taken),
        cmocka_unit_test(test_costs_come_back),
        cmocka_unit_test(test_integers_and_texts_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
