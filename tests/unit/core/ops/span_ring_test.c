/* The ring: its order, its end, and that nothing is lost, doubled or torn between threads. */
#include "span_ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "unit.h"

enum { SMALL = 4 };

static struct span numbered(int64_t number)
{
    struct span span = {.started_us = number, .ended_us = -number, .text = "x"};
    return span;
}

static void assert_taken(struct span_ring *ring, int64_t number)
{
    struct span span;
    assert_true(span_ring_take(ring, &span));
    assert_int_equal(span.started_us, number);
    assert_int_equal(span.ended_us, -number);
}

static void test_order(void **state)
{
    (void)state;
    struct span_ring *ring = span_ring_new(SMALL);
    struct span span;
    assert_false(span_ring_take(ring, &span));
    /* Many rounds, with every number of spans in it. */
    int64_t put = 1, taken = 1;
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i <= round % SMALL; i++) {
            span = numbered(put++);
            assert_int_equal(span_ring_put(ring, &span), i + 1);
        }
        assert_int_equal(span_ring_count(ring), round % SMALL + 1);
        while (taken < put)
            assert_taken(ring, taken++);
        assert_false(span_ring_take(ring, &span));
        assert_int_equal(span_ring_count(ring), 0);
    }
    span_ring_free(ring);
}

static void test_full(void **state)
{
    (void)state;
    struct span_ring *ring = span_ring_new(SMALL);
    struct span span;
    for (int i = 1; i <= SMALL; i++) {
        span = numbered(i);
        assert_int_equal(span_ring_put(ring, &span), i);
    }
    span = numbered(99);
    assert_int_equal(span_ring_put(ring, &span), 0);
    assert_int_equal(span_ring_put(ring, &span), 0);
    assert_taken(ring, 1);
    span = numbered(SMALL + 1);
    assert_int_equal(span_ring_put(ring, &span), SMALL);
    assert_int_equal(span_ring_put(ring, &span), 0);
    for (int i = 2; i <= SMALL + 1; i++)
        assert_taken(ring, i);
    span_ring_free(ring);
}

enum { PRODUCERS = 4, EACH = 5000, PRODUCER = 1000000 };

struct producer {
    struct span_ring *ring;
    int number;
    int refused;
    pthread_t thread;
};

/* Each puts its numbers in order, and again what there was no room for. */
static void *produce(void *argument)
{
    struct producer *producer = argument;
    for (int i = 1; i <= EACH; i++) {
        struct span span = numbered((int64_t)producer->number * PRODUCER + i);
        while (span_ring_put(producer->ring, &span) == 0) {
            producer->refused++;
            sched_yield();
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct span_ring *ring = span_ring_new(16);
    struct producer producers[PRODUCERS];
    int next[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        next[i] = 1;
        producers[i] = (struct producer){.ring = ring, .number = i};
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    for (int taken = 0; taken < PRODUCERS * EACH;) {
        struct span span;
        if (!span_ring_take(ring, &span)) {
            sched_yield();
            continue;
        }
        int64_t from = span.started_us / PRODUCER;
        assert_in_range(from, 0, PRODUCERS - 1);
        assert_int_equal(span.started_us % PRODUCER, next[from]);
        assert_int_equal(span.ended_us, -span.started_us);
        next[from]++;
        taken++;
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i].thread, NULL);
    assert_int_equal(span_ring_count(ring), 0);
    span_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
