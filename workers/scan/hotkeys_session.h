/* A session of HOTKEYS (Redis 8.6 and later), in which the server measures which keys cost it CPU
 * time.  There is one at a time on a server.
 *
 * Source: redis.io/commands/hotkeys-start, -get, -stop, -reset, and the answers of Redis 8.6: COUNT
 * is 64 at most; START fails while a session runs and otherwise takes the place of the results of
 * the last one; GET is nil where there are none, and in RESP2 the pairs of field and value stand in
 * an array of their own within an array, or by the documentation without it: both are read. */
#ifndef SCAN_HOTKEYS_SESSION_H
#define SCAN_HOTKEYS_SESSION_H

#include "method.h"

enum {
    HOTKEYS_SESSION_SECONDS = 10, /* a session of ours, and what one must have run to be read */
    HOTKEYS_COUNT_MAX = 64
};

/* Measures for HOTKEYS_SESSION_SECONDS, or half of the time that is left where that is less (but a
 * second at least), and begins the batch, in database 0, with the keys and their CPU time in
 * microseconds as score.
 *
 * A session of ours stops by itself, also where this program dies; then it is reset.  One of
 * somebody else is read once it has run as long as ours would, and is neither stopped nor reset; it
 * must measure CPU time, or this fails with ERROR_REDIS_REFUSED. */
int hotkeys_session_run(struct scan_source *source, struct scan_batch *batch, struct error *err);

#endif
