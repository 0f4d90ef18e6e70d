/* A scan: visits every key of a Redis and says what it found.
 *
 * One driver owns the connection, SCAN, the deadline and cancellation; a kind of scan is a plug-in
 * (see workers/scan/method.h).  Blocking code for a thread of a pool; scans share nothing. */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include "base/error.h"
#include "model/scan_kind.h"
#include "redis/connection.h"

/* Keys of one SCAN: the caller's bounds for batch_keys. */
enum { SCAN_BATCH_KEYS_LEAST = 1, SCAN_BATCH_KEYS_MOST = 20000 };

struct scan_progress {
    int64_t keys_seen;  /* so far; SCAN may show a key twice */
    int64_t keys_total; /* of all databases when the scan began */
};

struct scan_request {
    const struct scan_kind *kind;
    struct redis_target target;
    int batch_keys;     /* COUNT */
    int64_t timeout_ms; /* of the whole scan; then ERROR_SCAN_DEADLINE */

    /* Hot keys come from the server's HOTKEYS command where it has it (Redis 8.6): a measurement of
     * its own, which somebody must have agreed to.  Where it has not, from the LFU counters. */
    bool hotkeys_command;

    /* Asked about every 100 ms on the scan's thread; true ends the scan with ERROR_SCAN_CANCELLED.
     * May be null. */
    bool (*stopped)(void *argument);
    void *stopped_argument;

    /* Called for every batch on the scan's thread; must be quick.  May be null. */
    void (*progress)(void *argument, const struct scan_progress *progress);
    void *progress_argument;
};

struct scan_outcome {
    int64_t num;        /* entries of keys, or expired keys released */
    char *keys;         /* JSON array as it is sent, terminated; null for kinds without */
    size_t keys_length; /* bytes of it */
    int64_t keys_seen;
    int64_t
        expired_released; /* what the server's counter of expired keys rose by during the scan */
    int64_t keys_before;  /* of all databases, as INFO counts them */
    int64_t keys_after;
    int64_t duration_ms;
    int64_t commands; /* sent for the scan, AUTH and the like not counted */
};

/* Runs a scan to its end.  Fails with ERROR_SCAN_CANCELLED, ERROR_SCAN_DEADLINE,
 * ERROR_REDIS_CONNECTION, _REFUSED, _PROTOCOL, _TIMEOUT, or the kind's `unsupported` where it
 * cannot run on that server.  Only on success is there something to release. */
int scan_run(const struct scan_request *request, struct scan_outcome *ret_outcome,
             struct error *err);

void scan_outcome_release(struct scan_outcome *outcome);

#endif
