/* The table behind the caches: what goes first, and what goes at once.  That it is bounded and
 * short-lived is tested with the access keys. */
#include "auth/cache.h"

#include <stdio.h>

#include "unit.h"

enum { ENTRIES = 4, LONG_MS = 300000, SHORT_MS = 5000 };

/* A cache of one set. */
static struct cache *new_cache(void)
{
    return cache_new(ENTRIES, sizeof(int));
}

static struct text key_of(int number)
{
    static char key[16];
    int length = snprintf(key, sizeof(key), "key%d", number);
    return (struct text){key, (size_t)length};
}

static void put(struct cache *cache, int number, int64_t now_ms, int64_t lifetime_ms)
{
    cache_put(cache, key_of(number), &number, now_ms, lifetime_ms);
}

static bool has(struct cache *cache, int number, int64_t now_ms)
{
    const int *value = cache_find(cache, key_of(number), now_ms);
    if (value)
        assert_int_equal(*value, number);
    return value != NULL;
}

static void test_what_is_short_displaces_nothing(void **state)
{
    (void)state;
    struct cache *cache = new_cache();
    for (int i = 0; i < ENTRIES; i++)
        put(cache, i, i, LONG_MS);
    for (int i = 100; i < 200; i++)
        put(cache, i, 1000, SHORT_MS);
    for (int i = 0; i < ENTRIES; i++)
        assert_true(has(cache, i, 1000));
    for (int i = 100; i < 200; i++)
        assert_false(has(cache, i, 1000));
    cache_free(cache);
}

static void test_what_is_long_displaces_what_goes_first(void **state)
{
    (void)state;
    struct cache *cache = new_cache();
    put(cache, 0, 0, LONG_MS);
    put(cache, 1, 0, SHORT_MS);
    put(cache, 2, 0, LONG_MS);
    put(cache, 3, 0, LONG_MS);
    put(cache, 4, 1, LONG_MS);
    assert_false(has(cache, 1, 2));
    assert_true(has(cache, 0, 2) && has(cache, 2, 2) && has(cache, 3, 2) && has(cache, 4, 2));
    cache_free(cache);
}

static void test_what_is_over_makes_room(void **state)
{
    (void)state;
    struct cache *cache = new_cache();
    for (int i = 0; i < ENTRIES; i++)
        put(cache, i, 0, SHORT_MS);
    put(cache, 9, SHORT_MS, 1);
    assert_true(has(cache, 9, SHORT_MS));
    assert_false(has(cache, 9, SHORT_MS + 1));
    cache_free(cache);
}

static void test_a_shorter_life_replaces_a_longer_one(void **state)
{
    (void)state;
    struct cache *cache = new_cache();
    put(cache, 1, 0, LONG_MS);
    put(cache, 1, 0, SHORT_MS);
    assert_true(has(cache, 1, SHORT_MS - 1));
    assert_false(has(cache, 1, SHORT_MS));
    put(cache, 1, 0, LONG_MS);
    put(cache, 1, 0, 0);
    assert_false(has(cache, 1, 0));
    cache_free(cache);
}

static void test_keys_are_bytes(void **state)
{
    (void)state;
    struct cache *cache = new_cache();
    char longest[CACHE_KEY_MAX] = {0};
    int value = 7;
    cache_put(cache, (struct text){longest, sizeof(longest)}, &value, 0, 1);
    assert_non_null(cache_find(cache, (struct text){longest, sizeof(longest)}, 0));
    assert_null(cache_find(cache, (struct text){longest, sizeof(longest) - 1}, 0));
    assert_null(cache_find(cache, TEXT(""), 0));
    cache_clear(cache);
    assert_null(cache_find(cache, (struct text){longest, sizeof(longest)}, 0));
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_short_displaces_nothing),
        cmocka_unit_test(test_what_is_long_displaces_what_goes_first),
        cmocka_unit_test(test_what_is_over_makes_room),
        cmocka_unit_test(test_a_shorter_life_replaces_a_longer_one),
        cmocka_unit_test(test_keys_are_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
