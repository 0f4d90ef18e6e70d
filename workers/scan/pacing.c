/* What the pacer is told: latencies, and the time. */
#include "pacing.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "method.h"
#include "scan/metrics.h"
#include "scan/scan.h"

enum { ASK_US = 100000, US_OF_MS = 1000 };
enum { GUARD_FACTOR = 2, GUARD_MS = 1, CEILING_MS = 20 }; /* where the request leaves them open */

static int or_default(int value, int standard)
{
    return value > 0 ? value : standard;
}

int pacing_init(struct pacing *pacing, const struct scan_request *request,
                struct redis_connection *connection, struct redis_interrupt interrupt,
                struct error *err)
{
    int64_t least, usual;
    *pacing = (struct pacing){.interrupt = interrupt, .asked_us = clock_monotonic_us()};
    if (guard_measure(connection, &least, &usual, err) < 0)
        return -1;
    struct pacer_limits limits = {
        .profile = request->profile,
        .batch_most = request->batch_keys,
        .rtt_us = least,
        .baseline_us = usual,
        .guard_factor = or_default(request->guard_factor, GUARD_FACTOR),
        .guard_us = (int64_t)or_default(request->guard_ms, GUARD_MS) * US_OF_MS,
        .ceiling_us = (int64_t)or_default(request->ceiling_ms, CEILING_MS) * US_OF_MS,
        .asks_much = scan_methods_of(request->kind->id)[0]->questions_each > 1,
    };
    pacer_init(&pacing->pacer, &limits, clock_monotonic_us());
    pacing->guard = guard_new(&request->target);
    return 0;
}

void pacing_release(struct pacing *pacing)
{
    scan_metrics_note_cost(&pacing->said, &pacing->pacer.cost);
    guard_free(pacing->guard);
    pacing->guard = NULL;
}

void pacing_listen(struct pacing *pacing)
{
    const int64_t baseline = pacing->pacer.limits.baseline_us;
    int64_t latency;
    if (!pacing->guard)
        return;
    int64_t now = clock_monotonic_us();
    while (guard_take(pacing->guard, &latency)) {
        pacer_take_latency(&pacing->pacer, now, latency);
        metric_observe(&scan_metric_added_latency, 0, latency > baseline ? latency - baseline : 0);
    }
    pacer_take_waiting(&pacing->pacer, now, guard_waiting_us(pacing->guard, now));
    scan_metrics_note_cost(&pacing->said, &pacing->pacer.cost);
}

static void nap(int64_t us)
{
    struct timespec rest = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
    while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
        ;
}

static int ask(struct pacing *pacing, int64_t now, struct error *err)
{
    if (now - pacing->asked_us < ASK_US)
        return 0;
    pacing->asked_us = now;
    return pacing->interrupt.ask(pacing->interrupt.argument, err);
}

int pacing_wait(struct pacing *pacing, struct error *err)
{
    for (;;) {
        int64_t now = clock_monotonic_us();
        pacing_listen(pacing);
        int64_t wait = pacer_wait_us(&pacing->pacer, now);
        if (wait == 0)
            return 0;
        if (ask(pacing, now, err) < 0)
            return -1;
        nap(wait < PACER_PAUSE_POLL_US ? wait : PACER_PAUSE_POLL_US);
    }
}
