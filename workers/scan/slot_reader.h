/* Single slots of a cluster, read on the master that serves them in place of a SCAN of all it has.
 *
 * The names of a slot are read in one transaction with a question about a key of that slot which
 * does not exist: the server only answers it while it serves the slot and gives none of its keys
 * away (redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec).  So all keys that the
 * slot had at that moment are named. */
#ifndef SCAN_SLOT_READER_H
#define SCAN_SLOT_READER_H

#include "driver.h"

/* CLUSTER GETKEYSINSLOT holds the server while it names them: a slot with more is left alone. */
enum { SLOT_READER_KEYS_MAX = 10000 };

/* Asks the method's questions about the keys of each of the slots; for a method without any, TYPE,
 * which releases a key that has expired.  Adds the slots that were read whole to *settled: but for
 * those that driver->redirected names, then or later.  Fails as driver_visit does. */
int slot_reader_run(struct driver *driver, const struct redis_slots *slots,
                    struct redis_slots *settled, struct error *err);

#endif
