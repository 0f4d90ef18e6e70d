/* Memory for one reply at a time: taken piece by piece, given back at once.  Pieces do not move. */
#ifndef REDIS_REPLY_ARENA_H
#define REDIS_REPLY_ARENA_H

#include "redis/memory.h"

struct arena_block;

struct reply_arena {
    struct arena_block *first; /* kept for the next reply */
    struct arena_block *current;
    size_t taken; /* since the last reset */
    size_t most;
    struct redis_memory *memory;
};

void reply_arena_init(struct reply_arena *arena, size_t most, struct redis_memory *memory);
void reply_arena_release(struct reply_arena *arena);

/* Memory for any object, or null where more than `most` bytes would be taken, or the account
 * has no more. */
void *reply_arena_take(struct reply_arena *arena, size_t size);
void reply_arena_reset(struct reply_arena *arena);

#endif
