/* How many nodes the servers' radix tree (rax) has over keys of 16 bytes that come in order, and
 * what they take.
 *
 * Only the path of the last key is kept: where it branches, and how often.  A tree over the same
 * keys has one shape, so that order of insertion does not matter.  Facts: rax.h of Redis 5.0. */
#ifndef RDB_RADIX_H
#define RDB_RADIX_H

#include <stdbool.h>

#include "allocator.h"

enum { RADIX_KEY = 16 };

struct radix {
    uint64_t keys;
    uint64_t nodes; /* 0: as 1, the root of an empty tree */
    uint64_t bytes; /* of the nodes, as allocated */
    uint16_t
        children[RADIX_KEY]; /* of the last key's path at that byte; 0: does not branch there */
    uint8_t last[RADIX_KEY];
};

/* keys that come twice, or out of order, are counted somehow. */
void radix_add(struct radix *radix, enum allocator allocator, const uint8_t key[RADIX_KEY]);

/* With the tree's own structure.  An empty tree's root: of one that had keys it stays as large as
 * it was. */
uint64_t radix_bytes(const struct radix *radix, enum allocator allocator, bool had_keys);

#endif
