/* What is counted of the caches of credentials (base/metrics.h). */
#ifndef AUTH_METRICS_H
#define AUTH_METRICS_H

#include "base/metrics.h"

enum auth_lookup { AUTH_LOOKUP_HIT, AUTH_LOOKUP_MISS, AUTH_LOOKUP_COUNT };

extern struct metric auth_metric_access_keys; /* auth_lookup */
extern struct metric auth_metric_tokens;      /* auth_lookup */

extern struct metric *const auth_metrics[];
extern const int auth_metric_count;

/* Counts a look-up; found is what came of it, and is returned. */
static inline const void *auth_note_lookup(struct metric *metric, const void *found)
{
    metric_count(metric, found ? AUTH_LOOKUP_HIT : AUTH_LOOKUP_MISS, 0);
    return found;
}

#endif
