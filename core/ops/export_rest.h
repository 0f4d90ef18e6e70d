/* How long a collector is left alone: not at all while it takes what it gets; after a failure for a
 * time that doubles with each, or for as long as it asks.  It reads no clock: one thread. */
#ifndef OPS_EXPORT_REST_H
#define OPS_EXPORT_REST_H

#include <stdbool.h>
#include <stdint.h>

struct export_rest {
    int failures;     /* in a row */
    int64_t until_ms; /* monotonic */
    bool is_asked_for;
};

void export_rest_clear(struct export_rest *rest);

enum { EXPORT_REST_MOST_MS = 30000 };

/* First for least_ms, then longer up to EXPORT_REST_MOST_MS or least_ms, if that is more: each a
 * quarter more or less by chance, which is any number, as rests of many programs should not end
 * together.  asked_ms is what the collector asks for instead, or 0. */
void export_rest_begin(struct export_rest *rest, int64_t now_ms, int64_t least_ms, int64_t asked_ms,
                       int64_t chance);

#endif
