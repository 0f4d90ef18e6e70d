/* A scan: visits every key of a Redis and says what it found.
 *
 * One driver owns the connection, SCAN, the deadline and cancellation; a kind of scan is a plug-in
 * (see workers/scan/method.h).  Blocking code for a thread of a pool; scans share nothing.
 *
 * Big keys are read from a replica that is in sync where there is one, all else from masters.  The
 * nodes of a cluster are scanned side by side; its map is read before and after, and what moved,
 * failed over or was left unread in between is scanned again until nothing is left: a success has
 * seen every key that was there throughout. */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include "base/endpoint.h"
#include "base/error.h"
#include "model/analysis_options.h"
#include "model/scan_kind.h"
#include "redis/connection.h"
#include "scan/profile.h"

/* Keys of one SCAN: the caller's bounds for batch_keys. */
enum { SCAN_BATCH_KEYS_LEAST = 1, SCAN_BATCH_KEYS_MOST = 20000 };

enum { SCAN_CHECKPOINT_MS = 2000, SCAN_CHECKPOINT_MAX = 1 << 20 };

/* Bytes that an analysis of a cluster has found at most: each node that is being read, and their
 * sum.  It is enough for four nodes at once with the default options. */
enum { SCAN_INSIGHTS_MAX = 96 << 20 };

/* More shards than these are scanned and not told of. */
enum { SCAN_SHARDS_TOLD_MAX = 64 };

enum scan_shard_state { SCAN_SHARD_WAITING, SCAN_SHARD_RUNNING, SCAN_SHARD_DONE };

struct scan_shard_progress {
    char name[ENDPOINT_TEXT_MAX + 1]; /* its master's ip:port, as in results */
    enum scan_shard_state state;
    int64_t keys_seen, keys_total;
};

/* What was read of one node, to its end or as far as it went. */
struct scan_visit {
    const struct endpoint *node;
    int64_t started_us, ended_us; /* monotonic */
    int64_t keys_seen;            /* with what an earlier run of this scan had seen of it */
    int64_t commands;
    int64_t pauses, paused_ms;
    enum error_code failure; /* ERROR_NONE: to its end */
};

struct scan_progress {
    int64_t keys_seen;     /* so far; SCAN may show a key twice */
    int64_t keys_total;    /* of the databases that are scanned, when the scan began */
    struct scan_cost cost; /* so far */
    int64_t commands;      /* the same */
    int64_t latency_us;    /* of a PING just now; of several nodes the longest; 0: not known yet */
    bool is_paused;        /* for the tenant's sake; of several nodes, one is */
    enum scan_pause_reason pause;
    const struct scan_shard_progress *shards; /* of a cluster; valid during the call */
    int shard_count;
};

/* Pauses so far, whatever for. */
int64_t scan_progress_pauses(const struct scan_progress *progress);

/* How the keys are spread over servers. */
enum scan_layout {
    SCAN_ONE_SERVER, /* all of them at the target's endpoint */
    SCAN_REPLICATED, /* all of them at each of the endpoints: a master and its replicas; or at each
                      * of those that the endpoints tell of, which are Sentinels */
    SCAN_CLUSTER     /* over the masters of a cluster, of which the endpoints are some nodes */
};

struct scan_request {
    const struct scan_kind *kind;
    struct redis_target target;
    enum scan_layout layout;
    const char *endpoints;   /* host:port, separated by commas; null: the target's only */
    const char *address_map; /* where announced addresses are reached: base/address_map.h; null */
    const char *sentinel_master; /* SCAN_REPLICATED by Sentinels: whose nodes; null: the only one */
    const int *database;         /* scans this one only and counts its keys; null: all of them */
    int nodes_at_once;           /* of a cluster, each on a thread of its own; 0 is 1 */
    int batch_keys;              /* the most that COUNT may be */
    int64_t timeout_ms;          /* of the whole scan; then ERROR_SCAN_DEADLINE */

    /* What it may take of the server (workers/scan/pacer.h); 0 is the default of each. */
    enum scan_profile profile;
    int guard_factor; /* a latency above this many baselines, 2, */
    int guard_ms;     /* and above the baseline by that, 1, halves the duty */
    int ceiling_ms;   /* from here it pauses, 20 */

    /* Hot keys come from the server's HOTKEYS command where it has it (Redis 8.6): a measurement of
     * its own, which somebody must have agreed to.  Where it has not, from the LFU counters. */
    bool hotkeys_command;

    bool with_bytes; /* big keys: entries say their memory as well, `bytes`, as MEMORY USAGE does */

    const struct scan_analysis_options *analysis; /* of an analysis; null: the defaults */

    /* Asked about every 100 ms on the scan's thread; true ends the scan with ERROR_SCAN_CANCELLED.
     * May be null. */
    bool (*stopped)(void *argument);
    void *stopped_argument;

    /* Called for every batch, and about every 100 ms of a pause, on the scan's thread; of a
     * cluster about every 100 ms, and once more when all of it was read.  Must be quick.  May be
     * null. */
    void (*progress)(void *argument, const struct scan_progress *progress);
    void *progress_argument;

    /* Called when a node is done with, whatever came of it, on the thread that read it: those of a
     * cluster have several.  May be null. */
    void (*visited)(void *argument, const struct scan_visit *visit);
    void *visited_argument;

    /* What the last checkpoint of an earlier run of this scan said, whose work is then not repeated
     * where the servers are still the same processes; what cannot be taken up is begun anew,
     * whatever the text is.  Null: from the beginning. */
    const char *resume;
    size_t resume_length;

    /* Called with where the scan could be taken up, about every SCAN_CHECKPOINT_MS and once more
     * when it is cancelled or fails for a reason that may pass: a JSON object, valid during the
     * call, on the thread that progress is called on; must be quick.  Null where it would be larger
     * than SCAN_CHECKPOINT_MAX bytes, so that the one before stays.  May be null. */
    void (*checkpoint)(void *argument, const char *text, size_t length);
    void *checkpoint_argument;
};

enum { SCAN_NOTE_MAX = 255 };

/* Whether the server frees what expired in a thread of its own (`lazyfree-lazy-expire`). */
enum scan_lazy_free { SCAN_LAZY_FREE_ON, SCAN_LAZY_FREE_UNKNOWN, SCAN_LAZY_FREE_OFF };

/* More about a scan for expired keys; over the nodes of a cluster sums, and the worst. */
struct scan_expiry {
    int64_t usual;   /* what the server's average rate since it started would have been */
    int64_t resets;  /* of the server's counter: what was released is at least what is said */
    int64_t hurries; /* times that keys with a time to live became more, and breaks were left out */
    enum scan_lazy_free lazy_free;
};

struct scan_outcome {
    int64_t num;        /* entries of keys, or expired keys released */
    char *keys;         /* JSON array as it is sent, terminated; null for kinds without */
    size_t keys_length; /* bytes of it */
    char *members; /* of an offline analysis: those of its DCS v2 answer, as they are sent; null */
    size_t members_length;
    int64_t keys_seen;
    int64_t
        expired_released; /* what the server's counter of expired keys rose by during the scan */
    int64_t keys_before;  /* of the databases that are scanned, as INFO counts them */
    int64_t keys_after;
    int64_t duration_ms;
    int64_t commands;   /* sent for the scan, AUTH and the like not counted */
    int64_t bytes_read; /* of a dump; 0 of what asks about keys */
    struct scan_cost cost;
    struct scan_expiry expiry;
    char note[SCAN_NOTE_MAX + 1]; /* what the server did not allow, and what was done instead */
};

/* Runs a scan to its end.  Fails with ERROR_SCAN_CANCELLED, ERROR_SCAN_DEADLINE,
 * ERROR_REDIS_CONNECTION, _REFUSED, _UNREADY, _PROTOCOL, _TIMEOUT, or the kind's `unsupported`
 * where it cannot run on that server.  Only on success is there something to release. */
int scan_run(const struct scan_request *request, struct scan_outcome *ret_outcome,
             struct error *err);

void scan_outcome_release(struct scan_outcome *outcome);

#endif
