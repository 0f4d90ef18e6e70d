/* A number that never passes its bound. */
#include "redis/memory.h"

#include <assert.h>

void redis_memory_init(struct redis_memory *memory)
{
    atomic_init(&memory->held, 0);
}

bool redis_memory_take(struct redis_memory *memory, size_t size)
{
    size_t held = atomic_load_explicit(&memory->held, memory_order_relaxed);
    do {
        if (size > REDIS_MEMORY_MAX - held)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&memory->held, &held, held + size,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

void redis_memory_give(struct redis_memory *memory, size_t size)
{
    size_t held = atomic_fetch_sub_explicit(&memory->held, size, memory_order_relaxed);
    assert(held >= size);
    (void)held;
}

bool redis_memory_is_ample(const struct redis_memory *memory)
{
    return atomic_load_explicit(&memory->held, memory_order_relaxed) < REDIS_MEMORY_MAX / 4;
}
