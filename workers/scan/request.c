/* What a request means to methods. */
#include "insight/insight.h"
#include "method.h"

/* Of a checkpoint, for what says which scan it is of; in a cluster also for each of its shards. */
enum { SAVED_HEAD = 16 << 10, SAVED_SHARDS = 160 << 10 };

int scan_nodes_at_once(const struct scan_request *request)
{
    int most = request->nodes_at_once > 1 ? request->nodes_at_once : 1;
    if (request->kind->id != SCAN_KIND_ANALYSIS || !request->analysis)
        return most;
    size_t states = SCAN_INSIGHTS_MAX / insight_size_most(request->analysis);
    int nodes = states > 2 ? (int)states - 1 : 1;
    return nodes < most ? nodes : most;
}

/* The sum over a cluster and the nodes that are being scanned are saved together. */
static size_t saved_most(const struct scan_request *request)
{
    size_t states = (size_t)scan_nodes_at_once(request) + 1;
    if (request->layout != SCAN_CLUSTER)
        return SCAN_CHECKPOINT_MAX - SAVED_HEAD;
    return (SCAN_CHECKPOINT_MAX - SAVED_SHARDS) / states - SAVED_HEAD / states;
}

struct scan_server scan_server_of(const struct scan_request *request,
                                  const struct redis_probe *probe)
{
    return (struct scan_server){.probe = probe,
                                .with_bytes = request->with_bytes,
                                .cluster = request->layout == SCAN_CLUSTER,
                                .analysis = request->analysis,
                                .saved_most = saved_most(request)};
}

/* A replica has counters of use of its own. */
bool scan_reads_replicas(const struct scan_request *request)
{
    if (request->kind->id == SCAN_KIND_ANALYSIS)
        return !request->analysis || !(request->analysis->measures & ANALYSIS_BIT(ANALYSIS_USAGE));
    return request->kind->id == SCAN_KIND_BIGKEY;
}
