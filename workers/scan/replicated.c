/* Asks every endpoint what it is, then tries replicas, and then the master.  Endpoints that are
 * Sentinels are asked for those, again and again while a fail-over may be under way. */
#include "replicated.h"

#include "base/clock.h"
#include "base/scope.h"
#include "node_checkpoint.h"
#include "node_scan.h"
#include "patience.h"
#include "redis/retry.h"
#include "redis/sentinel.h"
#include "seeds.h"
#include "snapshot.h"

enum { RETRY_MS = 500, NODES_MAX = SCAN_SEEDS_MAX };
_Static_assert((int)REDIS_SENTINEL_NODES_MAX <= (int)NODES_MAX,
               "what a Sentinel tells has a place");

struct candidate {
    struct endpoint endpoint;
    bool sentinel; /* it is one, or may be one: it refused the credentials */
    struct redis_replication replication;
    bool answers;
};

struct search {
    struct scan_patience patience;
    struct candidate candidates[NODES_MAX];
    int count;
    struct address_map addresses;
    const json_t *resume;
    int64_t offset;     /* of the master, where there is one */
    struct error first; /* why an endpoint was of no use */
};

static int refuse_sentinel(const struct redis_connection *connection, const struct search *search,
                           struct error *err)
{
    error_set(err, search->patience.request->kind->unsupported, "a sentinel: it has no keys");
    return error_prefix(err, "%s", redis_connection_name(connection));
}

static int look(struct search *search, struct candidate *candidate, struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    SCOPED(scan_snapshot_release) struct scan_snapshot snapshot = {0};
    struct redis_target target = search->patience.request->target;
    struct redis_interrupt interrupt = {scan_patience_ask, &search->patience};
    target.endpoint = candidate->endpoint;
    if (redis_connection_open(&target, interrupt, &connection, err) < 0) {
        candidate->sentinel = target.password && err->code == ERROR_REDIS_REFUSED;
        return -1;
    }
    if (scan_snapshot_take(connection, interrupt, search->patience.request->database, &snapshot,
                           err) < 0)
        return -1;
    candidate->sentinel = snapshot.server.mode == REDIS_MODE_SENTINEL;
    if (candidate->sentinel)
        return refuse_sentinel(connection, search, err);
    candidate->replication = snapshot.replication;
    candidate->answers = true;
    return 0;
}

/* Fails where the scan is to stop. */
static int look_at_all(struct search *search, struct error *err)
{
    search->offset = 0;
    search->first = (struct error){0};
    for (int i = 0; i < search->count; i++) {
        struct error failure = {0};
        struct candidate *candidate = &search->candidates[i];
        if (scan_patience_ask(&search->patience, err) < 0)
            return -1;
        if (look(search, candidate, &failure) < 0 && search->first.code == ERROR_NONE)
            search->first = failure;
        if (candidate->answers && candidate->replication.role == REDIS_ROLE_MASTER &&
            candidate->replication.offset > search->offset)
            search->offset = candidate->replication.offset;
    }
    return 0;
}

static int scan_candidate(const struct search *search, const struct candidate *candidate,
                          const struct node_place *place, struct scan_outcome *ret_outcome,
                          struct error *err)
{
    struct scan_request request = *search->patience.request;
    request.target.endpoint = candidate->endpoint;
    request.timeout_ms = scan_patience_left_ms(&search->patience);
    return node_scan_run_alone(&request, place, ret_outcome, err);
}

static int find_resumed(const struct search *search)
{
    for (int i = 0; i < search->count; i++) {
        if (node_checkpoint_is_of(search->resume, &search->candidates[i].endpoint))
            return i;
    }
    return 0;
}

/* Returns 1 after a success and 0 where none of that role was of use; the last failure is in err.
 */
static int scan_role(const struct search *search, enum redis_role role,
                     struct scan_outcome *ret_outcome, struct error *err)
{
    struct node_place place = {.replica = role == REDIS_ROLE_REPLICA,
                               .master = role == REDIS_ROLE_MASTER,
                               .offset = search->offset,
                               .resume = search->resume};
    int first = find_resumed(search);
    for (int i = 0; i < search->count; i++) {
        const struct candidate *candidate = &search->candidates[(first + i) % search->count];
        if (!candidate->answers || candidate->replication.role != role ||
            (place.replica && !candidate->replication.linked))
            continue;
        error_clear(err);
        if (scan_candidate(search, candidate, &place, ret_outcome, err) == 0)
            return 1;
        if (node_error_ends_the_scan(err->code))
            return -1;
    }
    return 0;
}

static int scan_best(const struct search *search, struct scan_outcome *ret_outcome,
                     struct error *err)
{
    int scanned = 0;
    if (scan_reads_replicas(search->patience.request))
        scanned = scan_role(search, REDIS_ROLE_REPLICA, ret_outcome, err);
    if (scanned == 0)
        scanned = scan_role(search, REDIS_ROLE_MASTER, ret_outcome, err);
    if (scanned > 0)
        error_clear(err);
    if (scanned == 0 && err->code == ERROR_NONE) {
        if (search->first.code != ERROR_NONE)
            *err = search->first;
        else
            error_set(err, ERROR_REDIS_UNREADY, "no master among the endpoints");
        error_prefix(err, "no master, and no replica in sync, that can be scanned");
    }
    return scanned > 0 ? 0 : -1;
}

static void set_candidates(struct search *search, const struct endpoint *endpoints, int count)
{
    search->count = count;
    for (int i = 0; i < count; i++)
        search->candidates[i] = (struct candidate){.endpoint = endpoints[i]};
}

/* *ret_is_one also where it answers with a refusal. */
static int ask_sentinel(const struct search *search, struct redis_target target,
                        struct redis_sentinel_view *view, bool *ret_is_one, struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    SCOPED(scan_snapshot_release) struct scan_snapshot snapshot = {0};
    struct scan_patience patience = search->patience;
    struct redis_interrupt interrupt = {scan_patience_ask, &patience};
    *ret_is_one = false;
    if (redis_connection_open(&target, interrupt, &connection, err) < 0 ||
        scan_snapshot_take(connection, interrupt, search->patience.request->database, &snapshot,
                           err) < 0)
        return -1;
    *ret_is_one = snapshot.server.mode == REDIS_MODE_SENTINEL;
    if (*ret_is_one)
        return redis_sentinel_ask(connection, NULL, &search->addresses, view, err);
    error_set(err, ERROR_REDIS_REFUSED, "no sentinel");
    return error_prefix(err, "%s", redis_connection_name(connection));
}

/* A Sentinel without a password refuses the instance's.  What is no Sentinel then keeps the reason
 * that it gave first. */
static int ask_with_or_without(const struct search *search, const struct endpoint *endpoint,
                               struct redis_sentinel_view *view, struct error *err)
{
    struct redis_target target = search->patience.request->target;
    struct error bare = {0};
    bool is_one;
    target.endpoint = *endpoint;
    if (ask_sentinel(search, target, view, &is_one, err) == 0)
        return 0;
    if (is_one || err->code != ERROR_REDIS_REFUSED || !target.password)
        return -1;
    target.username = target.password = NULL;
    if (ask_sentinel(search, target, view, &is_one, &bare) == 0) {
        error_clear(err);
        return 0;
    }
    if (is_one || node_error_ends_the_scan(bare.code))
        *err = bare;
    return -1;
}

/* Where a master is named, the endpoints are Sentinels and nothing else. */
static int ask_named(const struct search *search, const struct endpoint *endpoint,
                     struct redis_sentinel_view *view, struct error *err)
{
    struct redis_target target = search->patience.request->target;
    struct scan_patience patience = search->patience;
    struct redis_interrupt interrupt = {scan_patience_ask, &patience};
    target.endpoint = *endpoint;
    return redis_sentinel_find(&target, patience.request->sentinel_master, &search->addresses,
                               interrupt, view, err);
}

/* The first that answers is enough. */
static int ask_sentinels(const struct search *search, const struct scan_seeds *sentinels,
                         struct redis_sentinel_view *view, struct error *err)
{
    bool named = search->patience.request->sentinel_master != NULL;
    for (int i = 0; i < sentinels->count; i++) {
        const struct endpoint *endpoint = &sentinels->items[i];
        struct error failure = {0};
        if ((named ? ask_named(search, endpoint, view, &failure)
                   : ask_with_or_without(search, endpoint, view, &failure)) == 0) {
            error_clear(err);
            return 0;
        }
        if (err->code == ERROR_NONE || node_error_ends_the_scan(failure.code))
            *err = failure;
        if (node_error_ends_the_scan(failure.code))
            break;
    }
    return -1;
}

static int scan_watched(struct search *search, const struct scan_seeds *sentinels,
                        struct scan_outcome *ret_outcome, struct error *err)
{
    struct redis_sentinel_view view;
    if (ask_sentinels(search, sentinels, &view, err) < 0)
        return -1;
    set_candidates(search, view.items, view.count);
    return look_at_all(search, err) < 0 ? -1 : scan_best(search, ret_outcome, err);
}

static int scan_by_sentinels(struct search *search, const struct scan_seeds *sentinels,
                             struct scan_outcome *ret_outcome, struct error *err)
{
    struct redis_interrupt interrupt = {scan_patience_ask, &search->patience};
    int64_t ends = 0;
    while (scan_watched(search, sentinels, ret_outcome, err) < 0) {
        int64_t now = clock_monotonic_ms();
        ends = ends ? ends : now + SCAN_FAIL_OVER_WAIT_MS;
        if (!node_error_passes(err->code) || now >= ends)
            return -1;
        error_clear(err);
        if (redis_nap(RETRY_MS, interrupt, err) < 0)
            return -1;
    }
    return 0;
}

static void find_sentinels(const struct search *search, struct scan_seeds *ret_sentinels)
{
    ret_sentinels->count = 0;
    for (int i = 0; i < search->count; i++) {
        if (search->candidates[i].sentinel)
            scan_seeds_add(ret_sentinels, &search->candidates[i].endpoint);
    }
}

static bool has_answers(const struct search *search)
{
    for (int i = 0; i < search->count; i++) {
        if (search->candidates[i].answers)
            return true;
    }
    return false;
}

static int scan_endpoints(struct search *search, struct scan_outcome *ret_outcome,
                          struct error *err)
{
    struct scan_seeds seeds, sentinels;
    struct redis_sentinel_view view;
    scan_seeds_init(&seeds, search->patience.request);
    if (search->patience.request->sentinel_master)
        return ask_sentinels(search, &seeds, &view, err) < 0
                   ? -1
                   : scan_by_sentinels(search, &seeds, ret_outcome, err);
    set_candidates(search, seeds.items, seeds.count);
    if (look_at_all(search, err) < 0)
        return -1;
    find_sentinels(search, &sentinels);
    if (has_answers(search))
        return scan_best(search, ret_outcome, err);
    if (sentinels.count > 0)
        return scan_by_sentinels(search, &sentinels, ret_outcome, err);
    *err = search->first;
    return -1;
}

int scan_replicated(const struct scan_request *request, const json_t *resume,
                    struct scan_outcome *ret_outcome, struct error *err)
{
    struct search search = {.patience = {request, clock_monotonic_ms()}, .resume = resume};
    int status = address_map_parse(request->address_map, &search.addresses, err);
    if (status == 0)
        status = scan_endpoints(&search, ret_outcome, err);
    address_map_release(&search.addresses);
    return status;
}
