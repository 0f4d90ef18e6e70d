/* One round over a cluster: the shards that have something to do, side by side on threads that end
 * with the round. */
#ifndef SCAN_SHARD_ROUND_H
#define SCAN_SHARD_ROUND_H

#include "node_scan.h"
#include "patience.h"
#include "shard_map.h"

/* What a scan of a cluster has found so far. */
struct shard_sum {
    int scans; /* rounds that were no rounds over picked slots, with the one that runs */
    const struct scan_method *method; /* null: nothing yet */
    void *state;
    struct scan_outcome outcome; /* sums of all nodes; without num and keys */
    struct scan_progress progress;
    struct redis_slots settled; /* by the last round, if that was over slots that were picked */
    struct error unread;        /* why a shard was not scanned to its end, last */

    /* A round that an earlier run of the scan has begun: the nodes' checkpoints, one or null for
     * each shard of its map. */
    json_t *resume;
};

void shard_sum_release(struct shard_sum *sum);

/* Adds to the sum, and marks the map's shards with what the round leaves; those that are marked as
 * done are left out.  The request's functions are called on the calling thread.  The first failure
 * that will not pass ends the round, and stops what else runs. */
int shard_round_run(struct scan_patience *patience, struct shard_map *map, struct shard_sum *sum,
                    struct error *err);

/* The same over the slots that the map has picked, none of which counts as scanned but those that
 * are settled.  Whatever else is wrong with a node but the request's own conditions only leaves its
 * slots unsettled. */
int shard_round_run_picked(struct scan_patience *patience, struct shard_map *map,
                           struct shard_sum *sum, struct error *err);

#endif
