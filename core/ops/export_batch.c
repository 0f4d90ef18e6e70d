#include "export_batch.h"

#include "base/clock.h"

static void begin_object(struct json_writer *json, const char *name)
{
    json_writer_name(json, name);
    json_writer_begin_object(json);
}

/* An array of objects, of which there is one. */
static void begin_one_of(struct json_writer *json, const char *name)
{
    json_writer_name(json, name);
    json_writer_begin_array(json);
    json_writer_begin_object(json);
}

static void end_one_of(struct json_writer *json)
{
    json_writer_end_object(json);
    json_writer_end_array(json);
}

static void write_resource(struct json_writer *json, const struct trace_settings *settings)
{
    begin_object(json, "resource");
    json_writer_name(json, "attributes");
    json_writer_begin_array(json);
    for (int i = 0; i < settings->resource_count; i++) {
        struct text value = text_of(settings->resource[i].value);
        span_write_text_attribute(json, settings->resource[i].name, value.bytes, value.length);
    }
    json_writer_end_array(json);
    json_writer_end_object(json);
}

void export_batch_begin(struct export_batch *batch, const struct trace_settings *settings)
{
    struct json_writer *json = &batch->json;
    export_batch_release(batch);
    json_writer_init(json);
    batch->begun_ms = clock_monotonic_ms();
    json_writer_begin_object(json);
    begin_one_of(json, "resourceSpans");
    write_resource(json, settings);
    begin_one_of(json, "scopeSpans");
    begin_object(json, "scope");
    json_writer_member_text(json, "name", "dcs");
    json_writer_member_text(json, "version", DCS_VERSION);
    json_writer_end_object(json);
    json_writer_name(json, "spans");
    json_writer_begin_array(json);
}

void export_batch_add(struct export_batch *batch, const struct span *span, int64_t offset_us)
{
    span_write(&batch->json, span, offset_us);
    batch->count++;
}

void export_batch_end(struct export_batch *batch)
{
    json_writer_end_array(&batch->json);
    end_one_of(&batch->json);
    end_one_of(&batch->json);
    json_writer_end_object(&batch->json);
}

void export_batch_release(struct export_batch *batch)
{
    json_writer_release(&batch->json);
    batch->count = 0;
}
