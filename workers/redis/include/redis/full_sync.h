/* A server's data as it hands them to a replica: one RDB over a connection that was asked for a
 * full synchronisation.
 *
 * The server is told no port, so that it announces no replica that somebody could dial, and, where
 * it knows that (Redis 7.0, Valkey), that nothing but the RDB is wanted.  What follows the RDB is
 * not waited for.  Source: redis.io/docs/latest/operate/oss_and_stack/management/replication,
 * and what servers from 2.8 on send.
 *
 * One thread at a time, as the connection. */
#ifndef REDIS_FULL_SYNC_H
#define REDIS_FULL_SYNC_H

#include <sys/types.h>

#include "redis/connection.h"
#include "redis/nodes.h"

enum {
    /* While a server prepares its RDB it may be silent for that many reply timeouts: it forks, and
     * waits for other replicas (repl-diskless-sync-delay) or for its disk.  Newlines, which servers
     * send meanwhile (repl-ping-replica-period), begin the time anew.  As soon as the RDB has
     * begun, one reply timeout is the longest silence. */
    REDIS_SYNC_PATIENCE = 10,
    REDIS_SYNC_NEWLINES_MAX = 1 << 16, /* of a wait; more are no sign of life */
    REDIS_SYNC_LINE_MAX = 1 << 10,
    REDIS_SYNC_COMMANDS = 3 /* that are sent, at most and usually */
};

struct redis_full_sync;

/* Asks for it and waits until the RDB begins, however long the server prepares it: as long as the
 * interrupt allows.  The connection must have nothing in flight, is of no other use from then on
 * whatever this returns, and must outlive the result.
 *
 * Fails with ERROR_REDIS_UNREADY where the server says that it may do so later (-NOMASTERLINK,
 * -LOADING, -MASTERDOWN, a fork that failed), _REFUSED, _PROTOCOL, _CONNECTION, _TIMEOUT, or the
 * interrupt's error. */
int redis_full_sync_begin(struct redis_connection *connection, struct redis_full_sync **ret_sync,
                          struct error *err);
void redis_full_sync_free(struct redis_full_sync *sync);

/* Keeps about that many bytes on their way, so that a reader that is slow is felt at the server
 * rather than in buffers between; may be called at any time. */
void redis_full_sync_keep_near(struct redis_full_sync *sync, int64_t bytes);

/* The next 1 to `most` bytes of the RDB; 0: the server says that it ends here.  Fails with
 * ERROR_REDIS_CONNECTION, _TIMEOUT or the interrupt's error. */
ssize_t redis_full_sync_read(struct redis_full_sync *sync, void *ret_bytes, size_t most,
                             struct error *err);

/* To be called when the RDB itself has ended after that many bytes: the server must say so as well.
 * Fails with ERROR_REDIS_PROTOCOL where it does not. */
int redis_full_sync_end(struct redis_full_sync *sync, int64_t used, struct error *err);

/* Bytes that were given out. */
int64_t redis_full_sync_given(const struct redis_full_sync *sync);
/* Where in its stream of writes the server says that the RDB stands; -1: not told. */
int64_t redis_full_sync_offset(const struct redis_full_sync *sync);

static inline void redis_full_sync_cleanup(struct redis_full_sync **sync)
{
    redis_full_sync_free(*sync);
}

#endif
