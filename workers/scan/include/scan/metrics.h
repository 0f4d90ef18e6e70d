/* What is counted of the consideration that scans show (base/metrics.h). */
#ifndef SCAN_METRICS_H
#define SCAN_METRICS_H

#include "base/metrics.h"
#include "scan/profile.h"

extern struct metric scan_metric_pauses; /* scan_pause_reason */
extern struct metric scan_metric_paused_seconds;
extern struct metric scan_metric_halvings;
extern struct metric scan_metric_added_latency; /* us above the baseline */

extern struct metric *const scan_metrics[];
extern const int scan_metric_count;

/* Counts what cost has more than said, which it becomes. */
void scan_metrics_note_cost(struct scan_cost *ret_said, const struct scan_cost *cost);

#endif
