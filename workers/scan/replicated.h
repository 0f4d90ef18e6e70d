/* The scan of a master with replicas, any of which has all keys. */
#ifndef SCAN_REPLICATED_H
#define SCAN_REPLICATED_H

#include <jansson.h>

#include "scan/scan.h"

/* For as long what Sentinels tell of may be out of order: longer than a fail-over at their default
 * down-after-milliseconds of 30 s. */
enum { SCAN_FAIL_OVER_WAIT_MS = 60000 };

/* Big keys come from a replica among the endpoints that is in sync, else from the master; all else
 * from the master.  The endpoints are all that is dialled: what INFO says of further nodes may be
 * addresses that only the servers can reach.  A replica that fails is replaced by the next one or
 * by the master; as scan_run otherwise.
 *
 * Where no endpoint is a master or a replica, but some are Sentinels, the first that answers says
 * what the endpoints are; without any that can be scanned they are asked again, and so through a
 * fail-over.  A Sentinel has the instance's credentials or none.  Where the request names a master
 * the endpoints are Sentinels, which see the credentials only where they want some.
 *
 * resume is a node's checkpoint, or null: that node comes before others of its role. */
int scan_replicated(const struct scan_request *request, const json_t *resume,
                    struct scan_outcome *ret_outcome, struct error *err);

#endif
