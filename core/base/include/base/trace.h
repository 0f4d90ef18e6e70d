/* Where a piece of work belongs in a distributed trace: W3C Trace Context, the header `traceparent`
 * (https://www.w3.org/TR/trace-context/, version 00).  A plain value; any thread. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>

#include "base/text.h"

enum { TRACE_ID_LENGTH = 32, TRACE_SPAN_LENGTH = 16, TRACE_PARENT_LENGTH = 55 };

/* Lower-case hex digits, terminated; all zero bytes: no trace. */
struct trace {
    char id[TRACE_ID_LENGTH + 1];
    char span[TRACE_SPAN_LENGTH + 1];
    bool sampled;
};

/* Takes what a traceparent says.  Of a later version what version 00 has counts.  Anything that the
 * specification calls invalid leaves no trace: -1. */
int trace_parse(struct text parent, struct trace *ret_trace);

/* A span of the same trace: the trace goes on as its child. */
void trace_descend(struct trace *trace);

/* The header's value for whoever is asked on behalf of the trace's span, which there must be. */
void trace_format(const struct trace *trace, char ret_parent[TRACE_PARENT_LENGTH + 1]);

#endif
