/* When MEMORY USAGE is asked first: tried now and then, kept while few keys are candidates. */
#include "bigkey_way.h"

#include "unit.h"

enum { BATCH = 100 };

/* By lengths for as many keys as it takes. */
static void wait_for_trial(struct bigkey_way *way)
{
    for (int i = 0; i < BIGKEY_TRIAL_KEYS / BATCH; i++)
        assert_false(bigkey_way_choose(way, true, BATCH));
    assert_true(bigkey_way_choose(way, true, BATCH));
}

static void take(struct bigkey_way *way, int keys, int candidates)
{
    for (int i = 0; i < keys; i++)
        bigkey_way_take(way, i < candidates);
}

static void test_tries_and_stays(void **state)
{
    struct bigkey_way way = {.allowed = true};
    (void)state;
    wait_for_trial(&way);
    for (int i = 0; i < 10; i++) {
        take(&way, BIGKEY_SAMPLE_KEYS, BIGKEY_SAMPLE_KEYS * BIGKEY_CANDIDATES_MOST / 100);
        assert_true(bigkey_way_choose(&way, true, BATCH));
    }
}

static void test_leaves_and_tries_again(void **state)
{
    struct bigkey_way way = {.allowed = true};
    (void)state;
    for (int i = 0; i < 3; i++) {
        wait_for_trial(&way);
        take(&way, BIGKEY_SAMPLE_KEYS - 1, BIGKEY_SAMPLE_KEYS - 1);
        assert_true(bigkey_way_choose(&way, true, BATCH));
        take(&way, 1, 0);
        assert_false(bigkey_way_choose(&way, true, 0));
    }
    wait_for_trial(&way);
    take(&way, BIGKEY_SAMPLE_KEYS, BIGKEY_SAMPLE_KEYS * BIGKEY_CANDIDATES_MOST / 100 + 1);
    assert_false(bigkey_way_choose(&way, true, BATCH));
}

/* A sample that was too rich says nothing about the next one. */
static void test_samples_are_apart(void **state)
{
    struct bigkey_way way = {.allowed = true};
    (void)state;
    wait_for_trial(&way);
    take(&way, BIGKEY_SAMPLE_KEYS, BIGKEY_SAMPLE_KEYS);
    wait_for_trial(&way);
    take(&way, BIGKEY_SAMPLE_KEYS, 0);
    assert_true(bigkey_way_choose(&way, true, BATCH));
}

static void test_no_bound_no_bytes(void **state)
{
    struct bigkey_way way = {.allowed = true};
    (void)state;
    for (int i = 0; i < 2 * BIGKEY_TRIAL_KEYS / BATCH; i++)
        assert_false(bigkey_way_choose(&way, false, BATCH));
    assert_true(bigkey_way_choose(&way, true, BATCH));
    assert_false(bigkey_way_choose(&way, false, BATCH));
    assert_false(bigkey_way_choose(&way, true, BATCH));
}

static void test_always_is_always(void **state)
{
    struct bigkey_way way = {.allowed = true, .always = true};
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_true(bigkey_way_choose(&way, i % 2, BATCH));
        take(&way, BIGKEY_SAMPLE_KEYS, BIGKEY_SAMPLE_KEYS);
    }
}

static void test_refused_is_never(void **state)
{
    struct bigkey_way always = {.allowed = true, .always = true};
    struct bigkey_way tried = {.allowed = true};
    struct bigkey_way unknown = {.always = true};
    (void)state;
    assert_true(bigkey_way_choose(&always, true, BATCH));
    bigkey_way_refuse(&always);
    wait_for_trial(&tried);
    bigkey_way_refuse(&tried);
    take(&tried, BIGKEY_SAMPLE_KEYS, 0);
    for (int i = 0; i < 2 * BIGKEY_TRIAL_KEYS / BATCH; i++) {
        assert_false(bigkey_way_choose(&always, true, BATCH));
        assert_false(bigkey_way_choose(&tried, true, BATCH));
        assert_false(bigkey_way_choose(&unknown, true, BATCH));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tries_and_stays),   cmocka_unit_test(test_leaves_and_tries_again),
        cmocka_unit_test(test_samples_are_apart), cmocka_unit_test(test_no_bound_no_bytes),
        cmocka_unit_test(test_always_is_always),  cmocka_unit_test(test_refused_is_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
