/* The value of a scan task, as a row has it. */
#include "model/scan_task.h"

#include <string.h>

static const char *const status_names[SCAN_STATUS_COUNT] = {"waiting", "running", "success",
                                                            "failed"};

const char *scan_status_name(enum scan_status status)
{
    return status_names[status];
}

int scan_status_parse(struct text name, enum scan_status *ret_status)
{
    for (int i = 0; i < SCAN_STATUS_COUNT; i++) {
        if (text_equals(name, text_of(status_names[i]))) {
            *ret_status = (enum scan_status)i;
            return 0;
        }
    }
    return -1;
}

static void read_time(const struct pg_rows *rows, int row, int column, char *ret_text)
{
    if (pg_rows_time(rows, row, column, ret_text) < 0)
        ret_text[0] = '\0';
}

void scan_task_read(const struct pg_rows *rows, int row, int first_column,
                    struct scan_task *ret_task)
{
    ret_task->id = pg_rows_string(rows, row, first_column);
    ret_task->instance_id = pg_rows_string(rows, row, first_column + 1);
    if (scan_status_parse(pg_rows_text(rows, row, first_column + 2), &ret_task->status) < 0)
        ret_task->status = SCAN_STATUS_FAILED;
    ret_task->scan_type = pg_rows_string(rows, row, first_column + 3);
    ret_task->num = pg_rows_integer(rows, row, first_column + 4);
    read_time(rows, row, first_column + 5, ret_task->created_at);
    read_time(rows, row, first_column + 6, ret_task->started_at);
    read_time(rows, row, first_column + 7, ret_task->finished_at);
}

static const char *source_name(const char *kind, const char *backup_id)
{
    if (strcmp(kind, scan_kinds[SCAN_KIND_OFFLINE].name) != 0)
        return "scan";
    return backup_id ? "backup" : "replication";
}

void analysis_source_read(const struct pg_rows *rows, int row, int first_column,
                          struct analysis_source *ret_source)
{
    const char *backup_id = pg_rows_string(rows, row, first_column + 6);
    *ret_source = (struct analysis_source){
        .name = source_name(pg_rows_string(rows, row, first_column), backup_id),
        .node_id = pg_rows_string(rows, row, first_column + 1),
        .host = pg_rows_string(rows, row, first_column + 2),
        .port = (int)pg_rows_integer(rows, row, first_column + 3),
        .role = pg_rows_string(rows, row, first_column + 4),
        .shard = pg_rows_integer(rows, row, first_column + 5),
        .backup_id = backup_id,
    };
}

static bool may_be_in_backup_id(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool scan_backup_id_is_name(struct text name)
{
    if (name.length < 1 || name.length > SCAN_BACKUP_ID_MAX || name.bytes[0] == '.')
        return false;
    for (size_t i = 0; i < name.length; i++) {
        if (!may_be_in_backup_id(name.bytes[i]))
            return false;
    }
    return true;
}
