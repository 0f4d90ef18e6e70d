/* The prefixes of key names: a sketch per depth.
 *
 * A prefix ends after a separator: `user:` and `user:42:` of `user:42:name`.  At most `depth` of a
 * name count, and none that is longer than PREFIX_LENGTH_MAX: what is deeper or longer is counted
 * with the last that fits.  A depth that no name has reached has no sketch.  Plain values, one
 * thread. */
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
};

void prefixes_init(struct prefixes *prefixes, const struct scan_analysis_options *options);
void prefixes_release(struct prefixes *prefixes);

/* Counts a key under each of its prefixes; returns a hash of the whole name (name_hash.h). */
uint64_t prefixes_add(struct prefixes *prefixes, struct text name, int64_t bytes, bool persistent);

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

/* The heaviest PREFIX_ITEMS_HEAVIEST by each weight, by what is certain of them, and all ancestors
 * of each, in the order of their bytes; at most PREFIX_ITEMS_MAX.  The array is the caller's, the
 * texts are not. */
struct prefix_item *prefixes_choose(const struct prefixes *prefixes, size_t *ret_count);

/* For checkpoints: an array of the sketches, in at most so many bytes; entries are left out and
 * floors written higher where that is needed.  Back again into prefixes that are empty; false where
 * it is not that. */
void prefixes_write(const struct prefixes *prefixes, size_t most, struct json_writer *json);
bool prefixes_read(struct prefixes *prefixes, const json_t *saved);

#endif
