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

/* Where an analysis has its keys from.  Text is of the row; null where there is none. */
struct analysis_source {
    const char *name;    /* scan, replication or backup */
    const char *node_id; /* null: it is of the whole instance, as are the members up to shard */
    const char *host;
    int port;
    const char *role; /* master or slave; all of the node is as it was when the task was made */
    int64_t shard;
    const char *backup_id; /* null: from no file */
};

#define ANALYSIS_SOURCE_COLUMNS                                                                    \
    "t.kind, t.node_id, t.node_host, t.node_port, t.node_role, t.node_shard, t.backup_id"
enum { ANALYSIS_SOURCE_COLUMN_COUNT = 7 };

enum { SCAN_BACKUP_ID_MAX = 128 };
/* 1 to SCAN_BACKUP_ID_MAX letters, digits, dots, dashes and underscores, no dot first: a file's
 * name that leads nowhere else. */
bool scan_backup_id_is_name(struct text name);

const char *scan_status_name(enum scan_status status);
/* Returns -1 where no status has that name. */
int scan_status_parse(struct text name, enum scan_status *ret_status);

/* Reads a task whose columns begin at first_column; it lives as long as rows. */
void scan_task_read(const struct pg_rows *rows, int row, int first_column,
                    struct scan_task *ret_task);

/* Reads ANALYSIS_SOURCE_COLUMNS of an analysis in the same way. */
void analysis_source_read(const struct pg_rows *rows, int row, int first_column,
                          struct analysis_source *ret_source);

#endif
