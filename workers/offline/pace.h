/* How much of its speed a transfer may have: a loop over the latency of a probe, and nothing else.
 *
 * A server that sends its data is busy with that on the thread that serves everybody, and on its
 * network and disk; what is not read is not sent, so that reading slower helps it.  It does not
 * help against the fork, which lives the longer for it where the RDB is streamed without a file:
 * so pauses are short, none follows the other at once, and some speed is always left.
 *
 * It reads no clock: every function is told the time (us, of a clock that never jumps).  One
 * thread. */
#ifndef OFFLINE_PACE_H
#define OFFLINE_PACE_H

#include <stdbool.h>

#include "scan/profile.h"

enum {
    PACE_FULL = 1024,
    PACE_LEAST = PACE_FULL / 16,
    PACE_SAMPLES = 5,        /* latencies that are looked at together */
    PACE_WAITING = 5,        /* ceilings that one probe waits before that alone is a reason */
    PACE_STEP_US = 1000000,  /* least time between two changes */
    PACE_PAUSE_US = 2000000, /* of a pause */
    PACE_REST_US = 5000000   /* without one after it, though the latency stays high */
};

struct pace_limits {
    bool guarded;        /* false: it only measures */
    int64_t baseline_us; /* usual latency of a probe */
    int64_t guard_us;    /* above it the speed is halved */
    int64_t ceiling_us;  /* from here: a pause */
};

struct pace {
    struct pace_limits limits;
    int share; /* of PACE_FULL */
    int64_t latencies[PACE_SAMPLES];
    int latency_next;
    int64_t latency_us; /* the last one */
    int64_t changed_us; /* the share, last */
    bool paused;
    int64_t paused_us;     /* since when */
    int64_t resumed_us;    /* when the last pause ended; 0: there was none */
    struct scan_cost cost; /* without a pause that lasts */
};

void pace_init(struct pace *pace, const struct pace_limits *limits, int64_t now);

/* A probe was answered after that time. */
void pace_take_latency(struct pace *pace, int64_t now, int64_t latency);
/* A probe waits for its answer, and has for that time. */
void pace_take_waiting(struct pace *pace, int64_t now, int64_t waiting);

/* Whether nothing is to be read for now. */
bool pace_is_paused(struct pace *pace, int64_t now);

/* What it has cost up to now. */
struct scan_cost pace_cost(const struct pace *pace, int64_t now);

#endif
