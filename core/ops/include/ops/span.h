/* A span: a piece of work with its beginning, its end and what belongs to it, as OpenTelemetry has
 * it.  A plain value of fixed size, filled in by one thread.
 *
 * Names of attributes, of spans and constant values are text that lives as long as the program;
 * what is copied is cut off at SPAN_VALUE_MAX bytes.  Whoever reads traces need not be allowed to
 * read what tenants store: no name of a key, no secret and no text that came from outside goes into
 * a span, but ids, hosts and ports of servers. */
#ifndef OPS_SPAN_H
#define OPS_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "base/trace.h"

/* opentelemetry/proto/trace/v1/trace.proto, Span.SpanKind. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };

enum { SPAN_ATTRIBUTES_MAX = 16, SPAN_VALUE_MAX = 128, SPAN_TEXT_MAX = 384 };

struct span_attribute {
    const char *name;
    const char *constant; /* or null: */
    int text_at;          /* where its copy begins; negative: the number counts */
    int text_length;
    int64_t number;
};

struct span {
    struct trace trace; /* it is the trace's span, and a child of its parent */
    const char *name;
    enum span_kind kind;
    bool has_failed;
    int64_t started_us, ended_us; /* monotonic */
    int attribute_count, left_out_count;
    int text_length;
    struct span_attribute attributes[SPAN_ATTRIBUTES_MAX];
    char text[SPAN_TEXT_MAX];
};

/* Whoever fills it in sets ended_us. */
void span_init(struct span *span, const struct trace *trace, const char *name, enum span_kind kind,
               int64_t started_us);
/* The same of a new child of the trace's span. */
void span_init_child(struct span *span, const struct trace *trace, const char *name,
                     enum span_kind kind, int64_t started_us);

/* Past SPAN_ATTRIBUTES_MAX and SPAN_TEXT_MAX an attribute is left out and counted; so is, without
 * being counted, one whose text is empty. */
void span_add_constant(struct span *span, const char *name, const char *value);
void span_add_text(struct span *span, const char *name, const char *value);
void span_add_number(struct span *span, const char *name, int64_t value);

/* It failed, of a class of reasons: `error.type`, a constant. */
void span_fail(struct span *span, const char *type);

/* An object as OTLP has it in JSON: opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding":
 * ids in hex, enumerations as numbers, 64-bit numbers as text.  The offset is what the wall clock
 * is ahead of the monotonic one. */
void span_write(struct json_writer *json, const struct span *span, int64_t offset_us);
/* An attribute, `{"key": ..., "value": {"stringValue": ...}}`. */
void span_write_text_attribute(struct json_writer *json, const char *name, const char *value,
                               size_t length);

#endif
