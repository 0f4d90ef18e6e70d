/* What may be held at a time of what servers send, and of what is asked about it: one account for
 * all connections of a task, so that no server, and no number of them, costs more.
 *
 * Any thread. */
#ifndef REDIS_MEMORY_H
#define REDIS_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { REDIS_MEMORY_MAX = 32 << 20 };

struct redis_memory {
    atomic_size_t held;
};

void redis_memory_init(struct redis_memory *memory);

/* False where more than REDIS_MEMORY_MAX would be held; then nothing changes. */
bool redis_memory_take(struct redis_memory *memory, size_t size);
void redis_memory_give(struct redis_memory *memory, size_t size);

/* Whether most of it is free: else it is better to finish something first. */
bool redis_memory_is_ample(const struct redis_memory *memory);

#endif
