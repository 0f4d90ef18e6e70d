/* Where spans go: to a collector of OpenTelemetry traces, by a thread of its own.
 *
 * Off where the setting trace_endpoint is empty: then the exporter is null, which all of these
 * take. Threads that serve never wait for it: they leave a copy of a span in a ring of
 * EXPORTER_SPANS_MAX, and where that is full the span is dropped and counted.  The thread sends
 * what is there every trace_interval_ms, or once there are EXPORTER_BATCH_MAX, in requests of at
 * most so many.  What the collector does not take for now is sent again, with growing rests, for
 * EXPORTER_PATIENCE_MS; so what is held is bounded, whatever the collector does. */
#ifndef OPS_EXPORTER_H
#define OPS_EXPORTER_H

#include "base/config.h"
#include "base/metrics.h"
#include "ops/span.h"

enum {
    EXPORTER_SPANS_MAX = 2048,
    EXPORTER_BATCH_MAX = 512,
    EXPORTER_PATIENCE_MS = 60000,
    EXPORTER_LAST_WORDS_MS = 2000, /* for what is left at the end */
};

struct exporter;

/* Whether the settings are good; reads the files that they name. */
int exporter_check(const struct config *config, struct error *err);

/* Begins.  program is service.name and instance is service.instance.id, unless the setting
 * trace_resource says otherwise.  Fails with ERROR_CONFIG, or ERROR_SECRET for a file of headers
 * that cannot be used. */
int exporter_open(const struct config *config, const char *program, const char *instance,
                  struct exporter **ret_exporter, struct error *err);
/* Sends what is left, within EXPORTER_LAST_WORDS_MS; after the last span was put. */
void exporter_close(struct exporter *exporter);

/* A trace that begins here; trace_begin with the setting trace_sample_ratio.  Without an exporter
 * the trace stays empty. */
void exporter_begin_trace(const struct exporter *exporter, const char *id, struct trace *trace);

/* Whether spans of that trace are exported: it is sampled, and there is an exporter. */
static inline bool exporter_wants(const struct exporter *exporter, const struct trace *trace)
{
    return exporter && trace->sampled;
}

/* Takes a copy.  Any thread; waits for nothing. */
void exporter_put(struct exporter *exporter, const struct span *span);

extern struct metric *const exporter_metrics[];
extern const int exporter_metric_count;

#endif
