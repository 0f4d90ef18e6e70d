/* A task of any project, by its id. */
#ifndef CLI_TASK_H
#define CLI_TASK_H

#include "base/uuid.h"
#include "command.h"
#include "pg/result.h"

/* The id that is the command's word. */
int task_word(const struct cli *cli, struct uuid *ret_id, struct error *err);

/* scan_task_inspect's row, which the caller releases; ERROR_NOT_FOUND where there is no such task.
 */
int task_find(struct cli *cli, const struct uuid *id, struct pg_rows *ret_rows, struct error *err);

/* That row as `task show` writes it. */
int task_write(const struct cli *cli, const struct pg_rows *rows, struct error *err);

#endif
