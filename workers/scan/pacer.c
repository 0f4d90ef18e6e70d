/* What hurts a tenant is the length of one uninterrupted burst, not the share of the time: so the
 * batch is kept small before the duty is.
 *
 * Probes are few and a machine has hiccups of its own: for the guard the median of the last few
 * latencies counts, for the ceiling the second largest.  A latency that stays high although the
 * duty was halved again and again is a server in trouble, whoever's fault it is: it is left alone
 * for a while, though not for ever, as the scan may have nothing to do with it. */
#include "pacer.h"

#include <string.h>

enum { UNITS_LONG_MOST = PACER_UNITS * 3 / 4, UNITS_SHORT_LEAST = PACER_UNITS / 2 };
enum { BATCH_STEP = 8, DUTY_STEPS = 8, CREDIT_US = 1000, HELD_LEAST = 4 };
enum { BATCH_FAR = 1000, BATCH_CLOSE = 200 };

struct profile {
    int batch, batch_most, duty, window;
    bool guarded; /* and the batch is adjusted */
};

static const struct profile profiles[SCAN_PROFILE_COUNT] = {
    [SCAN_GENTLE] = {100, 100, PACER_DUTY_FULL / 4, 1, true},
    [SCAN_BALANCED] = {50, 50, PACER_DUTY_FULL, 2, true},
    [SCAN_FAST] = {500, 500, PACER_DUTY_FULL, 3, false},
};

static int lesser(int a, int b)
{
    return a < b ? a : b;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

int pacer_batch_least(const struct pacer_limits *limits)
{
    return limits->careful ? 1 : lesser(PACER_BATCH_LEAST, limits->batch_most);
}

/* What is not paced is sized for the server's processor.  Where each key is asked about again and
 * again a small batch is better, as its keys stay in the caches until the last question; where it
 * is not, fewer SCANs are.  Over a network the questions must last longer than a round trip. */
static struct profile profile_of(const struct pacer_limits *limits)
{
    struct profile profile = profiles[limits->profile];
    if (limits->profile != SCAN_FAST)
        return profile;
    if (limits->rtt_us >= PACER_FAR_US) {
        profile.batch = profile.batch_most = BATCH_FAR;
        profile.window = PACER_WINDOW_MOST;
    } else if (limits->asks_much && limits->rtt_us < PACER_CLOSE_US) {
        profile.batch = profile.batch_most = BATCH_CLOSE;
    }
    return profile;
}

void pacer_init(struct pacer *pacer, const struct pacer_limits *limits, int64_t now)
{
    const struct profile profile = profile_of(limits);
    *pacer = (struct pacer){.limits = *limits,
                            .batch = lesser(profile.batch, limits->batch_most),
                            .batch_usual = lesser(profile.batch, limits->batch_most),
                            .batch_most = lesser(profile.batch_most, limits->batch_most),
                            .window_most = profile.window,
                            .duty = profile.duty,
                            .duty_most = profile.duty,
                            .next_us = now,
                            .heard_us = now,
                            .changed_us = now - PACER_STEP_US,
                            .cost.baseline_us = limits->baseline_us};
}

void pacer_be_careful(struct pacer *pacer)
{
    pacer->limits.careful = true;
    pacer->batch = 1;
}

void pacer_hurry(struct pacer *pacer, bool hurry)
{
    int most = hurry ? PACER_DUTY_FULL : profiles[pacer->limits.profile].duty;
    if (most == pacer->duty_most)
        return;
    /* What was halved recovers step by step. */
    if (pacer->duty == pacer->duty_most || pacer->duty > most)
        pacer->duty = most;
    pacer->duty_most = most;
}

int pacer_batch(const struct pacer *pacer)
{
    return pacer->batch;
}

/* Breaks need that all of a burst comes to its end. */
int pacer_window(const struct pacer *pacer)
{
    return pacer->paused || pacer->duty < PACER_DUTY_FULL ? 1 : pacer->window_most;
}

static bool is_guarded(const struct pacer *pacer)
{
    return profiles[pacer->limits.profile].guarded;
}

static int64_t guard_us(const struct pacer_limits *limits)
{
    int64_t by_factor = limits->baseline_us * limits->guard_factor;
    int64_t by_time = limits->baseline_us + limits->guard_us;
    return by_factor > by_time ? by_factor : by_time;
}

static void halve(struct pacer *pacer, int64_t now)
{
    pacer->duty = larger(pacer->duty / 2, PACER_DUTY_LEAST);
    pacer->changed_us = now;
    pacer->halvings++;
    pacer->cost.halvings++;
}

static void begin_pause(struct pacer *pacer, int64_t now, enum scan_pause_reason reason)
{
    bool again = pacer->resumed_us && now - pacer->resumed_us < PACER_CALM_US;
    int64_t longer = 2 * pacer->pause_least_us;
    pacer->pause_least_us = !again                         ? PACER_PAUSE_LEAST_US
                            : longer < PACER_PAUSE_MOST_US ? longer
                                                           : PACER_PAUSE_MOST_US;
    pacer->paused = true;
    pacer->reason = reason;
    pacer->paused_us = now;
    pacer->cost.pauses[reason]++;
}

static void pause_at_ceiling(struct pacer *pacer, int64_t now)
{
    if (pacer->paused)
        return;
    halve(pacer, now);
    begin_pause(pacer, now, SCAN_PAUSE_CEILING);
}

static void resume(struct pacer *pacer, int64_t now)
{
    pacer->paused = false;
    pacer->halvings = 0;
    memset(pacer->stalls, 0, sizeof(pacer->stalls));
    pacer->resumed_us = now;
    pacer->changed_us = now;
    pacer->next_us = now;
    pacer->cost.paused_ms += (now - pacer->paused_us) / 1000;
}

/* Without probes, and without an end to what they tell. */
static bool pause_is_over(const struct pacer *pacer, int64_t now)
{
    int64_t since = now - pacer->paused_us;
    if (since < pacer->pause_least_us)
        return false;
    return now - pacer->heard_us >= PACER_SILENCE_US ||
           (pacer->reason == SCAN_PAUSE_GUARD && since >= PACER_PAUSE_MOST_US);
}

int64_t pacer_wait_us(struct pacer *pacer, int64_t now)
{
    if (pacer->paused && pause_is_over(pacer, now))
        resume(pacer, now);
    if (pacer->paused)
        return PACER_PAUSE_POLL_US;
    return pacer->next_us > now ? pacer->next_us - now : 0;
}

/* What delays us on the way adds to a unit's time and takes nothing away: the quicker half is what
 * the server needs. */
static void adjust_batch(struct pacer *pacer)
{
    int least = pacer_batch_least(&pacer->limits);
    if (pacer->units_long > UNITS_LONG_MOST)
        pacer->batch = larger(pacer->batch - pacer->batch / 4, least);
    else if (pacer->units_short >= UNITS_SHORT_LEAST)
        pacer->batch = lesser(pacer->batch + BATCH_STEP, pacer->batch_most);
    pacer->units = pacer->units_short = pacer->units_long = 0;
}

/* A long unit now and then is a hiccup of ours, several within a second are the server's. */
static void take_stall(struct pacer *pacer, int64_t now)
{
    pacer->batch = larger(pacer->batch / 2, pacer_batch_least(&pacer->limits));
    pacer->stalls[pacer->stall_next] = now;
    pacer->stall_next = (pacer->stall_next + 1) % PACER_STALLS;
    int64_t first = pacer->stalls[pacer->stall_next];
    if (first && now - first <= PACER_STEP_US)
        pause_at_ceiling(pacer, now);
}

/* Doubles after some units without a stall. */
static void grow_carefully(struct pacer *pacer, bool stalled)
{
    if (stalled) {
        pacer->batch = 1;
    } else if (++pacer->units < PACER_UNITS) {
        return;
    } else {
        pacer->batch = lesser(pacer->batch * 2, pacer->batch_usual);
    }
    pacer->units = pacer->units_short = pacer->units_long = 0;
}

void pacer_take_unit(struct pacer *pacer, int64_t now, int64_t elapsed)
{
    int64_t held = elapsed - pacer->limits.rtt_us;
    bool stalled = held >= pacer->limits.ceiling_us;
    pacer->held_us += held > elapsed / HELD_LEAST ? held : elapsed / HELD_LEAST;
    if (is_guarded(pacer) && stalled)
        take_stall(pacer, now);
    if (pacer->limits.careful && (stalled || pacer->batch < pacer->batch_usual)) {
        grow_carefully(pacer, stalled);
        return;
    }
    if (!is_guarded(pacer))
        return;
    pacer->units_long += held > PACER_UNIT_LONG_US;
    pacer->units_short += held < PACER_UNIT_SHORT_US;
    if (++pacer->units == PACER_UNITS)
        adjust_batch(pacer);
}

/* The network's time is not the server's.  Sleeping too long is made up for, but only shortly. */
void pacer_take_burst(struct pacer *pacer, int64_t began, int64_t now)
{
    int64_t busy = pacer->held_us < now - began ? pacer->held_us : now - began;
    int64_t due = pacer->next_us > began - CREDIT_US ? pacer->next_us : began - CREDIT_US;
    pacer->next_us = due + busy * PACER_DUTY_FULL / pacer->duty;
    pacer->held_us = 0;
}

/* The n-th largest of the last few. */
static int64_t felt_us(const struct pacer *pacer, int n)
{
    int64_t sorted[PACER_SAMPLES];
    for (int i = 0; i < PACER_SAMPLES; i++) {
        int place = i;
        for (; place > 0 && sorted[place - 1] < pacer->latencies[i]; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = pacer->latencies[i];
    }
    return sorted[n - 1];
}

static void note_worst(struct pacer *pacer, int64_t now, int64_t latency)
{
    pacer->heard_us = now;
    pacer->latency_us = latency;
    if (latency > pacer->cost.worst_us)
        pacer->cost.worst_us = latency;
}

static void be_slower(struct pacer *pacer, int64_t now)
{
    if (pacer->paused || now - pacer->changed_us < PACER_STEP_US)
        return;
    halve(pacer, now);
    if (pacer->halvings >= PACER_HALVINGS_TO_PAUSE)
        begin_pause(pacer, now, SCAN_PAUSE_GUARD);
}

static void recover(struct pacer *pacer, int64_t now)
{
    if (pacer->paused) {
        if (now - pacer->paused_us >= pacer->pause_least_us)
            resume(pacer, now);
        return;
    }
    if (now - pacer->changed_us < PACER_STEP_US)
        return;
    pacer->halvings = 0;
    if (pacer->duty == pacer->duty_most)
        return;
    pacer->changed_us = now;
    pacer->duty = lesser(pacer->duty + pacer->duty_most / DUTY_STEPS, pacer->duty_most);
}

void pacer_take_latency(struct pacer *pacer, int64_t now, int64_t latency)
{
    note_worst(pacer, now, latency);
    pacer->latencies[pacer->latency_next] = latency;
    pacer->latency_next = (pacer->latency_next + 1) % PACER_SAMPLES;
    if (!is_guarded(pacer))
        return;
    if (felt_us(pacer, 2) >= pacer->limits.ceiling_us)
        pause_at_ceiling(pacer, now);
    else if (felt_us(pacer, PACER_SAMPLES / 2 + 1) > guard_us(&pacer->limits))
        be_slower(pacer, now);
    else
        recover(pacer, now);
}

void pacer_take_waiting(struct pacer *pacer, int64_t now, int64_t waiting)
{
    if (waiting < PACER_WAITING * pacer->limits.ceiling_us)
        return;
    note_worst(pacer, now, waiting);
    if (is_guarded(pacer))
        pause_at_ceiling(pacer, now);
}

struct scan_cost pacer_cost(const struct pacer *pacer, int64_t now)
{
    struct scan_cost cost = pacer->cost;
    if (pacer->paused)
        cost.paused_ms += (now - pacer->paused_us) / 1000;
    return cost;
}
