/* Nodes are asked one after the other: reading a map costs a connection to each master. */
#include "shard_reader.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "node_scan.h"
#include "redis/retry.h"
#include "redis/topology.h"
#include "seeds.h"
#include "snapshot.h"

enum { RETRY_MS = 200 };

struct reader {
    struct scan_patience *patience;
    struct address_map addresses;
};

static int ask(const struct reader *reader, const struct endpoint *endpoint,
               struct redis_topology *ret_topology, struct scan_snapshot *ret_snapshot,
               struct error *err)
{
    SCOPED(redis_connection_cleanup) struct redis_connection *connection = NULL;
    struct scan_patience *patience = reader->patience;
    struct redis_target target = patience->request->target;
    struct redis_interrupt interrupt = {scan_patience_ask, patience};
    target.endpoint = *endpoint;
    if (redis_connection_open(&target, interrupt, &connection, err) < 0 ||
        scan_snapshot_take(connection, interrupt, patience->request->database, ret_snapshot, err) <
            0)
        return -1;
    if (ret_snapshot->server.mode == REDIS_MODE_CLUSTER)
        return redis_topology_ask(connection, endpoint, &reader->addresses, ret_topology, err);
    error_set(err, patience->request->kind->unsupported,
              "no node of a cluster, as the instance is registered");
    return error_prefix(err, "%s", redis_connection_name(connection));
}

static void add_replicas(struct shard *shard, const struct redis_topology *view)
{
    for (int i = 0; i < view->count && shard->replica_count < SHARD_REPLICAS_MAX; i++) {
        const struct redis_member *member = &view->members[i];
        if (strcmp(member->master, shard->id) == 0)
            shard->replicas[shard->replica_count++] = member->endpoint;
    }
}

/* One that has become a replica meanwhile adds nothing; its slots are found with its successor. */
static int read_master(const struct reader *reader, const struct redis_member *master,
                       const struct redis_topology *view, struct shard_map *map, struct error *err)
{
    SCOPED(redis_topology_release) struct redis_topology own = {0};
    SCOPED(scan_snapshot_release) struct scan_snapshot snapshot = {0};
    if (ask(reader, &master->endpoint, &own, &snapshot, err) < 0)
        return -1;
    assert(own.members); /* with the line of the node itself, or asking had failed */
    const struct redis_member *self = &own.members[own.self];
    if (strcmp(self->id, master->id) != 0)
        return error_set(err, ERROR_REDIS_UNREADY,
                         "cluster: node %s answers at %s:%d, where node %s is announced", self->id,
                         master->endpoint.host, master->endpoint.port, master->id);
    if (self->master[0])
        return 0;
    struct shard *shard = shard_map_add(map);
    if (!shard)
        return error_set(err, ERROR_REDIS_PROTOCOL, "cluster: more than %d masters",
                         REDIS_NODES_MAX);
    memcpy(shard->id, self->id, sizeof(shard->id));
    shard->endpoint = master->endpoint;
    shard->epoch = own.epoch;
    shard->offset = snapshot.replication.offset;
    shard->keys = snapshot.keys;
    shard->owned = own.owned;
    shard->importing = own.importing;
    add_replicas(shard, view);
    return 0;
}

/* *ret_answered: the seed did. */
static int read_once(const struct reader *reader, const struct endpoint *seed,
                     struct shard_map *map, bool *ret_answered, struct error *err)
{
    SCOPED(redis_topology_release) struct redis_topology view = {0};
    SCOPED(scan_snapshot_release) struct scan_snapshot snapshot = {0};
    if (ask(reader, seed, &view, &snapshot, err) < 0)
        return -1;
    *ret_answered = true;
    for (int i = 0; i < view.count; i++) {
        if (!view.members[i].master[0] &&
            read_master(reader, &view.members[i], &view, map, err) < 0)
            return -1;
    }
    return shard_map_check(map, err);
}

static void gather(struct scan_seeds *seeds, const struct scan_request *request,
                   const struct shard_map *known)
{
    scan_seeds_init(seeds, request);
    for (int i = 0; known && i < known->count; i++) {
        const struct shard *shard = &known->items[i];
        scan_seeds_add(seeds, &shard->endpoint);
        for (int j = 0; j < shard->replica_count; j++)
            scan_seeds_add(seeds, &shard->replicas[j]);
    }
}

/* Every seed has failed, the first of them for that reason. */
static bool is_worth_waiting(bool answered, enum error_code code, int64_t ends)
{
    return answered && node_error_passes(code) && clock_monotonic_ms() < ends;
}

static int read_map(const struct reader *reader, const struct shard_map *known,
                    struct shard_map *ret_map, struct error *err)
{
    struct scan_seeds seeds;
    bool answered = known != NULL;
    int64_t ends =
        clock_monotonic_ms() + (known ? SHARD_READER_WAIT_MS : SHARD_READER_FIRST_WAIT_MS);
    struct error first = {0};
    struct redis_interrupt interrupt = {scan_patience_ask, reader->patience};
    gather(&seeds, reader->patience->request, known);
    for (int attempt = 0;; attempt++) {
        struct error failure = {0};
        shard_map_release(ret_map);
        if (scan_patience_ask(reader->patience, err) < 0)
            return -1;
        if (read_once(reader, &seeds.items[attempt % seeds.count], ret_map, &answered, &failure) ==
            0)
            return 0;
        if (first.code == ERROR_NONE || !node_error_passes(failure.code))
            first = failure;
        if (attempt < seeds.count - 1)
            continue;
        if (!is_worth_waiting(answered, first.code, ends))
            break;
        first = (struct error){0};
        if (redis_nap(RETRY_MS, interrupt, err) < 0)
            return -1;
    }
    *err = first;
    return -1;
}

int shard_reader_run(struct scan_patience *patience, const struct shard_map *known,
                     struct shard_map *ret_map, struct error *err)
{
    struct reader reader = {.patience = patience};
    *ret_map = (struct shard_map){0};
    int status = address_map_parse(patience->request->address_map, &reader.addresses, err);
    if (status == 0)
        status = read_map(&reader, known, ret_map, err);
    address_map_release(&reader.addresses);
    return status;
}
