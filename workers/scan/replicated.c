/* Asks every endpoint what it is, then tries replicas, and then the master. */
#include "replicated.h"

#include "base/clock.h"
#include "base/scope.h"
#include "node_scan.h"
#include "patience.h"
#include "seeds.h"
#include "snapshot.h"

struct candidate {
    struct endpoint endpoint;
    struct redis_replication replication;
    bool answers;
};

struct search {
    struct scan_patience patience;
    struct candidate candidates[SCAN_SEEDS_MAX];
    int count;
    int64_t offset;     /* of the master, where there is one */
    struct error first; /* why an endpoint was of no use */
};

static int look(struct search *search, struct candidate *candidate, struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    SCOPED(scan_snapshot_release) struct scan_snapshot snapshot = {0};
    struct redis_target target = search->patience.request->target;
    struct redis_interrupt interrupt = {scan_patience_ask, &search->patience};
    target.endpoint = candidate->endpoint;
    if (redis_connection_open(&target, interrupt, &connection, err) < 0 ||
        scan_snapshot_take(connection, search->patience.request->database, &snapshot, err) < 0)
        return -1;
    candidate->replication = snapshot.replication;
    candidate->answers = true;
    return 0;
}

/* Fails where the scan is to stop, or nothing answers. */
static int look_at_all(struct search *search, struct error *err)
{
    int answering = 0;
    for (int i = 0; i < search->count; i++) {
        struct error failure = {0};
        struct candidate *candidate = &search->candidates[i];
        if (scan_patience_ask(&search->patience, err) < 0)
            return -1;
        if (look(search, candidate, &failure) == 0)
            answering++;
        else if (search->first.code == ERROR_NONE)
            search->first = failure;
        if (candidate->answers && candidate->replication.role == REDIS_ROLE_MASTER &&
            candidate->replication.offset > search->offset)
            search->offset = candidate->replication.offset;
    }
    if (answering == 0)
        *err = search->first;
    return answering == 0 ? -1 : 0;
}

static int scan_candidate(const struct search *search, const struct candidate *candidate,
                          const struct node_place *place, struct scan_outcome *ret_outcome,
                          struct error *err)
{
    struct scan_request request = *search->patience.request;
    struct node_result result;
    request.target.endpoint = candidate->endpoint;
    request.timeout_ms = scan_patience_left_ms(&search->patience);
    if (node_scan_run(&request, place, &result, err) < 0)
        return -1;
    *ret_outcome = result.outcome;
    result.method->finish(result.state, NULL, ret_outcome);
    node_result_release(&result);
    return 0;
}

static bool ends_the_scan(enum error_code code)
{
    return code == ERROR_SCAN_CANCELLED || code == ERROR_SCAN_DEADLINE;
}

/* Returns 1 after a success and 0 where none of that role was of use; the last failure is in err.
 */
static int scan_role(const struct search *search, enum redis_role role,
                     struct scan_outcome *ret_outcome, struct error *err)
{
    struct node_place place = {.replica = role == REDIS_ROLE_REPLICA,
                               .master = role == REDIS_ROLE_MASTER,
                               .offset = search->offset};
    for (int i = 0; i < search->count; i++) {
        const struct candidate *candidate = &search->candidates[i];
        if (!candidate->answers || candidate->replication.role != role ||
            (place.replica && !candidate->replication.linked))
            continue;
        error_clear(err);
        if (scan_candidate(search, candidate, &place, ret_outcome, err) == 0)
            return 1;
        if (ends_the_scan(err->code))
            return -1;
    }
    return 0;
}

static int scan_best(const struct search *search, struct scan_outcome *ret_outcome,
                     struct error *err)
{
    int scanned = 0;
    if (search->patience.request->kind->id == SCAN_KIND_BIGKEY)
        scanned = scan_role(search, REDIS_ROLE_REPLICA, ret_outcome, err);
    if (scanned == 0)
        scanned = scan_role(search, REDIS_ROLE_MASTER, ret_outcome, err);
    if (scanned > 0)
        error_clear(err);
    if (scanned == 0 && err->code == ERROR_NONE) {
        if (search->first.code != ERROR_NONE)
            *err = search->first;
        error_set(err, ERROR_REDIS_UNREADY, "no master among the endpoints");
        error_prefix(err, "no master, and no replica in sync, that can be scanned");
    }
    return scanned > 0 ? 0 : -1;
}

int scan_replicated(const struct scan_request *request, struct scan_outcome *ret_outcome,
                    struct error *err)
{
    struct scan_seeds seeds;
    struct search search = {.patience = {request, clock_monotonic_ms()}};
    scan_seeds_init(&seeds, request);
    search.count = seeds.count;
    for (int i = 0; i < seeds.count; i++)
        search.candidates[i].endpoint = seeds.items[i];
    return look_at_all(&search, err) < 0 ? -1 : scan_best(&search, ret_outcome, err);
}
