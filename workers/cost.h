/* What a scan took of the server, as it is recorded with its task for operators. */
#ifndef WORKERS_COST_H
#define WORKERS_COST_H

#include "base/json_writer.h"
#include "scan/scan.h"

/* One object: profile, keys_seen, commands, expired_released, duration_ms, the members of
 * scan_cost_write, and note where the server did not allow something. */
void cost_write(struct json_writer *json, const struct scan_outcome *outcome, const char *profile);

#endif
