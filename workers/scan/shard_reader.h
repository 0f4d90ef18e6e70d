/* Reads the map of a cluster: whom the first node that answers knows of, and of each master what it
 * says about itself, so that no late gossip hides a slot that has moved. */
#ifndef SCAN_SHARD_READER_H
#define SCAN_SHARD_READER_H

#include "patience.h"
#include "shard_map.h"

/* Both are longer than a fail-over at Redis' default cluster-node-timeout of 15 s. */
enum { SHARD_READER_FIRST_WAIT_MS = 20000, SHARD_READER_WAIT_MS = 60000 };

/* Where a known map is given its nodes are asked as well as the request's endpoints, and a cluster
 * that cannot be read, or does not serve every slot, is given SHARD_READER_WAIT_MS to recover; for
 * a first map SHARD_READER_FIRST_WAIT_MS, and none where no node answers.  Fails with
 * ERROR_REDIS_UNREADY, ERROR_CONFIG (the request's address map), with what the patience says, or as
 * connections do.  The result is released by shard_map_release, also after a failure.
 */
int shard_reader_run(struct scan_patience *patience, const struct shard_map *known,
                     struct shard_map *ret_map, struct error *err);

#endif
