/* Filled in where the work is done, written where there is time for it. */
#include "ops/span.h"

#include <stdio.h>
#include <string.h>

/* opentelemetry/proto/trace/v1/trace.proto: Status.StatusCode, and SpanFlags, whose low bits are
 * those of a traceparent. */
enum { STATUS_ERROR = 2 };
enum { FLAG_SAMPLED = 0x01, FLAG_KNOWS_REMOTE = 0x100, FLAG_IS_REMOTE = 0x200 };

void span_init(struct span *span, const struct trace *trace, const char *name, enum span_kind kind,
               int64_t started_us)
{
    span->trace = *trace;
    span->name = name;
    span->kind = kind;
    span->has_failed = false;
    span->started_us = span->ended_us = started_us;
    span->attribute_count = span->left_out_count = span->text_length = 0;
}

void span_init_child(struct span *span, const struct trace *trace, const char *name,
                     enum span_kind kind, int64_t started_us)
{
    struct trace child = *trace;
    trace_descend(&child);
    span_init(span, &child, name, kind, started_us);
}

static void add(struct span *span, struct span_attribute attribute)
{
    if (span->attribute_count == SPAN_ATTRIBUTES_MAX)
        span->left_out_count++;
    else
        span->attributes[span->attribute_count++] = attribute;
}

void span_add_constant(struct span *span, const char *name, const char *value)
{
    if (value[0])
        add(span, (struct span_attribute){.name = name, .constant = value});
}

void span_add_number(struct span *span, const char *name, int64_t value)
{
    add(span, (struct span_attribute){.name = name, .text_at = -1, .number = value});
}

/* Cut off between two characters. */
static int length_of(const char *value)
{
    size_t length = strnlen(value, SPAN_VALUE_MAX + 1);
    if (length <= SPAN_VALUE_MAX)
        return (int)length;
    length = SPAN_VALUE_MAX;
    while (length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80)
        length--;
    return (int)length;
}

void span_add_text(struct span *span, const char *name, const char *value)
{
    int length = length_of(value);
    if (length == 0)
        return;
    if (length > SPAN_TEXT_MAX - span->text_length) {
        span->left_out_count++;
        return;
    }
    memcpy(span->text + span->text_length, value, (size_t)length);
    add(span,
        (struct span_attribute){.name = name, .text_at = span->text_length, .text_length = length});
    span->text_length += length;
}

void span_fail(struct span *span, const char *type)
{
    span->has_failed = true;
    span_add_constant(span, "error.type", type);
}

static void begin_attribute(struct json_writer *json, const char *name)
{
    json_writer_begin_object(json);
    json_writer_member_text(json, "key", name);
    json_writer_name(json, "value");
    json_writer_begin_object(json);
}

static void end_attribute(struct json_writer *json)
{
    json_writer_end_object(json);
    json_writer_end_object(json);
}

void span_write_text_attribute(struct json_writer *json, const char *name, const char *value,
                               size_t length)
{
    begin_attribute(json, name);
    json_writer_name(json, "stringValue");
    json_writer_text(json, value, length);
    end_attribute(json);
}

static void write_number(struct json_writer *json, const char *name, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%lld", (long long)number);
    json_writer_member_text(json, name, digits);
}

static void write_attribute(struct json_writer *json, const struct span *span,
                            const struct span_attribute *attribute)
{
    if (attribute->constant) {
        span_write_text_attribute(json, attribute->name, attribute->constant,
                                  strlen(attribute->constant));
    } else if (attribute->text_at >= 0) {
        span_write_text_attribute(json, attribute->name, span->text + attribute->text_at,
                                  (size_t)attribute->text_length);
    } else {
        begin_attribute(json, attribute->name);
        write_number(json, "intValue", attribute->number);
        end_attribute(json);
    }
}

static int flags_of(const struct span *span)
{
    bool is_remote =
        span->trace.parent[0] && (span->kind == SPAN_SERVER || span->kind == SPAN_CONSUMER);
    return FLAG_SAMPLED | FLAG_KNOWS_REMOTE | (is_remote ? FLAG_IS_REMOTE : 0);
}

void span_write(struct json_writer *json, const struct span *span, int64_t offset_us)
{
    enum { NS_PER_US = 1000 };
    json_writer_begin_object(json);
    json_writer_member_text(json, "traceId", span->trace.id);
    json_writer_member_text(json, "spanId", span->trace.span);
    if (span->trace.parent[0])
        json_writer_member_text(json, "parentSpanId", span->trace.parent);
    json_writer_member_number(json, "flags", flags_of(span));
    json_writer_member_text(json, "name", span->name);
    json_writer_member_number(json, "kind", span->kind);
    write_number(json, "startTimeUnixNano", (span->started_us + offset_us) * NS_PER_US);
    write_number(json, "endTimeUnixNano", (span->ended_us + offset_us) * NS_PER_US);
    json_writer_name(json, "attributes");
    json_writer_begin_array(json);
    for (int i = 0; i < span->attribute_count; i++)
        write_attribute(json, span, &span->attributes[i]);
    json_writer_end_array(json);
    if (span->left_out_count > 0)
        json_writer_member_number(json, "droppedAttributesCount", span->left_out_count);
    if (span->has_failed) {
        json_writer_name(json, "status");
        json_writer_begin_object(json);
        json_writer_member_number(json, "code", STATUS_ERROR);
        json_writer_end_object(json);
    }
    json_writer_end_object(json);
}
