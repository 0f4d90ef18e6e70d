/* The data of a node as it sends them to a replica: asked whether it can, read as fast as it may.
 *
 * Beside the connection of the stream there is one of the guard (scan/guard.h), which pings the
 * node for as long as the node is open.  One thread. */
#ifndef OFFLINE_NODE_H
#define OFFLINE_NODE_H

#include <sys/types.h>

#include "errand.h"

struct node;

/* Connects, checks and asks; returns when the RDB begins.  The errand must live as long as the
 * node; its progress says what INFO counts of keys. */
int node_open(struct errand *errand, struct node **ret_node, struct error *err);
void node_free(struct node *node);

/* The function of a source of RDBs (rdb/reader.h) whose argument is a node. */
ssize_t node_read(void *node, void *ret_bytes, size_t most, struct error *err);

/* The RDB has ended after that many bytes; closes the connection. */
int node_end(struct node *node, int64_t used, struct error *err);

const char *node_name(const struct node *node);
int64_t node_offset(const struct node *node);        /* of its replication; -1: not told */
const char *node_allocator(const struct node *node); /* as INFO says; empty: not told */

/* What it was, for an outcome: cost, commands and a note. */
void node_tell(const struct node *node, struct scan_outcome *outcome);

#endif
