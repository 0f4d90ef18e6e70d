/* The scan of a master with replicas, any of which has all keys. */
#ifndef SCAN_REPLICATED_H
#define SCAN_REPLICATED_H

#include "scan/scan.h"

/* Big keys come from a replica among the endpoints that is in sync, else from the master; all else
 * from the master.  The endpoints are all that is dialled: what INFO says of further nodes may be
 * addresses that only the servers can reach.  A replica that fails is replaced by the next one or
 * by the master; as scan_run otherwise. */
int scan_replicated(const struct scan_request *request, struct scan_outcome *ret_outcome,
                    struct error *err);

#endif
