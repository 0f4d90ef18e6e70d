/* Probes are few and a machine has hiccups of its own: for the guard the median of the last few
 * latencies counts, for the ceiling the second largest. */
#include "pace.h"

enum { SHARE_STEPS = 8, US_OF_MS = 1000 };

void pace_init(struct pace *pace, const struct pace_limits *limits, int64_t now)
{
    *pace = (struct pace){.limits = *limits,
                          .share = PACE_FULL,
                          .changed_us = now - PACE_STEP_US,
                          .cost.baseline_us = limits->baseline_us};
}

/* The n-th largest of the last few. */
static int64_t felt_us(const struct pace *pace, int n)
{
    int64_t sorted[PACE_SAMPLES];
    for (int i = 0; i < PACE_SAMPLES; i++) {
        int place = i;
        for (; place > 0 && sorted[place - 1] < pace->latencies[i]; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = pace->latencies[i];
    }
    return sorted[n - 1];
}

static void halve(struct pace *pace, int64_t now)
{
    pace->changed_us = now;
    if (pace->share == PACE_LEAST)
        return;
    pace->share /= 2;
    pace->cost.halvings++;
}

static void pause_at_ceiling(struct pace *pace, int64_t now)
{
    if (pace->paused || (pace->resumed_us && now - pace->resumed_us < PACE_REST_US))
        return;
    halve(pace, now);
    pace->paused = true;
    pace->paused_us = now;
    pace->cost.pauses[SCAN_PAUSE_CEILING]++;
}

static void recover(struct pace *pace, int64_t now)
{
    if (pace->share == PACE_FULL)
        return;
    pace->changed_us = now;
    pace->share += PACE_FULL / SHARE_STEPS;
    if (pace->share > PACE_FULL)
        pace->share = PACE_FULL;
}

static void note(struct pace *pace, int64_t latency)
{
    pace->latency_us = latency;
    if (latency > pace->cost.worst_us)
        pace->cost.worst_us = latency;
}

void pace_take_latency(struct pace *pace, int64_t now, int64_t latency)
{
    note(pace, latency);
    pace->latencies[pace->latency_next] = latency;
    pace->latency_next = (pace->latency_next + 1) % PACE_SAMPLES;
    if (!pace->limits.guarded)
        return;
    if (felt_us(pace, 2) >= pace->limits.ceiling_us)
        pause_at_ceiling(pace, now);
    if (pace->paused || now - pace->changed_us < PACE_STEP_US)
        return;
    if (felt_us(pace, PACE_SAMPLES / 2 + 1) > pace->limits.guard_us)
        halve(pace, now);
    else
        recover(pace, now);
}

void pace_take_waiting(struct pace *pace, int64_t now, int64_t waiting)
{
    if (waiting < PACE_WAITING * pace->limits.ceiling_us)
        return;
    note(pace, waiting);
    if (pace->limits.guarded)
        pause_at_ceiling(pace, now);
}

bool pace_is_paused(struct pace *pace, int64_t now)
{
    if (pace->paused && now - pace->paused_us >= PACE_PAUSE_US) {
        pace->paused = false;
        pace->resumed_us = now;
        pace->changed_us = now;
        pace->cost.paused_ms += (now - pace->paused_us) / US_OF_MS;
    }
    return pace->paused;
}

struct scan_cost pace_cost(const struct pace *pace, int64_t now)
{
    struct scan_cost cost = pace->cost;
    if (pace->paused)
        cost.paused_ms += (now - pace->paused_us) / US_OF_MS;
    return cost;
}
