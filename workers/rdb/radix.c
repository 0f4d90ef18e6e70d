/* A node for a branch, one for what an edge has beyond its first byte, one for a key's end. */
#include "radix.h"

#include <string.h>

enum { NODE_HEADER = 4, POINTER = 8, TREE = 32, EMPTY_ROOT = 8, LEAF = 16 };

/* Of a node with so many bytes of keys and so many pointers. */
static uint64_t node_bytes(enum allocator allocator, int characters, int pointers)
{
    uint64_t head = ((uint64_t)NODE_HEADER + (uint64_t)characters + POINTER - 1) / POINTER;
    return allocator_size(allocator, (head + (uint64_t)pointers) * POINTER);
}

/* Of the part of an edge from one byte to before another. */
static void count_edge(struct radix *radix, enum allocator allocator, int from, int to, int sign)
{
    if (to <= from)
        return;
    uint64_t bytes = node_bytes(allocator, to - from, 1);
    radix->nodes += sign > 0 ? 1 : UINT64_MAX;
    radix->bytes += sign > 0 ? bytes : 0 - bytes;
}

/* An edge of the last key's path is split where it does not branch yet. */
static void split_edge(struct radix *radix, enum allocator allocator, int at)
{
    int from = at, to = at + 1;
    while (from > 0 && !radix->children[from - 1])
        from--;
    while (to < RADIX_KEY && !radix->children[to])
        to++;
    count_edge(radix, allocator, from, to, -1);
    count_edge(radix, allocator, from, at, 1);
    count_edge(radix, allocator, at + 1, to, 1);
    radix->nodes++;
    radix->bytes += node_bytes(allocator, 1, 1);
    radix->children[at] = 1;
}

static void add_branch(struct radix *radix, enum allocator allocator, int at)
{
    if (!radix->children[at])
        split_edge(radix, allocator, at);
    int children = radix->children[at]++;
    radix->bytes += node_bytes(allocator, children + 1, children + 1) -
                    node_bytes(allocator, children, children);
    memset(radix->children + at + 1, 0, sizeof(*radix->children) * (size_t)(RADIX_KEY - at - 1));
    count_edge(radix, allocator, at + 1, RADIX_KEY, 1);
}

void radix_add(struct radix *radix, enum allocator allocator, const uint8_t key[RADIX_KEY])
{
    int common = 0;
    while (common < RADIX_KEY && radix->last[common] == key[common])
        common++;
    bool first = !radix->keys++;
    if (first)
        count_edge(radix, allocator, 0, RADIX_KEY, 1);
    else if (common == RADIX_KEY || radix->children[common] == UINT8_MAX + 1)
        return;
    else
        add_branch(radix, allocator, common);
    radix->nodes++;
    radix->bytes += allocator_size(allocator, LEAF);
    memcpy(radix->last, key, RADIX_KEY);
}

uint64_t radix_bytes(const struct radix *radix, enum allocator allocator, bool had_keys)
{
    uint64_t root =
        had_keys ? node_bytes(allocator, RADIX_KEY, 1) : allocator_size(allocator, EMPTY_ROOT);
    uint64_t nodes = radix->keys ? radix->bytes : root;
    return allocator_size(allocator, TREE) + nodes;
}
