/* A scan task: one analysis of one instance, from the request to its result. */
#ifndef MODEL_SCAN_TASK_H
#define MODEL_SCAN_TASK_H

#include "base/uuid.h"
#include "model/scan_kind.h"
#include "pg/result.h"

enum scan_status {
    SCAN_STATUS_WAITING,
    SCAN_STATUS_RUNNING,
    SCAN_STATUS_SUCCESS,
    SCAN_STATUS_FAILED,
    SCAN_STATUS_COUNT
};

struct scan_task {
    const char *id; /* text of the row it was read from, as are the others */
    const char *instance_id;
    enum scan_status status;
    const char *scan_type; /* manual or auto */
    int64_t num;
    char created_at[PG_TIME_LENGTH + 1];
    char started_at[PG_TIME_LENGTH + 1];  /* empty while it has not started */
    char finished_at[PG_TIME_LENGTH + 1]; /* empty while it has not finished */
};

/* The columns of a task, in the order that scan_task_read expects them. */
#define SCAN_TASK_COLUMNS                                                                          \
    "t.id, t.instance_id, t.status, t.scan_type, t.num, t.created_at, t.started_at, t.finished_at"
enum { SCAN_TASK_COLUMN_COUNT = 8 };

const char *scan_status_name(enum scan_status status);
/* Returns -1 where no status has that name. */
int scan_status_parse(struct text name, enum scan_status *ret_status);

/* Reads a task whose columns begin at first_column; it lives as long as rows. */
void scan_task_read(const struct pg_rows *rows, int row, int first_column,
                    struct scan_task *ret_task);

#endif
