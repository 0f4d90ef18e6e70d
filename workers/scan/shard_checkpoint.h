/* Where the scan of a cluster could be taken up: the map that a round began with, which of its
 * shards are done, how far the nodes of others are, and the sum so far.
 *
 * The round goes on over the very map that it began with, as what moves is found by comparing that
 * map with the one after the round.  Rounds over picked slots have no checkpoint: they are short,
 * and the one of the round before stays good. */
#ifndef SCAN_SHARD_CHECKPOINT_H
#define SCAN_SHARD_CHECKPOINT_H

#include "base/json_writer.h"
#include "shard_round.h"

/* Writes the value of SCAN_CHECKPOINT_SHARDS.  nodes: a node's checkpoint as JSON text, or null,
 * for each shard, whose keys the sum's progress must not count. */
void shard_checkpoint_write(struct json_writer *json, const struct shard_map *map,
                            const struct shard_sum *sum, char *const nodes[]);

/* Returns false, and leaves both empty, where it is no checkpoint of such a scan.  Both are
 * released as what a round leaves is. */
bool shard_checkpoint_read(const json_t *saved, const struct scan_request *request,
                           struct shard_map *ret_map, struct shard_sum *ret_sum);

#endif
