/* Where a piece of work belongs in a distributed trace: W3C Trace Context, the header `traceparent`
 * (https://www.w3.org/TR/trace-context/, version 00).  A plain value; any thread. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { TRACE_ID_LENGTH = 32, TRACE_SPAN_LENGTH = 16, TRACE_PARENT_LENGTH = 55 };

/* Lower-case hex digits, terminated; all zero bytes: no trace. */
struct trace {
    char id[TRACE_ID_LENGTH + 1];
    char span[TRACE_SPAN_LENGTH + 1];
    char parent[TRACE_SPAN_LENGTH + 1]; /* the span that this one is a child of; empty: none */
    bool sampled;
};

/* Takes what a traceparent says.  Of a later version what version 00 has counts.  Anything that the
 * specification calls invalid leaves no trace: -1. */
int trace_parse(struct text parent, struct trace *ret_trace);

/* A span of the same trace: the trace goes on as its child. */
void trace_descend(struct trace *trace);

/* Which share of the traces that begin here is sampled, as a threshold for trace_begin. */
struct trace_ratio {
    uint64_t threshold; /* 2^56 is all of them, 0 none */
};

/* `0`, `1`, or a decimal between them with up to nine digits after the point, such as `0.01`.
 * Returns -1 on any other text. */
int trace_ratio_parse(struct text text, struct trace_ratio *ret_ratio);

/* A trace that begins with this span, which has no parent.  id are 32 lower-case digits that are
 * random: they decide whether it is sampled, so that who knows the id decides alike, and a larger
 * ratio takes all that a smaller one does (OpenTelemetry, "TraceState: Probability Sampling": the
 * last 56 bits against a threshold).  Of one that is not sampled the span is the id's first half.
 */
void trace_begin(struct trace *trace, const char *id, struct trace_ratio ratio);

/* The header's value for whoever is asked on behalf of the trace's span, which there must be. */
void trace_format(const struct trace *trace, char ret_parent[TRACE_PARENT_LENGTH + 1]);

#endif
