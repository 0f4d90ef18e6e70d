/* How a task goes on, in the form in which it is shown and streamed: a row of scan_task_progress or
 * of scan_task_watch as a JSON object. */
#ifndef API_TASK_PROGRESS_H
#define API_TASK_PROGRESS_H

#include <stdbool.h>

#include "base/json_writer.h"
#include "base/uuid.h"
#include "pg/result.h"

void task_progress_write(struct json_writer *json, const struct pg_rows *rows, int row);

/* Of a task that is not there any more: its ids, and the status `deleted`. */
void task_progress_write_deleted(struct json_writer *json, const struct uuid *task,
                                 const struct uuid *instance);

/* Nothing will change any more. */
bool task_progress_is_final(const struct pg_rows *rows, int row);

#endif
