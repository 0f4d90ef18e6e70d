/* A chain of blocks; the first one serves nearly every reply, so that nothing is allocated for it.
 */
#include "reply_arena.h"

#include <stdlib.h>

enum { BLOCK_SIZE = 64 << 10, ALIGNMENT = 8 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    _Alignas(ALIGNMENT) char bytes[];
};

/* Null where the account has no more. */
static struct arena_block *block_new(struct redis_memory *memory, size_t size)
{
    if (!redis_memory_take(memory, sizeof(struct arena_block) + size))
        return NULL;
    struct arena_block *block = malloc(sizeof(*block) + size);
    if (!block)
        abort();
    *block = (struct arena_block){.size = size};
    return block;
}

static void free_blocks(struct redis_memory *memory, struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        redis_memory_give(memory, sizeof(*block) + block->size);
        free(block);
        block = next;
    }
}

void reply_arena_init(struct reply_arena *arena, size_t most, struct redis_memory *memory)
{
    *arena = (struct reply_arena){.most = most, .memory = memory};
}

void reply_arena_release(struct reply_arena *arena)
{
    free_blocks(arena->memory, arena->first);
    *arena = (struct reply_arena){0};
}

static void append(struct reply_arena *arena, struct arena_block *block)
{
    if (arena->current)
        arena->current->next = block;
    else
        arena->first = block;
    arena->current = block;
}

void *reply_arena_take(struct reply_arena *arena, size_t size)
{
    struct arena_block *block = arena->current;
    if (size > arena->most - arena->taken)
        return NULL;
    size_t aligned = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!block || aligned > block->size - block->used) {
        block = block_new(arena->memory, aligned > BLOCK_SIZE ? aligned : BLOCK_SIZE);
        if (!block)
            return NULL;
        append(arena, block);
    }
    arena->taken += size;
    void *memory = block->bytes + block->used;
    block->used += aligned;
    return memory;
}

void reply_arena_reset(struct reply_arena *arena)
{
    struct arena_block *first = arena->first;
    arena->taken = 0;
    if (!first)
        return;
    free_blocks(arena->memory, first->next);
    first->next = NULL;
    first->used = 0;
    /* One of an unusual size is not kept. */
    if (first->size > BLOCK_SIZE) {
        free_blocks(arena->memory, first);
        first = NULL;
    }
    arena->first = arena->current = first;
}
