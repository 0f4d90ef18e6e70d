/* The whole of an insight, for the files that keep, save and write it. */
#ifndef INSIGHT_INTERNAL_H
#define INSIGHT_INTERNAL_H

#include "counters.h"
#include "leaders.h"
#include "prefixes.h"

/* Some slots that keys of a shard were in say which one it is when the scan ends: most of them are
 * there still. */
enum { SHARD_SAMPLES = 9, SHARDS_MAX = 4096 };

struct shard_sum {
    struct key_sum sum;
    int slots[SHARD_SAMPLES];
    int slot_count;
};

struct gap {
    int64_t keys;
    char reason[INSIGHT_REASON_MAX + 1];
};

struct insight {
    struct insight_setup setup;
    struct counters counters;
    struct leaders leaders;
    struct prefixes prefixes;
    struct gap gaps[INSIGHT_GAP_COUNT];
    struct shard_sum own;     /* its slots; the sum is what the others leave of the total */
    struct shard_sum *shards; /* that were merged into it */
    int shard_count;
    int64_t held;
    bool held_known, held_estimated;
};

extern const char *const insight_gap_names[INSIGHT_GAP_COUNT];

static inline bool insight_measures(const struct insight *insight, enum analysis_measure measure)
{
    return insight->setup.options.measures & ANALYSIS_BIT(measure);
}

/* The insight's own keys as a shard's; they are not of any shard in `shards`. */
struct shard_sum insight_own_shard(const struct insight *insight);

/* False where there are too many. */
bool insight_add_shard(struct insight *insight, const struct shard_sum *shard);

#endif
