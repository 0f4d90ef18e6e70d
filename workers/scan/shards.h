/* The scan of a cluster: rounds over its map, until the map has come to rest and nothing in it is
 * left to do. */
#ifndef SCAN_SHARDS_H
#define SCAN_SHARDS_H

#include "scan/scan.h"

/* A round is over what the one before has left; a cluster that moves slots without pause leaves
 * something each time. */
enum { SHARD_ROUNDS_MAX = 64 };

/* As scan_run. */
int scan_cluster(const struct scan_request *request, struct scan_outcome *ret_outcome,
                 struct error *err);

#endif
