/* A collector of traces: one POST at a time, by OTLP over HTTP
 * (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP").
 *
 * Of one thread, which waits here and nowhere else; collector_wake and collector_end are for any.
 */
#ifndef OPS_COLLECTOR_H
#define OPS_COLLECTOR_H

#include "base/error.h"
#include "base/text.h"
#include "trace_settings.h"

enum { COLLECTOR_ANSWER_MAX = 64 * 1024, COLLECTOR_RETRY_AFTER_MAX_MS = 300 * 1000 };

enum collector_result {
    COLLECTOR_TAKEN,
    COLLECTOR_LATER,  /* worth another try: it is not there, or says so */
    COLLECTOR_REFUSED /* never again: it does not want that, or is no collector */
};

struct collector_verdict {
    enum collector_result result;
    int64_t retry_after_ms; /* it asks to be left alone for so long; 0: it does not say */
    int64_t rejected;       /* spans that it did not take of those it was sent */
};

/* What an answer means.  retry_after_s is its Retry-After, or 0.  On another result than
 * COLLECTOR_TAKEN err says why. */
struct collector_verdict collector_judge(int status, int64_t retry_after_s, struct text body,
                                         struct error *err);

struct collector;

/* settings outlive it.  Never null. */
struct collector *collector_new(const struct trace_settings *settings);
void collector_free(struct collector *collector);

/* Takes the settings' timeout at most. */
struct collector_verdict collector_post(struct collector *collector, struct text body,
                                        struct error *err);

/* Waits for so long, or until collector_wake. */
void collector_sleep(struct collector *collector, int64_t milliseconds);
void collector_wake(struct collector *collector);

/* From then on, a moment of the monotonic clock, whatever is being sent is given up. */
void collector_end(struct collector *collector, int64_t at_ms);

#endif
