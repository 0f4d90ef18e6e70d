/* Each place says whose turn it is: at `turn` the span with that number may be put there, at turn +
 * 1 it may be taken, and then the place waits for the span a round later.  Who puts takes a number
 * first. */
#include "span_ring.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { LINE_BYTES = 64 };

struct place {
    atomic_size_t turn;
    struct span span;
};

struct span_ring {
    size_t mask;
    struct place *places;
    /* Written by different threads, so on different lines of memory. */
    _Alignas(LINE_BYTES) atomic_size_t put;   /* the next number */
    _Alignas(LINE_BYTES) atomic_size_t taken; /* numbers that are done with */
};

struct span_ring *span_ring_new(size_t capacity)
{
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    struct span_ring *ring = aligned_alloc(LINE_BYTES, sizeof(*ring));
    struct place *places = calloc(capacity, sizeof(*places));
    if (!ring || !places)
        abort();
    ring->mask = capacity - 1;
    ring->places = places;
    atomic_init(&ring->put, 0);
    atomic_init(&ring->taken, 0);
    for (size_t i = 0; i < capacity; i++)
        atomic_init(&places[i].turn, i);
    return ring;
}

void span_ring_free(struct span_ring *ring)
{
    free(ring->places);
    free(ring);
}

size_t span_ring_put(struct span_ring *ring, const struct span *span)
{
    size_t number = atomic_load_explicit(&ring->put, memory_order_relaxed);
    struct place *place;
    for (;;) {
        place = &ring->places[number & ring->mask];
        size_t turn = atomic_load_explicit(&place->turn, memory_order_acquire);
        if (turn == number) {
            if (atomic_compare_exchange_weak_explicit(&ring->put, &number, number + 1,
                                                      memory_order_relaxed, memory_order_relaxed))
                break;
        } else if (turn < number) {
            return 0; /* what was put there a round ago is there still */
        } else {
            number = atomic_load_explicit(&ring->put, memory_order_relaxed);
        }
    }
    place->span = *span;
    atomic_store_explicit(&place->turn, number + 1, memory_order_release);
    size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    return number < taken ? 1 : number + 1 - taken;
}

bool span_ring_take(struct span_ring *ring, struct span *ret_span)
{
    size_t number = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    struct place *place = &ring->places[number & ring->mask];
    if (atomic_load_explicit(&place->turn, memory_order_acquire) != number + 1)
        return false;
    *ret_span = place->span;
    atomic_store_explicit(&place->turn, number + ring->mask + 1, memory_order_release);
    atomic_store_explicit(&ring->taken, number + 1, memory_order_relaxed);
    return true;
}

size_t span_ring_count(const struct span_ring *ring)
{
    size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    size_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
    return put > taken ? put - taken : 0;
}
