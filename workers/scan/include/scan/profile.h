/* How much of a server a scan may take, and what it took. */
#ifndef SCAN_PROFILE_H
#define SCAN_PROFILE_H

#include <stdint.h>

#include "base/json_writer.h"

/* The zero is the kindest. */
enum scan_profile {
    SCAN_GENTLE,   /* short bursts, a quarter of the time */
    SCAN_BALANCED, /* short bursts without a break */
    SCAN_FAST,     /* as fast as the server can; neither halved nor paused */
    SCAN_PROFILE_COUNT
};

/* `gentle`, `balanced` or `fast`; returns -1 where the name is none. */
int scan_profile_parse(const char *name, enum scan_profile *ret_profile);

enum scan_pause_reason {
    SCAN_PAUSE_GUARD,   /* the latency stayed above the guard although the duty was halved */
    SCAN_PAUSE_CEILING, /* the latency reached the ceiling */
    SCAN_PAUSE_REASON_COUNT
};

/* What a tenant felt of it.  Over the nodes of a cluster: counts and times are sums, latencies the
 * worst node's. */
struct scan_cost {
    int64_t pauses[SCAN_PAUSE_REASON_COUNT];
    int64_t paused_ms;
    int64_t halvings;    /* of the duty */
    int64_t baseline_us; /* a PING's time before the scan */
    int64_t worst_us;    /* and during it; 0 where the scan was too short to measure it */
    int64_t touched;     /* questions that the server counts as uses of keys */
};

/* `guard` or `ceiling`. */
const char *scan_pause_reason_name(enum scan_pause_reason reason);

void scan_cost_add(struct scan_cost *sum, const struct scan_cost *cost);

/* The members of an object that the caller has begun: pauses (an object by reason), paused_ms,
 * halvings, baseline_us, worst_us, touched. */
void scan_cost_write(struct json_writer *json, const struct scan_cost *cost);

#endif
