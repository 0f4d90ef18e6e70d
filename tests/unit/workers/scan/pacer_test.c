/* The pacer against a server that is simulated, by a clock of the test's own: what it asks for,
 * what it halves, when it pauses and what it tells of it. */
#include "pacer.h"

#include "unit.h"

enum {
    RTT = 50,
    BASELINE = 100,
    UNIT = 150, /* that one holds the server */
    STALL = 20000,
    STEP = 50,
    PROBE_EVERY = 200000,
    SECOND = 1000000
};

/* Stalls of a server, from and until; a unit or probe that meets one waits for its end. */
struct world {
    struct pacer pacer;
    int64_t now, held, probed;
    int64_t stalls_from, stalls_until, stalls_every;
    bool units_stall;
    int64_t probe; /* latency of one while it stalls; 0: as usual */
    bool silent;   /* no probes */
};

static struct pacer_limits limits_of(enum scan_profile profile)
{
    return (struct pacer_limits){.profile = profile,
                                 .batch_most = 1000,
                                 .rtt_us = RTT,
                                 .baseline_us = BASELINE,
                                 .guard_factor = 2,
                                 .guard_us = 1000,
                                 .ceiling_us = STALL};
}

static void begin(struct world *world, enum scan_profile profile)
{
    struct pacer_limits limits = limits_of(profile);
    *world = (struct world){.now = SECOND, .probed = SECOND};
    pacer_init(&world->pacer, &limits, world->now);
}

static bool stalls(const struct world *world)
{
    return world->now >= world->stalls_from && world->now < world->stalls_until;
}

/* A unit that is in flight as a stall begins takes as long as that. */
static int64_t unit_of(const struct world *world)
{
    if (!world->units_stall || !stalls(world))
        return UNIT;
    int64_t next = world->stalls_every - (world->now - world->stalls_from) % world->stalls_every;
    return next <= UNIT ? UNIT + STALL : UNIT;
}

static void probe(struct world *world)
{
    if (world->silent || world->now - world->probed < PROBE_EVERY)
        return;
    world->probed = world->now;
    pacer_take_latency(&world->pacer, world->now,
                       stalls(world) && world->probe ? world->probe : BASELINE);
}

static void run_until(struct world *world, int64_t until)
{
    while (world->now < until) {
        probe(world);
        if (pacer_wait_us(&world->pacer, world->now) > 0) {
            world->now += STEP;
            continue;
        }
        int64_t began = world->now, held = unit_of(world);
        world->now += held + RTT;
        world->held += held;
        pacer_take_unit(&world->pacer, world->now, held + RTT);
        pacer_take_burst(&world->pacer, began, world->now);
    }
}

/* In per cent of the time since then. */
static int64_t share_of(struct world *world, int64_t seconds)
{
    int64_t began = world->now;
    world->held = 0;
    run_until(world, began + seconds * SECOND);
    return world->held * 100 / (world->now - began);
}

static int64_t pauses(const struct world *world)
{
    const struct scan_cost *cost = &world->pacer.cost;
    return cost->pauses[SCAN_PAUSE_GUARD] + cost->pauses[SCAN_PAUSE_CEILING];
}

static void test_shares(void **state)
{
    struct world world;
    (void)state;
    begin(&world, SCAN_GENTLE);
    assert_in_range(share_of(&world, 10), 24, 26);
    assert_int_equal(pauses(&world) + world.pacer.cost.halvings, 0);
    begin(&world, SCAN_BALANCED);
    assert_in_range(share_of(&world, 10), UNIT * 100 / (UNIT + RTT) - 1, 100);
    begin(&world, SCAN_FAST);
    assert_in_range(share_of(&world, 10), UNIT * 100 / (UNIT + RTT) - 1, 100);
}

/* A round trip that is mostly the network's costs the server nothing, and is no reason to rest. */
static void test_the_network_is_not_held(void **state)
{
    struct pacer pacer;
    struct pacer_limits limits = limits_of(SCAN_GENTLE);
    (void)state;
    limits.rtt_us = 100000;
    pacer_init(&pacer, &limits, SECOND);
    pacer_take_unit(&pacer, SECOND + 104000, 104000);
    pacer_take_burst(&pacer, SECOND, SECOND + 104000);
    assert_int_equal(pacer_wait_us(&pacer, SECOND + 104000), 0);
}

static void stall(struct world *world, enum scan_profile profile, bool units, int64_t latency)
{
    begin(world, profile);
    world->stalls_from = 3 * SECOND;
    world->stalls_until = 20 * SECOND;
    world->stalls_every = SECOND / 8 - 37; /* not in step with the units */
    world->units_stall = units;
    world->probe = latency;
}

static void check_slows_down_and_recovers(struct world *world)
{
    run_until(world, 3 * SECOND);
    assert_int_equal(pauses(world) + world->pacer.cost.halvings, 0);
    int duty = world->pacer.duty;
    run_until(world, 5 * SECOND);
    assert_true(world->pacer.cost.halvings > 0);
    assert_true(world->pacer.duty <= duty / 2);
    run_until(world, 8 * SECOND);
    assert_true(pauses(world) > 0);
    run_until(world, 20 * SECOND);
    int64_t before = pauses(world);
    run_until(world, 50 * SECOND);
    assert_int_equal(pauses(world), before);
    assert_false(world->pacer.paused);
    assert_int_equal(world->pacer.duty, duty);
    assert_true(world->pacer.cost.paused_ms >= PACER_PAUSE_LEAST_US / 1000);
}

/* Units of a gentle scan are seldom in flight when a stall begins: it takes more of them. */
static void test_stalled_units(void **state)
{
    struct world world;
    (void)state;
    stall(&world, SCAN_BALANCED, true, 0);
    check_slows_down_and_recovers(&world);
    stall(&world, SCAN_GENTLE, true, 0);
    world.stalls_every = 487;
    check_slows_down_and_recovers(&world);
}

static void test_stalled_probes(void **state)
{
    static const enum scan_profile profiles[] = {SCAN_GENTLE, SCAN_BALANCED};
    static const int64_t latencies[] = {STALL, STALL / 4, 1200};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        for (size_t j = 0; j < COUNT_OF(latencies); j++) {
            struct world world;
            stall(&world, profiles[i], false, latencies[j]);
            check_slows_down_and_recovers(&world);
            assert_int_equal(world.pacer.cost.worst_us, latencies[j]);
            assert_int_equal(world.pacer.cost.pauses[SCAN_PAUSE_CEILING] > 0,
                             latencies[j] == STALL);
            assert_int_equal(world.pacer.cost.pauses[SCAN_PAUSE_GUARD] > 0, latencies[j] != STALL);
        }
    }
}

static void test_fast_never_pauses(void **state)
{
    struct world world;
    (void)state;
    stall(&world, SCAN_FAST, true, STALL * 10);
    run_until(&world, 20 * SECOND);
    pacer_take_waiting(&world.pacer, world.now, STALL * PACER_WAITING);
    assert_int_equal(pauses(&world) + world.pacer.cost.halvings, 0);
    assert_int_equal(world.pacer.duty, PACER_DUTY_FULL);
    assert_int_equal(pacer_wait_us(&world.pacer, world.now), 0);
    assert_int_equal(world.pacer.cost.worst_us, STALL * 10);
}

/* Of whatever kind, it halves nothing and pauses nothing. */
static void test_hiccups(void **state)
{
    struct world world;
    (void)state;
    begin(&world, SCAN_GENTLE);
    for (int i = 0; i < 20; i++) {
        run_until(&world, world.now + SECOND);
        pacer_take_latency(&world.pacer, world.now, 50 * STALL);
        pacer_take_unit(&world.pacer, world.now, RTT + STALL);
        run_until(&world, world.now + SECOND);
    }
    pacer_take_waiting(&world.pacer, world.now, STALL * PACER_WAITING - 1);
    assert_int_equal(pauses(&world) + world.pacer.cost.halvings, 0);
    assert_int_equal(world.pacer.duty, PACER_DUTY_FULL / 4);
    assert_int_equal(world.pacer.cost.worst_us, 50 * STALL);
}

/* Above both bounds, by the median; once a second, down to the least. */
static void test_guard_halves(void **state)
{
    struct pacer_limits limits = limits_of(SCAN_BALANCED);
    struct pacer pacer;
    int64_t now = SECOND;
    (void)state;
    limits.baseline_us = 2000;
    pacer_init(&pacer, &limits, now);
    for (int i = 0; i < 20; i++)
        pacer_take_latency(&pacer, now += PROBE_EVERY, 4000);
    assert_int_equal(pacer.cost.halvings, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pacer.cost.halvings, 0);
        pacer_take_latency(&pacer, now += PROBE_EVERY, 4001);
    }
    assert_int_equal(pacer.cost.halvings, 1);
    assert_int_equal(pacer.duty, PACER_DUTY_FULL / 2);
    assert_int_equal(pacer_window(&pacer), 1);
    for (int i = 0; i < 4; i++)
        pacer_take_latency(&pacer, now += PROBE_EVERY, 4001);
    assert_int_equal(pacer.cost.halvings, 1);
    pacer_take_latency(&pacer, now += PROBE_EVERY, 4001);
    assert_int_equal(pacer.cost.halvings, 2);
    assert_false(pacer.paused);
    pacer_take_latency(&pacer, now += SECOND, 4001);
    assert_int_equal(pacer.cost.halvings, 3);
    assert_true(pacer.paused);
    assert_int_equal(pacer.cost.pauses[SCAN_PAUSE_GUARD], 1);
    assert_int_equal(pacer.duty, PACER_DUTY_FULL / 8);
}

/* By the guard a pause ends though nothing is better, and each that follows it is longer. */
static void test_pauses_double(void **state)
{
    static const int64_t least[] = {1, 2, 4, 8, 8};
    struct world world;
    (void)state;
    stall(&world, SCAN_GENTLE, false, STALL);
    for (size_t i = 0; i < COUNT_OF(least); i++) {
        world.stalls_from = world.now;
        world.stalls_until = INT64_MAX;
        while (!world.pacer.paused)
            run_until(&world, world.now + STEP);
        int64_t began = world.now;
        world.stalls_until = world.now;
        while (world.pacer.paused)
            run_until(&world, world.now + STEP);
        assert_in_range(world.now - began, least[i] * SECOND, least[i] * SECOND + 2 * PROBE_EVERY);
    }
    run_until(&world, world.now + PACER_CALM_US);
    world.stalls_until = INT64_MAX;
    while (!world.pacer.paused)
        run_until(&world, world.now + STEP);
    assert_int_equal(world.pacer.pause_least_us, PACER_PAUSE_LEAST_US);
}

/* As long as it stalls at the ceiling; a guard's pause has an end. */
static void test_how_long_pauses_last(void **state)
{
    struct world world;
    (void)state;
    stall(&world, SCAN_GENTLE, false, STALL);
    run_until(&world, 20 * SECOND);
    assert_int_equal(pauses(&world), 1);
    assert_true(world.pacer.paused);
    assert_true(pacer_wait_us(&world.pacer, world.now) > 0);
    assert_true(pacer_cost(&world.pacer, world.now).paused_ms > 15000);
    assert_int_equal(world.pacer.cost.paused_ms, 0);
    stall(&world, SCAN_GENTLE, false, STALL / 2);
    run_until(&world, 8 * SECOND);
    assert_true(world.pacer.paused);
    run_until(&world, 8 * SECOND + PACER_PAUSE_MOST_US);
    assert_true(world.pacer.cost.paused_ms >= PACER_PAUSE_MOST_US / 1000);
}

static void test_silence_ends_a_pause(void **state)
{
    struct world world;
    (void)state;
    stall(&world, SCAN_GENTLE, false, STALL);
    while (!world.pacer.paused)
        run_until(&world, world.now + STEP);
    world.silent = true;
    int64_t heard = world.now;
    while (world.pacer.paused)
        run_until(&world, world.now + STEP);
    assert_in_range(world.now - heard, PACER_SILENCE_US,
                    PACER_SILENCE_US + 2 * PACER_PAUSE_POLL_US);
    assert_int_equal(world.pacer.cost.paused_ms, (world.now - heard) / 1000);
}

/* Without a probe that ever ends, the one that waits tells. */
static void test_a_probe_that_waits(void **state)
{
    struct world world;
    (void)state;
    begin(&world, SCAN_BALANCED);
    pacer_take_waiting(&world.pacer, world.now, PACER_WAITING * STALL);
    assert_true(world.pacer.paused);
    assert_int_equal(world.pacer.cost.pauses[SCAN_PAUSE_CEILING], 1);
    assert_int_equal(world.pacer.cost.worst_us, PACER_WAITING * STALL);
    for (int i = 0; i < 100; i++)
        pacer_take_waiting(&world.pacer, world.now += PROBE_EVERY, PACER_WAITING * STALL + i);
    assert_true(pacer_wait_us(&world.pacer, world.now) > 0);
    assert_int_equal(world.pacer.cost.pauses[SCAN_PAUSE_CEILING], 1);
}

static void take_units(struct pacer *pacer, int64_t *now, int64_t held)
{
    for (int i = 0; i < PACER_UNITS; i++)
        pacer_take_unit(pacer, *now += SECOND, RTT + held);
}

static void test_batches(void **state)
{
    static const enum scan_profile profiles[] = {SCAN_GENTLE, SCAN_BALANCED, SCAN_FAST};
    static const int most[] = {100, 50, 500};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        struct pacer_limits limits = limits_of(profiles[i]);
        struct pacer pacer;
        int64_t now = SECOND;
        bool adjusted = profiles[i] != SCAN_FAST;
        pacer_init(&pacer, &limits, now);
        assert_int_equal(pacer_batch(&pacer), most[i]);
        take_units(&pacer, &now, PACER_UNIT_LONG_US);
        assert_int_equal(pacer_batch(&pacer), most[i]);
        take_units(&pacer, &now, PACER_UNIT_LONG_US + 1);
        assert_int_equal(pacer_batch(&pacer), adjusted ? most[i] - most[i] / 4 : most[i]);
        for (int j = 0; j < 20; j++)
            take_units(&pacer, &now, PACER_UNIT_LONG_US + 1);
        assert_int_equal(pacer_batch(&pacer), adjusted ? PACER_BATCH_LEAST : most[i]);
        take_units(&pacer, &now, PACER_UNIT_SHORT_US - 1);
        assert_int_equal(pacer_batch(&pacer), adjusted ? PACER_BATCH_LEAST + 8 : most[i]);
        take_units(&pacer, &now, PACER_UNIT_SHORT_US);
        assert_int_equal(pacer_batch(&pacer), adjusted ? PACER_BATCH_LEAST + 8 : most[i]);
        for (int j = 0; j < 20; j++)
            take_units(&pacer, &now, 0);
        assert_int_equal(pacer_batch(&pacer), most[i]);
    }
}

static void test_the_callers_bound(void **state)
{
    struct pacer_limits limits = limits_of(SCAN_FAST);
    struct pacer pacer;
    int64_t now = SECOND;
    (void)state;
    limits.batch_most = 4;
    pacer_init(&pacer, &limits, now);
    assert_int_equal(pacer_batch(&pacer), 4);
    assert_int_equal(pacer_batch_least(&limits), 4);
    limits.batch_most = 5000;
    limits.rtt_us = PACER_FAR_US;
    pacer_init(&pacer, &limits, now);
    assert_int_equal(pacer_batch(&pacer), 1000);
    assert_int_equal(pacer_window(&pacer), PACER_WINDOW_MOST);
}

/* Only what is not paced is sized by what follows a SCAN and by the network. */
static void test_batches_of_fast(void **state)
{
    static const struct {
        enum scan_profile profile;
        bool asks_much;
        int64_t rtt_us;
        int batch;
    } rows[] = {
        {SCAN_FAST, true, 0, 200},
        {SCAN_FAST, true, PACER_CLOSE_US - 1, 200},
        {SCAN_FAST, true, PACER_CLOSE_US, 500},
        {SCAN_FAST, true, PACER_FAR_US - 1, 500},
        {SCAN_FAST, true, PACER_FAR_US, 1000},
        {SCAN_FAST, false, 0, 500},
        {SCAN_FAST, false, PACER_FAR_US, 1000},
        {SCAN_BALANCED, true, 0, 50},
        {SCAN_BALANCED, true, PACER_FAR_US, 50},
        {SCAN_GENTLE, true, 0, 100},
        {SCAN_GENTLE, true, PACER_FAR_US, 100},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pacer_limits limits = limits_of(rows[i].profile);
        struct pacer pacer;
        int64_t now = SECOND;
        limits.asks_much = rows[i].asks_much;
        limits.rtt_us = rows[i].rtt_us;
        pacer_init(&pacer, &limits, now);
        assert_int_equal(pacer_batch(&pacer), rows[i].batch);
        take_units(&pacer, &now, 0);
        assert_int_equal(pacer_batch(&pacer), rows[i].batch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_the_network_is_not_held),
        cmocka_unit_test(test_stalled_units),
        cmocka_unit_test(test_stalled_probes),
        cmocka_unit_test(test_fast_never_pauses),
        cmocka_unit_test(test_hiccups),
        cmocka_unit_test(test_guard_halves),
        cmocka_unit_test(test_pauses_double),
        cmocka_unit_test(test_how_long_pauses_last),
        cmocka_unit_test(test_silence_ends_a_pause),
        cmocka_unit_test(test_a_probe_that_waits),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_the_callers_bound),
        cmocka_unit_test(test_batches_of_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
