/* How fast a scan of one node may go: a closed loop over what was measured, and nothing but that.
 *
 * It reads no clock and touches no connection: every function is told the time (us, of a clock that
 * never jumps).  Three loops: the batch follows the time that a unit (one SCAN, or the questions of
 * one stage) holds the server; the duty, the share of the time in which something is in flight,
 * follows the latency of a probe; and a pause ends all traffic.  One thread. */
#ifndef SCAN_PACER_H
#define SCAN_PACER_H

#include <stdbool.h>

#include "scan/profile.h"

enum {
    PACER_BATCH_LEAST = 10,
    PACER_DUTY_FULL = 1024,
    PACER_DUTY_LEAST = 16,
    PACER_WINDOW_MOST = 3,     /* batches */
    PACER_SAMPLES = 5,         /* latencies that are looked at together */
    PACER_WAITING = 5,         /* ceilings that one probe waits before that alone is a reason */
    PACER_UNITS = 16,          /* after which the batch is adjusted */
    PACER_UNIT_SHORT_US = 100, /* target of the time that a unit holds the server */
    PACER_UNIT_LONG_US = 300,
    PACER_STALLS = 3,               /* within PACER_STEP_US, which are the server's */
    PACER_STEP_US = 1000000,        /* least time between two changes of the duty */
    PACER_PAUSE_LEAST_US = 1000000, /* doubled where the last one was of no use, */
    PACER_PAUSE_MOST_US = 8000000,  /* up to this, */
    PACER_CALM_US = 10000000,       /* until nothing happened for that long */
    PACER_HALVINGS_TO_PAUSE = 3,    /* in a row */
    PACER_SILENCE_US = 1000000,     /* of the probe, which ends a pause */
    PACER_PAUSE_POLL_US = 20000,
    /* Round trips that count as far, from which the batch and the window are larger, and as close,
     * below which many questions about a smaller batch keep the server busy meanwhile. */
    PACER_FAR_US = 200,
    PACER_CLOSE_US = 100
};

/* What is known before the first key. */
struct pacer_limits {
    enum scan_profile profile;
    int batch_most;      /* keys: the caller's bound, which no profile exceeds */
    int64_t rtt_us;      /* least round trip */
    int64_t baseline_us; /* usual latency of a probe */
    int guard_factor;    /* above this many baselines, */
    int64_t guard_us;    /* and above the baseline by this: the duty is halved */
    int64_t ceiling_us;  /* from here: a pause */
    bool careful;        /* a single key may take as long as the ceiling */
    bool asks_much;      /* several questions about each key follow a SCAN together */
};

struct pacer {
    struct pacer_limits limits;
    int batch_most, window_most;
    int batch_usual; /* that it begins with, and grows to quickly where it is careful */
    int batch;
    int duty; /* of PACER_DUTY_FULL */
    int duty_most;
    int64_t next_us;                    /* when the next burst may begin */
    int units, units_short, units_long; /* since the batch was adjusted */
    int64_t latencies[PACER_SAMPLES];
    int latency_next;             /* place of the next one */
    int64_t latency_us;           /* the last one, or how long one has been waited for */
    int64_t heard_us;             /* when it came */
    int64_t changed_us;           /* the duty, last */
    int halvings;                 /* in a row */
    int64_t stalls[PACER_STALLS]; /* when units took as long as the ceiling; 0: never */
    int stall_next;
    int64_t held_us; /* by this burst's units */
    bool paused;
    enum scan_pause_reason reason;
    int64_t paused_us;      /* since when */
    int64_t pause_least_us; /* how long at least */
    int64_t resumed_us;     /* when the last one ended; 0: there was none */
    struct scan_cost cost;  /* without a pause that lasts */
};

void pacer_init(struct pacer *pacer, const struct pacer_limits *limits, int64_t now);

/* Begins with one key at a time and goes back to that after every stall, with every profile; to be
 * called before the first SCAN. */
void pacer_be_careful(struct pacer *pacer);

/* Without breaks for as long as it is so, in bursts that are no longer than before: a step of the
 * profile.  What the guard finds counts all the same. */
void pacer_hurry(struct pacer *pacer, bool hurry);

/* COUNT of the next SCAN. */
int pacer_batch(const struct pacer *pacer);
/* The least that it will ever be. */
int pacer_batch_least(const struct pacer_limits *limits);
/* Batches that may be in flight together. */
int pacer_window(const struct pacer *pacer);

/* Time until the next burst may begin; 0 is now.  Asked when nothing is in flight. */
int64_t pacer_wait_us(struct pacer *pacer, int64_t now);

/* A unit was answered, that long after it was sent. */
void pacer_take_unit(struct pacer *pacer, int64_t now, int64_t elapsed);
/* Nothing is in flight any more, for the first time since the burst began. */
void pacer_take_burst(struct pacer *pacer, int64_t began, int64_t now);
/* A probe was answered after that time. */
void pacer_take_latency(struct pacer *pacer, int64_t now, int64_t latency);
/* A probe waits for its answer, and has for that time. */
void pacer_take_waiting(struct pacer *pacer, int64_t now, int64_t waiting);

/* What it has cost up to now. */
struct scan_cost pacer_cost(const struct pacer *pacer, int64_t now);

#endif
