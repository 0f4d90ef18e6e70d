/* What a kind of scan is to the driver: a plug-in of a few functions.
 *
 * A method answers three questions: may it run here (check), what does it ask about a batch of keys
 * (ask and answer, stage after stage), and how does it rank (finish).  The driver owns the
 * connection, SCAN, the deadline and cancellation; a method never waits and never reads the
 * connection, but for collect.
 *
 * Questions that disturb what is measured are not asked about every key: when all keys were seen,
 * revisit names those that are left, and they go through ask and answer once more.  Where these get
 * too many before, ask may begin a batch that is through anew, with keys of its database. */
#ifndef SCAN_METHOD_H
#define SCAN_METHOD_H

#include <jansson.h>

#include "base/json_writer.h"
#include "batch.h"
#include "scan/scan.h"

struct redis_probe;
struct scan_snapshot;
struct shard_map;

/* What decides which method runs. */
struct scan_server {
    const struct redis_probe *probe;
    bool hotkeys_command; /* it has HOTKEYS, and the request allows it */
    bool no_touch;        /* what is asked leaves its counters of use alone */
    bool with_bytes;      /* the request wants them */
    bool cluster;         /* keys are told apart by their slots */
    const struct scan_analysis_options *analysis; /* null: the defaults */
    size_t saved_most; /* bytes that a state may be saved in, so that all of a checkpoint fits */
};

/* As the request has it, for a server of that probe, which need not have been met. */
/* Nodes of a cluster that are read at a time: as many as the request says, and of an analysis only
 * as many as with the sum have room in SCAN_INSIGHTS_MAX bytes, but one. */
int scan_nodes_at_once(const struct scan_request *request);

struct scan_server scan_server_of(const struct scan_request *request,
                                  const struct redis_probe *probe);

/* Whether the kind is read from replicas where there are any in sync. */
bool scan_reads_replicas(const struct scan_request *request);

/* What a method that waits for the server has of the driver. */
struct scan_source {
    struct redis_connection *connection;
    const int *database;              /* the only one that the scan is of; null: all */
    struct redis_interrupt interrupt; /* to be asked at least every 200 ms of a wait */
    int64_t ends;                     /* monotonic ms: the scan's deadline */
    int64_t commands;                 /* sent; it counts them here */
};

struct scan_method {
    /* Questions about a key in one stage, at most; 0 is 1. */
    size_t questions_each;

    /* Returns why it cannot run on that server, or null.  A null function: it can. */
    const char *(*check)(const struct scan_server *server);

    /* State of one scan; null where there is none. */
    void *(*new)(const struct scan_server *server);
    void (*free)(void *state);

    /* Where the server names the keys by itself, in place of SCAN: begins the batch with them,
     * which then goes through ask and answer from the stage that it leaves in it.  It waits and
     * reads the connection, and leaves nothing in flight.  Null: SCAN. */
    int (*collect)(void *state, struct scan_source *source, struct scan_batch *batch,
                   struct error *err);

    /* Before the first key: `before` is what INFO said.  Sets *ret_careful where single keys may
     * stall the server.  Waits on the connection, as watch does; nothing is in flight.  Null: there
     * is nothing to do. */
    int (*begin)(void *state, struct scan_source *source, const struct scan_snapshot *before,
                 bool *ret_careful, struct error *err);

    /* Before every burst, so it must be quick but for every few seconds; *hurry says whether the
     * scan shall not trickle, and is left as it is where nothing is new.  Null: nothing is watched.
     */
    int (*watch)(void *state, struct scan_source *source, bool *hurry, struct error *err);

    /* After the last key, the outcome has the keys' counts already.  Null: there is nothing to do.
     */
    int (*end)(void *state, const struct scan_snapshot *before, const struct scan_snapshot *after,
               struct scan_outcome *outcome, struct error *err);

    /* Asks batch->stage's questions by scan_batch_ask; asking none ends the batch.  Null: nothing
     * is asked about keys.  Stages count from 0 and begin when all answers of the one before are
     * there. */
    int (*ask)(void *state, struct scan_batch *batch, struct error *err);

    /* Takes the answer to the command about the key. */
    int (*answer)(void *state, struct scan_batch *batch, struct scan_key *key,
                  const struct scan_command *command, const struct redis_reply *reply,
                  struct error *err);

    /* After the last key of a database, again and again until it returns false: begins the batch
     * with keys of one database that there is something left to ask about, and sets the stage to
     * ask from.  Each batch must leave fewer of them.  `more`: other databases are to come, so that
     * it may wait.  Null: there are none. */
    bool (*revisit)(void *state, bool more, struct scan_batch *batch);

    /* How many of its questions the server has counted as uses of keys, earlier runs included.
     * Null: none is. */
    int64_t (*touched)(const void *state);

    /* Takes what another state of the method found on another node of the cluster. */
    void (*merge)(void *state, const void *other);

    /* Writes the members of an object that the caller has begun: what the state has found so far.
     * Keys that are still being asked about may be left out.  Null: it cannot be taken up. */
    void (*save)(const void *state, struct json_writer *json);

    /* Whether the state has the keys of all batches before the oldest that is being asked about,
     * and of no other: there is no checkpoint where it has not.  Null: it may have more. */
    bool (*is_settled)(const void *state);

    /* Takes what another state has saved, after begin where there is one.  Returns false where it
     * is not that; the state may then have a part of it.  Null as save is. */
    bool (*load)(void *state, const json_t *saved);

    /* Fills num and keys of an outcome whose other members are there.  A map says that it was a
     * cluster, and names the keys' shards. */
    void (*finish)(void *state, const struct shard_map *map, struct scan_outcome *outcome);
};

extern const struct scan_method scan_method_analysis;
extern const struct scan_method scan_method_bigkey;
extern const struct scan_method scan_method_expired;
extern const struct scan_method scan_method_hotkey;         /* by the LFU counters */
extern const struct scan_method scan_method_hotkey_command; /* by HOTKEYS */

/* The methods of a kind, the preferred one first, ended by null: the first that can run does, and
 * where none can, the last one's reason is given. */
const struct scan_method *const *scan_methods_of(enum scan_kind_id id);

#endif
