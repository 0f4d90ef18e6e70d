/* A scan by how the keys are spread. */
#include "scan/scan.h"

#include <assert.h>
#include <stdlib.h>

#include "checkpoint.h"
#include "node_scan.h"
#include "replicated.h"
#include "shards.h"

static void give_node(void *argument, const char *text, size_t length)
{
    scan_checkpoint_give(argument, SCAN_CHECKPOINT_NODE, text, length);
}

/* All keys are on each of its nodes, so one checkpoint says it all. */
static int scan_whole(struct scan_request request, struct scan_outcome *ret_outcome,
                      struct error *err)
{
    struct scan_request own = request;
    json_t *resume = scan_checkpoint_take(&request, SCAN_CHECKPOINT_NODE);
    const struct node_place anything = {.resume = resume};
    own.checkpoint = request.checkpoint ? give_node : NULL;
    own.checkpoint_argument = &request;
    int status = request.layout == SCAN_REPLICATED
                     ? scan_replicated(&own, resume, ret_outcome, err)
                     : node_scan_run_alone(&own, &anything, ret_outcome, err);
    json_decref(resume);
    return status;
}

int scan_run(const struct scan_request *request, struct scan_outcome *ret_outcome,
             struct error *err)
{
    assert(request->batch_keys >= SCAN_BATCH_KEYS_LEAST &&
           request->batch_keys <= SCAN_BATCH_KEYS_MOST);
    struct scan_request own = *request;
    struct redis_memory memory;
    redis_memory_init(&memory);
    own.target.memory = &memory;
    return own.layout == SCAN_CLUSTER ? scan_cluster(&own, ret_outcome, err)
                                      : scan_whole(own, ret_outcome, err);
}

void scan_outcome_release(struct scan_outcome *outcome)
{
    free(outcome->keys);
    free(outcome->members);
    *outcome = (struct scan_outcome){0};
}
