/* Latencies in, a share of the speed out, by a clock of the test's own. */
#include "pace.h"

#include "unit.h"

enum { MS = 1000, STEP = 200 * MS, USUAL = 500, GUARD = 1500, CEILING = 20 * MS };

static const struct pace_limits limits = {true, USUAL, GUARD, CEILING};

struct walk {
    struct pace pace;
    int64_t now;
    int64_t paused_us;
};

static void begin(struct walk *walk, const struct pace_limits *bounds)
{
    *walk = (struct walk){.now = 1000 * MS};
    pace_init(&walk->pace, bounds, walk->now);
}

/* A probe every 200 ms, as the guard has them. */
static void go(struct walk *walk, int count, int64_t latency)
{
    for (int i = 0; i < count; i++) {
        walk->now += STEP;
        walk->paused_us += pace_is_paused(&walk->pace, walk->now) ? STEP : 0;
        pace_take_latency(&walk->pace, walk->now, latency);
    }
}

static void test_a_calm_server_is_read_at_full_speed(void **state)
{
    struct walk walk;
    (void)state;
    begin(&walk, &limits);
    go(&walk, 100, GUARD);
    struct scan_cost cost = pace_cost(&walk.pace, walk.now);
    assert_int_equal(walk.pace.share, PACE_FULL);
    assert_int_equal(cost.halvings + cost.pauses[SCAN_PAUSE_CEILING] + cost.paused_ms, 0);
    assert_int_equal(cost.baseline_us, USUAL);
    assert_int_equal(cost.worst_us, GUARD);
}

static void test_above_the_guard_the_speed_is_halved(void **state)
{
    struct walk walk;
    (void)state;
    begin(&walk, &limits);
    go(&walk, 2, GUARD + 1);
    assert_int_equal(walk.pace.share, PACE_FULL);
    go(&walk, 1, GUARD + 1);
    assert_int_equal(walk.pace.share, PACE_FULL / 2);
    go(&walk, 5, GUARD + 1);
    assert_int_equal(walk.pace.share, PACE_FULL / 4);
    go(&walk, 100, GUARD + 1);
    assert_int_equal(walk.pace.share, PACE_LEAST);
    assert_int_equal(pace_cost(&walk.pace, walk.now).halvings, 4);
    assert_int_equal(walk.paused_us, 0);
    /* And comes back in eight steps of a second. */
    go(&walk, 5, USUAL);
    assert_in_range(walk.pace.share, PACE_LEAST, PACE_LEAST + PACE_FULL / 8);
    go(&walk, 50, USUAL);
    assert_int_equal(walk.pace.share, PACE_FULL);
}

static void test_one_hiccup_is_nothing(void **state)
{
    struct walk walk;
    (void)state;
    begin(&walk, &limits);
    for (int i = 0; i < 20; i++) {
        go(&walk, 1, 30 * CEILING);
        go(&walk, 4, USUAL);
    }
    assert_int_equal(walk.pace.share, PACE_FULL);
    assert_int_equal(walk.paused_us, 0);
    assert_int_equal(pace_cost(&walk.pace, walk.now).worst_us, 30 * CEILING);
}

/* However long the latency stays high: two seconds of rest, five of reading. */
static void test_pauses_are_short(void **state)
{
    struct walk walk;
    (void)state;
    begin(&walk, &limits);
    go(&walk, 5 * 60, CEILING);
    struct scan_cost cost = pace_cost(&walk.pace, walk.now);
    assert_in_range(walk.paused_us, 15000 * MS, 20000 * MS);
    assert_in_range(cost.paused_ms, 15000, 20000);
    assert_in_range(cost.pauses[SCAN_PAUSE_CEILING], 8, 9);
    assert_int_equal(walk.pace.share, PACE_LEAST);
}

static void test_a_probe_without_an_answer_is_one(void **state)
{
    struct walk walk;
    (void)state;
    begin(&walk, &limits);
    pace_take_waiting(&walk.pace, walk.now, PACE_WAITING * CEILING - 1);
    assert_false(pace_is_paused(&walk.pace, walk.now));
    pace_take_waiting(&walk.pace, walk.now, PACE_WAITING * CEILING);
    assert_true(pace_is_paused(&walk.pace, walk.now));
    assert_true(pace_is_paused(&walk.pace, walk.now + PACE_PAUSE_US - 1));
    assert_false(pace_is_paused(&walk.pace, walk.now + PACE_PAUSE_US));
    assert_int_equal(pace_cost(&walk.pace, walk.now).worst_us, PACE_WAITING * CEILING);
}

static void test_fast_only_measures(void **state)
{
    static const struct pace_limits free_limits = {false, USUAL, GUARD, CEILING};
    struct walk walk;
    (void)state;
    begin(&walk, &free_limits);
    go(&walk, 100, 100 * CEILING);
    pace_take_waiting(&walk.pace, walk.now, 1000 * CEILING);
    assert_int_equal(walk.pace.share, PACE_FULL);
    assert_int_equal(walk.paused_us, 0);
    assert_int_equal(pace_cost(&walk.pace, walk.now).worst_us, 1000 * CEILING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_calm_server_is_read_at_full_speed),
        cmocka_unit_test(test_above_the_guard_the_speed_is_halved),
        cmocka_unit_test(test_one_hiccup_is_nothing),
        cmocka_unit_test(test_pauses_are_short),
        cmocka_unit_test(test_a_probe_without_an_answer_is_one),
        cmocka_unit_test(test_fast_only_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
