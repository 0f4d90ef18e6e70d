/* A scan by how the keys are spread. */
#include "scan/scan.h"

#include <assert.h>
#include <stdlib.h>

#include "node_scan.h"
#include "replicated.h"
#include "shards.h"

int scan_run(const struct scan_request *request, struct scan_outcome *ret_outcome,
             struct error *err)
{
    const struct node_place anything = {0};
    assert(request->batch_keys >= SCAN_BATCH_KEYS_LEAST &&
           request->batch_keys <= SCAN_BATCH_KEYS_MOST);
    switch (request->layout) {
    case SCAN_CLUSTER:
        return scan_cluster(request, ret_outcome, err);
    case SCAN_REPLICATED:
        return scan_replicated(request, ret_outcome, err);
    default:
        return node_scan_run_alone(request, &anything, ret_outcome, err);
    }
}

void scan_outcome_release(struct scan_outcome *outcome)
{
    free(outcome->keys);
    *outcome = (struct scan_outcome){0};
}
