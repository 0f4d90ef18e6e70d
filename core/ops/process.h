/* What is told of the process itself, by the names that Prometheus' own clients use. */
#ifndef OPS_PROCESS_H
#define OPS_PROCESS_H

#include "base/metrics.h"

extern struct metric ops_metric_ready; /* a gauge, 0 or 1 */

/* Registers them; program is a constant. */
void ops_process_register(const char *program);

#endif
