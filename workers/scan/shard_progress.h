/* What is told of a scan of a cluster while it goes on: the sum of what is done and of what runs,
 * and each shard. */
#ifndef SCAN_SHARD_PROGRESS_H
#define SCAN_SHARD_PROGRESS_H

#include "scan/scan.h"

struct shard_map;
struct shard_sum;

struct shard_telling {
    const struct shard_map *map;
    const struct shard_sum *sum;
    const struct scan_progress *const *running; /* of each shard what its scan told last; null where
                                                 * none runs.  Null: none does */
    bool picked;                                /* the round is over picked slots */
    struct scan_shard_progress shards[SCAN_SHARDS_TOLD_MAX];
    struct scan_progress progress; /* refers to the shards */
};

/* Fills in the last two.  What is read must not change meanwhile. */
void shard_telling_fill(struct shard_telling *telling);

#endif
