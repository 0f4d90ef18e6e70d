/* What a run has to obey and to tell while it waits and reads, whichever its source. */
#ifndef OFFLINE_ERRAND_H
#define OFFLINE_ERRAND_H

#include "offline/offline.h"

struct errand {
    const struct offline_request *request;
    int64_t started_ms, asked_ms; /* monotonic */
    struct scan_progress progress;
};

void errand_init(struct errand *errand, const struct offline_request *request);

/* Fails with ERROR_SCAN_CANCELLED or _DEADLINE; tells the progress otherwise. */
int errand_ask(struct errand *errand, struct error *err);

/* The same, where it was not asked for REDIS_INTERRUPT_INTERVAL_MS. */
int errand_check(struct errand *errand, struct error *err);

/* Waits that long, and asks meanwhile. */
int errand_nap(struct errand *errand, int64_t us, struct error *err);

int64_t errand_elapsed_ms(const struct errand *errand);

#endif
