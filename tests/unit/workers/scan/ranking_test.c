/* The ranking against a sort of everything, and the order of equals. */
#include "ranking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { PLACES = 20, SIGHTINGS = 2000, ROUNDS = 300 };

struct sighting {
    char name[8];
    size_t length;
    int db;
    int64_t score;
};

static unsigned seed = 99;

static unsigned dice(unsigned sides)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % sides;
}

static int by_bytes(const struct sighting *a, const struct sighting *b)
{
    size_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->name, b->name, common);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static int by_rank(const void *left, const void *right)
{
    const struct sighting *a = left, *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    int order = by_bytes(a, b);
    return order != 0 ? order : a->db - b->db;
}

/* Leaves the highest score of each key, sorted.  Returns the count. */
static size_t reduce(struct sighting *all, size_t count)
{
    size_t kept = 0;
    qsort(all, count, sizeof(*all), by_rank);
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < kept && (all[j].db != all[i].db || by_bytes(&all[j], &all[i]) != 0))
            j++;
        if (j == kept)
            all[kept++] = all[i];
    }
    return kept;
}

static void check(const struct ranking *ranking, const struct sighting *expected, size_t count)
{
    assert_int_equal(ranking->count, count < PLACES ? count : PLACES);
    for (int i = 0; i < ranking->count; i++) {
        assert_int_equal(ranking->places[i].score, expected[i].score);
        assert_int_equal(ranking->places[i].db, expected[i].db);
        assert_int_equal(ranking->places[i].length, expected[i].length);
        assert_memory_equal(ranking->places[i].name, expected[i].name, expected[i].length);
    }
}

/* Few names, few scores, so that duplicates and ties abound. */
static void test_equals_a_sort_of_everything(void **state)
{
    static struct sighting all[SIGHTINGS];
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct ranking ranking;
        unsigned count = 1 + dice(round % 3 ? SIGHTINGS / 10 : SIGHTINGS), scores = 1 + dice(50);
        ranking_init(&ranking, PLACES);
        for (unsigned i = 0; i < count; i++) {
            struct sighting *one = &all[i];
            *one = (struct sighting){.db = (int)dice(3), .score = dice(scores)};
            one->length = dice(4);
            for (size_t j = 0; j < one->length; j++)
                one->name[j] = "\0a\xff"[dice(3)];
            struct scan_key key = {.name = {one->name, one->length}};
            ranking_offer(&ranking, one->db, &key, one->score);
        }
        check(&ranking, all, reduce(all, count));
        ranking_release(&ranking);
    }
}

/* Rankings of parts, in which the same key may be twice, merged as if there had been one. */
static void test_merged_equals_a_sort_of_everything(void **state)
{
    enum { PARTS = 4 };
    static struct sighting all[SIGHTINGS];
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct ranking parts[PARTS];
        unsigned count = 1 + dice(SIGHTINGS / 4), scores = 1 + dice(200);
        for (int p = 0; p < PARTS; p++)
            ranking_init(&parts[p], PLACES);
        for (unsigned i = 0; i < count; i++) {
            struct sighting *one = &all[i];
            *one = (struct sighting){.length = 1 + dice(7), .score = dice(scores)};
            for (size_t j = 0; j < one->length; j++)
                one->name[j] = "\0a\xff"[dice(3)];
            struct scan_key key = {.name = {one->name, one->length}};
            ranking_offer(&parts[dice(PARTS)], 0, &key, one->score);
        }
        for (int p = 1; p < PARTS; p++) {
            for (int i = 0; i < parts[p].count; i++)
                ranking_offer_key(&parts[0], &parts[p].places[i]);
        }
        check(&parts[0], all, reduce(all, count));
        for (int p = 0; p < PARTS; p++)
            ranking_release(&parts[p]);
    }
}

static void offer(struct ranking *ranking, const char *name, size_t length, int64_t score)
{
    struct scan_key key = {.name = {name, length}};
    ranking_offer(ranking, 0, &key, score);
}

static void test_admits(void **state)
{
    struct ranking ranking;
    const struct scan_key low = {.name = {"a", 1}}, high = {.name = {"z", 1}};
    (void)state;
    ranking_init(&ranking, 2);
    assert_true(ranking_admits(&ranking, 0, &low, 0));
    offer(&ranking, "m", 1, 5);
    offer(&ranking, "n", 1, 5);
    assert_false(ranking_admits(&ranking, 0, &low, 4));
    assert_true(ranking_admits(&ranking, 0, &low, 5));
    assert_false(ranking_admits(&ranking, 0, &high, 5));
    assert_true(ranking_admits(&ranking, 0, &high, 6));
    ranking_release(&ranking);
}

static void test_remove(void **state)
{
    struct ranking ranking;
    (void)state;
    ranking_init(&ranking, 3);
    offer(&ranking, "a", 1, 1);
    offer(&ranking, "b", 1, 2);
    ranking_remove(&ranking, 1, TEXT("a"));
    ranking_remove(&ranking, 0, TEXT("c"));
    assert_int_equal(ranking.count, 2);
    ranking_remove(&ranking, 0, TEXT("b"));
    assert_int_equal(ranking.count, 1);
    assert_string_equal(ranking.places[0].name, "a");
    ranking_release(&ranking);
}

static void test_find(void **state)
{
    struct ranking ranking;
    (void)state;
    ranking_init(&ranking, 3);
    offer(&ranking, "a", 1, 1);
    offer(&ranking, "b", 1, 2);
    ranking_find(&ranking, 0, TEXT("a"))->size = 7;
    assert_int_equal(ranking.places[1].size, 7);
    assert_null(ranking_find(&ranking, 1, TEXT("a")));
    assert_null(ranking_find(&ranking, 0, TEXT("ab")));
    ranking_release(&ranking);
}

/* Names that differ only behind what is kept are different keys; the same one is one. */
static void test_long_names_keep_their_identity(void **state)
{
    enum { LENGTH = RANKED_NAME_MAX * 2 };
    struct ranking ranking;
    char *name = malloc(LENGTH);
    (void)state;
    memset(name, 'x', LENGTH);
    ranking_init(&ranking, 10);
    offer(&ranking, name, LENGTH, 1);
    name[LENGTH - 1] = 'y';
    offer(&ranking, name, LENGTH, 2);
    offer(&ranking, name, LENGTH - 1, 3);
    assert_int_equal(ranking.count, 3);
    offer(&ranking, name, LENGTH, 9);
    offer(&ranking, name, LENGTH - 1, 1);
    assert_int_equal(ranking.count, 3);
    assert_int_equal(ranking.places[0].score, 9);
    assert_int_equal(ranking.places[0].kept, RANKED_NAME_MAX);
    assert_int_equal(ranking.places[0].length, LENGTH);
    free(name);
    ranking_release(&ranking);
}

/* A beginning that is cut earlier, between characters, comes first whatever the whole length is. */
static void test_long_names_are_ordered_by_what_is_kept(void **state)
{
    enum { LENGTH = RANKED_NAME_MAX + 8 };
    char whole[LENGTH], cut[LENGTH];
    struct ranking ranking;
    (void)state;
    memset(whole, 'x', LENGTH);
    memset(cut, 'x', LENGTH);
    memcpy(cut + RANKED_NAME_MAX - 1, "\xc3\xa9", 2);
    ranking_init(&ranking, 2);
    offer(&ranking, whole, LENGTH - 2, 1);
    offer(&ranking, cut, LENGTH, 1);
    assert_int_equal(ranking.places[0].kept, RANKED_NAME_MAX - 1);
    assert_int_equal(ranking.places[1].kept, RANKED_NAME_MAX);
    ranking_release(&ranking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_a_sort_of_everything),
        cmocka_unit_test(test_merged_equals_a_sort_of_everything),
        cmocka_unit_test(test_admits),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_long_names_keep_their_identity),
        cmocka_unit_test(test_long_names_are_ordered_by_what_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
