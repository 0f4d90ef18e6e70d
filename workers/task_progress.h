/* What is told of a scan that runs, beside how far it is: an object with `pause` (why it pauses
 * now, where it does), `cost` and, of a cluster, `shards`. */
#ifndef WORKERS_TASK_PROGRESS_H
#define WORKERS_TASK_PROGRESS_H

#include "base/json_writer.h"
#include "scan/scan.h"

/* Shards that would not find room are left out; the database adds some members, and a space behind
 * each comma and colon, up to 8 KiB. */
enum { TASK_PROGRESS_MAX = 7 * 1024 };

/* Adds the object; profile is the one that the scan runs by. */
void task_progress_write(struct json_writer *json, const struct scan_progress *progress,
                         const char *profile);

#endif
