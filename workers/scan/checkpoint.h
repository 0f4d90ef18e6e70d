/* The checkpoint of a whole scan, as the request gives and takes it: which scan it is of, and one
 * part, which says how far a node is (node_checkpoint.h) or how far the shards of a cluster are
 * (shard_checkpoint.h). */
#ifndef SCAN_CHECKPOINT_H
#define SCAN_CHECKPOINT_H

#include <jansson.h>

#include "scan/scan.h"

#define SCAN_CHECKPOINT_NODE "node"
#define SCAN_CHECKPOINT_SHARDS "shards"

/* Hands the request the part of that name, whose value is JSON text; null where that would be
 * larger than a checkpoint may be. */
void scan_checkpoint_give(const struct scan_request *request, const char *part, const char *text,
                          size_t length);

/* The part of what the request says to resume, to be released by json_decref; null where there is
 * none, or none of such a scan. */
json_t *scan_checkpoint_take(const struct scan_request *request, const char *part);

#endif
