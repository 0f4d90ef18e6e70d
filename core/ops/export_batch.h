/* A request to a collector of traces: ExportTraceServiceRequest of OTLP, as JSON. */
#ifndef OPS_EXPORT_BATCH_H
#define OPS_EXPORT_BATCH_H

#include "ops/span.h"
#include "trace_settings.h"

/* Zeroed before its first use. */
struct export_batch {
    struct json_writer json;
    int count;
    int64_t begun_ms; /* monotonic */
};

/* Without spans; what was there is released. */
void export_batch_begin(struct export_batch *batch, const struct trace_settings *settings);
/* offset_us is what the wall clock is ahead of the monotonic one. */
void export_batch_add(struct export_batch *batch, const struct span *span, int64_t offset_us);
/* It is whole then. */
void export_batch_end(struct export_batch *batch);
void export_batch_release(struct export_batch *batch);

#endif
