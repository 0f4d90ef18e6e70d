/* The heaviest prefixes of one depth, by keys and by bytes, in constant memory.
 *
 * An entry counts what it got since it was taken in, and says how much it may have missed before:
 * its errors.  When the table is full it is thinned: by each weight the capacity's-largest
 * remainder is taken off all of them, and what then has nothing left by either weight is dropped
 * (Misra and Gries' algorithm, by two weights at once).  The sums of what was taken off, the
 * floors, are the most that a prefix which is not in the table can have; they become the errors of
 * what is taken in from then on.
 *
 *   true value of an entry:  count <= true <= count + error
 *   error <= floor <= total weight / capacity, as each time that a floor rises by c, c is taken
 *                              off at least `capacity` entries that had it
 *
 * Both hold for two sketches merged, and for one cut to fewer entries, whose capacity is then the
 * lower one.  Long prefixes do so: where their texts would take more than PREFIX_TEXTS_MAX, the
 * table is thinned to fewer.  Plain values, one thread. */
#ifndef INSIGHT_PREFIX_SKETCH_H
#define INSIGHT_PREFIX_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
    PREFIX_CAPACITY = 2048,
    PREFIX_ENTRIES_MAX = 4 * PREFIX_CAPACITY, /* of which fewer than half are left by a thinning */
    PREFIX_LENGTH_MAX = 256,                  /* bytes */
    PREFIX_TEXTS_MAX = 1 << 20,               /* bytes of all entries' texts */
    PREFIX_CAPACITY_LEAST = 16                /* that a sketch is cut to */
};

enum prefix_weight { PREFIX_KEYS, PREFIX_BYTES, PREFIX_WEIGHTS };

struct prefix_entry {
    uint64_t hash;
    uint32_t text; /* place in the sketch's texts */
    uint32_t length;
    int64_t counts[PREFIX_WEIGHTS];
    int64_t errors[PREFIX_WEIGHTS];
    int64_t persistent[PREFIX_WEIGHTS]; /* of the counts, what has no time to live */
};

struct prefix_sketch {
    struct prefix_entry *entries;
    uint64_t *index; /* open addressing: upper half of the hash, place of the entry + 1 */
    char *texts;
    uint32_t count;
    uint32_t texts_length, texts_capacity;
    int64_t floors[PREFIX_WEIGHTS];
    int capacity; /* the least that it was ever cut to */
};

/* Bytes that one takes at most. */
size_t prefix_sketch_size_most(void);

void prefix_sketch_init(struct prefix_sketch *sketch);
void prefix_sketch_release(struct prefix_sketch *sketch);

/* Begins to load what prefix_sketch_add will look at. */
void prefix_sketch_prefetch(const struct prefix_sketch *sketch, uint64_t hash);

/* Counts a key of so many bytes under the prefix, whose hash it is given. */
void prefix_sketch_add(struct prefix_sketch *sketch, uint64_t hash, struct text prefix,
                       int64_t bytes, bool persistent);

/* Null where it is not in the table. */
const struct prefix_entry *prefix_sketch_find(const struct prefix_sketch *sketch, uint64_t hash,
                                              struct text prefix);

struct text prefix_sketch_text(const struct prefix_sketch *sketch,
                               const struct prefix_entry *entry);

/* What is left of an entry by a weight: how far it is above the floor; may be negative. */
int64_t prefix_sketch_left(const struct prefix_sketch *sketch, const struct prefix_entry *entry,
                           enum prefix_weight weight);

/* Whether nothing was ever dropped. */
bool prefix_sketch_is_exact(const struct prefix_sketch *sketch);

/* How far each floor would rise if the table were cut to that capacity. */
void prefix_sketch_rises(const struct prefix_sketch *sketch, int capacity,
                         int64_t ret_rises[PREFIX_WEIGHTS]);

/* Takes in what the other has counted over other keys. */
void prefix_sketch_merge(struct prefix_sketch *sketch, const struct prefix_sketch *other);

/* Takes in an entry that was saved; false where it is there already, or there is no room. */
bool prefix_sketch_restore(struct prefix_sketch *sketch, uint64_t hash, struct text prefix,
                           const struct prefix_entry *saved);

#endif
