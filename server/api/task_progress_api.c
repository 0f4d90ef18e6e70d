/* Progress of tasks of all kinds.  What was not told, or is not known any more, is left out. */
#include "api/task_progress.h"

#include <stdio.h>
#include <string.h>

#include "model/scan_task_store.h"
#include "operations.h"

enum { REASON_MAX = 160 };

int bind_task_progress(struct api_request *request, struct pg_parameters *parameters,
                       struct error *err)
{
    (void)err;
    bind_ids(request, parameters);
    pg_parameters_add_reference(parameters, request->task.text);
    return 0;
}

/* What a tenant may know and can do something about; null: nothing of that sort. */
static const char *words_of(enum error_code code)
{
    switch (code) {
    case ERROR_REDIS_CONNECTION:
    case ERROR_REDIS_TIMEOUT:
        return "The instance could not be reached, or stopped answering.";
    case ERROR_REDIS_REFUSED:
        return "The instance refused the credentials or a command that the scan needs.";
    case ERROR_REDIS_UNREADY:
        return "The instance was not ready: loading, failing over, changing its shards, or without "
               "room for a fork.";
    case ERROR_BACKUP:
        return "The backup is not there, or cannot be read.";
    case ERROR_RDB_FORMAT:
        return "What was read is no RDB that is known, or it is damaged.";
    case ERROR_REDIS_PROTOCOL:
        return "The instance answered what a Redis server does not answer.";
    case ERROR_SCAN_DEADLINE:
        return "The scan did not come to its end in the time that it may take.";
    case ERROR_OUTBOUND_FORBIDDEN:
        return "The address of the instance is not one that may be connected to.";
    case ERROR_CONFIG:
        return "The result was too large to be kept.";
    case ERROR_BIGKEY_UNSUPPORTED:
    case ERROR_HOTKEY_UNSUPPORTED:
    case ERROR_EXPIRED_UNSUPPORTED:
    case ERROR_ANALYSIS_UNSUPPORTED:
        return error_describe(code)->public_message;
    default:
        return NULL;
    }
}

/* Of a task that is given up nobody knows more than that its workers were lost, or failed. */
static void write_reason(struct json_writer *json, const struct pg_rows *rows, int row)
{
    const char *symbol = pg_rows_string(rows, row, SCAN_TASK_PROGRESS_FAILURE_CODE);
    const char *words = words_of(error_find(symbol));
    char given_up[REASON_MAX];
    if (symbol && strcmp(symbol, SCAN_TASK_GIVEN_UP) == 0) {
        snprintf(given_up, sizeof(given_up), "It was given up after %lld attempts.",
                 (long long)pg_rows_integer(rows, row, SCAN_TASK_PROGRESS_ATTEMPT));
        words = given_up;
    }
    json_writer_member_text(json, "reason",
                            words ? words : error_describe(ERROR_INTERNAL)->public_message);
}

/* SCAN may show a key twice, and keys are added: where more were seen than there were, the end is
 * near, and nothing is said of it. */
static void write_speed(struct json_writer *json, const struct pg_rows *rows, int row)
{
    if (pg_rows_is_null(rows, row, SCAN_TASK_PROGRESS_KEYS_PER_SECOND))
        return;
    int64_t rate = pg_rows_integer(rows, row, SCAN_TASK_PROGRESS_KEYS_PER_SECOND);
    int64_t left = pg_rows_integer(rows, row, SCAN_TASK_PROGRESS_KEYS_TOTAL) -
                   pg_rows_integer(rows, row, SCAN_TASK_PROGRESS_KEYS_SEEN);
    json_writer_member_number(json, "keys_per_second", rate);
    if (rate > 0 && left >= 0)
        json_writer_member_number(json, "remaining_seconds", (left + rate - 1) / rate);
}

static void write_json_column(struct json_writer *json, const char *name,
                              const struct pg_rows *rows, int row, int column)
{
    struct text text = pg_rows_text(rows, row, column);
    if (text.length == 0)
        return;
    json_writer_name(json, name);
    json_writer_value(json, text.bytes, text.length);
}

void task_progress_write(struct json_writer *json, const struct pg_rows *rows, int row)
{
    struct scan_task task;
    scan_task_read(rows, row, SCAN_TASK_PROGRESS_FIRST, &task);
    json_writer_begin_object(json);
    json_writer_member_text(json, "id", task.id);
    json_writer_member_text(json, "instance_id", task.instance_id);
    write_text_column(json, "kind", rows, row, SCAN_TASK_PROGRESS_KIND);
    json_writer_member_text(json, "status", scan_status_name(task.status));
    json_writer_member_text(json, "scan_type", task.scan_type);
    write_number_column(json, "attempt", rows, row, SCAN_TASK_PROGRESS_ATTEMPT);
    write_task_times(json, &task);
    write_time_column(json, "updated_at", rows, row, SCAN_TASK_PROGRESS_UPDATED_AT);
    write_number_column(json, "keys_seen", rows, row, SCAN_TASK_PROGRESS_KEYS_SEEN);
    write_number_column(json, "keys_total", rows, row, SCAN_TASK_PROGRESS_KEYS_TOTAL);
    write_speed(json, rows, row);
    write_text_column(json, "pause", rows, row, SCAN_TASK_PROGRESS_PAUSE);
    write_json_column(json, "cost", rows, row, SCAN_TASK_PROGRESS_COST);
    write_json_column(json, "shards", rows, row, SCAN_TASK_PROGRESS_SHARDS);
    if (task.status == SCAN_STATUS_FAILED)
        write_reason(json, rows, row);
    json_writer_end_object(json);
}

void task_progress_write_deleted(struct json_writer *json, const struct uuid *task,
                                 const struct uuid *instance)
{
    json_writer_begin_object(json);
    json_writer_member_text(json, "id", task->text);
    json_writer_member_text(json, "instance_id", instance->text);
    json_writer_member_text(json, "status", "deleted");
    json_writer_end_object(json);
}

bool task_progress_is_final(const struct pg_rows *rows, int row)
{
    struct scan_task task;
    scan_task_read(rows, row, SCAN_TASK_PROGRESS_FIRST, &task);
    return task.status == SCAN_STATUS_SUCCESS || task.status == SCAN_STATUS_FAILED;
}

int render_task_progress(const struct api_request *request, const struct pg_rows *rows,
                         struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
    if (!text_equals(pg_rows_text(rows, 0, SCAN_TASK_PROGRESS_OUTCOME), TEXT("found")))
        return error_set(err, ERROR_UNKNOWN_TASK, "no such task");
    task_progress_write(&reply->body, rows, 0);
    return 0;
}

/* The first event; the server goes on with the others. */
int render_task_events(const struct api_request *request, const struct pg_rows *rows,
                       struct api_reply *reply, struct error *err)
{
    reply->content_type = "text/event-stream";
    return render_task_progress(request, rows, reply, err);
}

bool operation_streams(const struct operation *operation)
{
    return operation->render == render_task_events;
}
