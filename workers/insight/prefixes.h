/* The prefixes of key names: a sketch per depth and, where that is asked for, one per type.
 *
 * A prefix ends after a separator: `user:` and `user:42:` of `user:42:name`.  At most `depth` of a
 * name count, and none that is longer than PREFIX_LENGTH_MAX: what is deeper or longer is counted
 * with the last that fits.  A depth that no name has reached has no sketch.
 *
 * A type's sketch has prefixes of all depths, so that a key is counted in it once per prefix: its
 * floors are at most the sum over the type's prefixes by its capacity.  Types' sketches are not
 * saved.  Plain values, one thread. */
#ifndef INSIGHT_PREFIXES_H
#define INSIGHT_PREFIXES_H

#include <jansson.h>
#include <limits.h>

#include "base/json_writer.h"
#include "model/analysis_options.h"
#include "prefix_sketch.h"

enum { PREFIX_ITEMS_HEAVIEST = 500, PREFIX_ITEMS_MAX = 4000 };

struct prefixes {
    char separators[ANALYSIS_SEPARATORS_MAX + 1];
    bool ends[UCHAR_MAX + 1]; /* which bytes are separators */
    int depth;
    struct prefix_sketch sketches[ANALYSIS_DEPTH_MAX];
    struct prefix_sketch *types; /* null: they are not asked for */
    int type_count;
};

void prefixes_init(struct prefixes *prefixes, const struct scan_analysis_options *options);

/* Before the first key: keeps sketches of the types 0 to count - 1 as well. */
void prefixes_keep_types(struct prefixes *prefixes, int count);

void prefixes_release(struct prefixes *prefixes);

/* Counts a key under each of its prefixes; returns a hash of the whole name (name_hash.h).  A type
 * that has no sketch is not kept apart. */
uint64_t prefixes_add(struct prefixes *prefixes, int type, struct text name, int64_t bytes,
                      bool persistent);

/* The hash that prefixes_add returns. */
uint64_t prefixes_hash(const struct prefixes *prefixes, struct text name);

void prefixes_merge(struct prefixes *prefixes, const struct prefixes *other);

/* The least capacity of the sketches, and whether nothing was ever dropped. */
int prefixes_capacity(const struct prefixes *prefixes);
bool prefixes_are_exact(const struct prefixes *prefixes);

/* A prefix with the bounds that are known of it. */
struct prefix_item {
    struct text prefix;
    int depth;
    struct prefix_entry entry;
};

/* The heaviest `most` (PREFIX_ITEMS_HEAVIEST at most) by each weight, by what is certain of them,
 * and all ancestors of each, in the order of their bytes; at most PREFIX_ITEMS_MAX.  The array is
 * the caller's, the texts are not. */
struct prefix_item *prefixes_choose(const struct prefixes *prefixes, size_t most,
                                    size_t *ret_count);

/* The same of a type: the heaviest PREFIX_ITEMS_HEAVIEST by the bytes that are certain of them, the
 * most bytes that they may have first, then by name.  Null where the type has no prefixes. */
struct prefix_item *prefixes_choose_of_type(const struct prefixes *prefixes, int type,
                                            size_t *ret_count);

/* For checkpoints: an array of the sketches, in at most so many bytes; entries are left out and
 * floors written higher where that is needed.  Back again into prefixes that are empty; false where
 * it is not that. */
void prefixes_write(const struct prefixes *prefixes, size_t most, struct json_writer *json);
bool prefixes_read(struct prefixes *prefixes, const json_t *saved);

#endif
