/* An attempt of a task as a span of the trace of who asked for it, with a child for each node that
 * was read and for each statement that recorded its end; ops/exporter.h says where they go.
 *
 * A task that nobody asked for, or without a trace, begins one, whose id is the task's: so all of
 * its attempts are in one.  Nothing is done for a trace that is not sampled.  Any thread. */
#ifndef WORKERS_ATTEMPT_SPAN_H
#define WORKERS_ATTEMPT_SPAN_H

#include "claim.h"
#include "ops/exporter.h"
#include "pg/statement.h"
#include "scan/scan.h"
#include "worker_metrics.h"

/* Gives the claim a trace where it has none. */
void attempt_span_begin(const struct exporter *exporter, struct claim *claim);

void attempt_span_put_node(struct exporter *exporter, const struct claim *claim,
                           const struct scan_visit *visit);
/* err is null where it went well. */
void attempt_span_put_statement(struct exporter *exporter, const struct claim *claim,
                                const struct pg_statement *statement, int64_t sent_us,
                                const struct error *err);

/* What came of an attempt. */
struct attempt_result {
    int64_t started_us; /* monotonic */
    enum attempt_outcome outcome;
    enum error_code reason; /* why it failed, or is to be tried again */
    int64_t keys_seen, pauses;
};

void attempt_span_end(struct exporter *exporter, const struct claim *claim,
                      const struct attempt_result *result);

#endif
