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

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = malloc(sizeof(*block) + size);
    if (!block)
        abort();
    *block = (struct arena_block){.size = size};
    return block;
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void reply_arena_init(struct reply_arena *arena, size_t most)
{
    struct arena_block *block = block_new(BLOCK_SIZE);
    *arena = (struct reply_arena){.first = block, .current = block, .most = most};
}

void reply_arena_release(struct reply_arena *arena)
{
    free_blocks(arena->first);
    *arena = (struct reply_arena){0};
}

void *reply_arena_take(struct reply_arena *arena, size_t size)
{
    struct arena_block *block = arena->current;
    if (size > arena->most - arena->taken)
        return NULL;
    arena->taken += size;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > block->size - block->used) {
        block = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
        arena->current->next = block;
        arena->current = block;
    }
    void *memory = block->bytes + block->used;
    block->used += size;
    return memory;
}

void reply_arena_reset(struct reply_arena *arena)
{
    if (arena->first->next) {
        free_blocks(arena->first->next);
        arena->first->next = NULL;
    }
    arena->first->used = 0;
    arena->current = arena->first;
    arena->taken = 0;
}
