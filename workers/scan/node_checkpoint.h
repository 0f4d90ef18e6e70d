/* Where the scan of a node could be taken up: what INFO said when it began, the databases that are
 * left, the cursor in the first of them, and what the method has found so far.
 *
 * The cursor is that of the oldest SCAN whose keys were not all asked about: what came after it is
 * seen twice, which no ranking minds, and nothing is missed, as a cursor stays good for as long as
 * the process lives. */
#ifndef SCAN_NODE_CHECKPOINT_H
#define SCAN_NODE_CHECKPOINT_H

#include "driver.h"

/* Hands the request a checkpoint; nothing where it wants none, where the method cannot, or while
 * keys that the method had kept back are being asked about: the checkpoint before stays good. */
void node_checkpoint_give(struct driver *driver);

/* The same once SCAN_CHECKPOINT_MS have passed since the last. */
void node_checkpoint_give_when_due(struct driver *driver);

/* Takes a scan up whose method has begun.  `before`, what the server says now, becomes what it said
 * when the scan began, with the databases that are left.  Returns false, and changes nothing but
 * the method's state, where it is no checkpoint of this server's process: the scan then
 * begins anew. */
bool node_checkpoint_resume(struct driver *driver, const json_t *saved,
                            struct scan_snapshot *before);

/* Whether it is one of the node at that endpoint; null is of none. */
bool node_checkpoint_is_of(const json_t *saved, const struct endpoint *endpoint);

#endif
