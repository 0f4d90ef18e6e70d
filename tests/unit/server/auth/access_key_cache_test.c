/* The cache of access keys: bounded, short-lived, and it forgets when told. */
#include "auth/access_key_cache.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct access_key make_key(int number)
{
    struct access_key key = {.known = true, .secret_length = 6};
    snprintf(key.identity.name, sizeof(key.identity.name), "KEY%017d", number);
    memcpy(key.secret, "secret", 7);
    return key;
}

static void test_remembers_until_the_lifetime_ends(void **state)
{
    (void)state;
    struct access_key_cache *cache = access_key_cache_new(8, 1000);
    struct access_key key = make_key(1);
    access_key_cache_put(cache, &key, 5000);
    const struct access_key *found = access_key_cache_find(cache, text_of(key.identity.name), 5999);
    assert_non_null(found);
    assert_string_equal(found->secret, "secret");
    assert_null(access_key_cache_find(cache, text_of(key.identity.name), 6000));
    assert_null(access_key_cache_find(cache, text_of(key.identity.name), 5000));
    access_key_cache_free(cache);
}

static void test_replaces_and_forgets(void **state)
{
    (void)state;
    struct access_key_cache *cache = access_key_cache_new(8, 1000);
    struct access_key key = make_key(1);
    access_key_cache_put(cache, &key, 0);
    key.known = false;
    access_key_cache_put(cache, &key, 0);
    assert_false(access_key_cache_find(cache, text_of(key.identity.name), 1)->known);
    access_key_cache_forget(cache, TEXT("ANOTHER"));
    assert_non_null(access_key_cache_find(cache, text_of(key.identity.name), 1));
    access_key_cache_forget(cache, text_of(key.identity.name));
    assert_null(access_key_cache_find(cache, text_of(key.identity.name), 1));
    access_key_cache_free(cache);
}

static void test_is_bounded(void **state)
{
    (void)state;
    enum { ENTRIES = 16, KEYS = 1000 };
    struct access_key_cache *cache = access_key_cache_new(ENTRIES, 1000);
    for (int i = 0; i < KEYS; i++) {
        struct access_key key = make_key(i);
        access_key_cache_put(cache, &key, i);
    }
    int found = 0;
    for (int i = 0; i < KEYS; i++) {
        struct access_key key = make_key(i);
        found += access_key_cache_find(cache, text_of(key.identity.name), KEYS - 1) != NULL;
    }
    assert_in_range(found, 4, ENTRIES);
    access_key_cache_clear(cache);
    struct access_key last = make_key(KEYS - 1);
    assert_null(access_key_cache_find(cache, text_of(last.identity.name), KEYS - 1));
    access_key_cache_free(cache);
}

static void test_without_lifetime_keeps_nothing(void **state)
{
    (void)state;
    struct access_key_cache *cache = access_key_cache_new(8, 0);
    struct access_key key = make_key(1);
    access_key_cache_put(cache, &key, 0);
    assert_null(access_key_cache_find(cache, text_of(key.identity.name), 0));
    access_key_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembers_until_the_lifetime_ends),
        cmocka_unit_test(test_replaces_and_forgets),
        cmocka_unit_test(test_is_bounded),
        cmocka_unit_test(test_without_lifetime_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
