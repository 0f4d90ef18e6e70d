/* Operations on scan tasks, the same for every kind; what differs stands in the kind's descriptor.
 */
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/scope.h"
#include "model/scan_task_store.h"
#include "operations.h"

void bind_creation(const struct api_request *request, const struct scan_kind *kind,
                   struct pg_parameters *parameters)
{
    bind_ids(request, parameters);
    pg_parameters_add_reference(parameters, request->new_id.text);
    pg_parameters_add_reference(parameters, kind->name);
    bind_token(parameters, request->signature_token);
    bind_token(parameters, request->idempotency_token);
    bind_token(parameters, request->fingerprint);
    pg_parameters_add_reference(parameters, request->trace_parent);
}

void bind_no_node(struct pg_parameters *parameters)
{
    pg_parameters_add_reference(parameters, NULL);
    pg_parameters_add_reference(parameters, NULL);
}

int bind_task_create(struct api_request *request, struct pg_parameters *parameters,
                     struct error *err)
{
    (void)err;
    bind_creation(request, request->operation->kind, parameters);
    pg_parameters_add_reference(parameters, NULL);
    bind_no_node(parameters);
    return 0;
}

int bind_task(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    (void)err;
    bind_ids(request, parameters);
    pg_parameters_add_reference(parameters, request->task.text);
    pg_parameters_add_reference(parameters, request->operation->kind->name);
    return 0;
}

int bind_task_list(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    bind_ids(request, parameters);
    pg_parameters_add_reference(parameters, request->operation->kind->name);
    return bind_status(request, parameters, err) < 0 ? -1 : bind_page(request, parameters, err);
}

static int refuse_unknown_instance(struct error *err)
{
    return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
}

int check_task_outcome(const struct api_request *request, const struct pg_rows *rows,
                       struct error *err)
{
    const struct scan_kind *kind = request->operation->kind;
    if (rows->row_count == 0)
        return refuse_unknown_instance(err);
    struct text outcome = pg_rows_text(rows, 0, SCAN_TASK_OUTCOME);
    if (text_equals(outcome, TEXT("not_running")))
        return error_set(err, kind->not_running, "instance is not RUNNING");
    if (text_equals(outcome, TEXT("unsupported")))
        return error_set(err, kind->unsupported, "instance cannot do %s", kind->name);
    if (text_equals(outcome, TEXT("no_node")))
        return error_set(err, ERROR_UNKNOWN_NODE, "no such node");
    if (text_equals(outcome, TEXT("several_shards")))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "node_id");
    if (text_equals(outcome, TEXT("no_backups")))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "backup_id");
    if (text_equals(outcome, TEXT("busy")))
        return error_set(err, kind->busy, "one is waiting or running");
    if (text_equals(outcome, TEXT("no_task")))
        return error_set(err, kind->unknown_task, "no such task");
    if (text_equals(outcome, TEXT("mismatch")))
        return error_set(err, ERROR_REQUEST_KEY_REUSED, "Idempotency-Key of another request");
    if (text_equals(outcome, TEXT("retry")))
        return error_set(err, ERROR_DATABASE_CONFLICT, "an equal request at the same time");
    return 0;
}

void write_task_times(struct json_writer *body, const struct scan_task *task)
{
    json_writer_member_text(body, "created_at", task->created_at);
    write_time(body, "started_at", task->started_at);
    write_time(body, "finished_at", task->finished_at);
}

void write_task_head(struct json_writer *body, const struct scan_task *task, bool with_instance)
{
    json_writer_member_text(body, "id", task->id);
    if (with_instance)
        json_writer_member_text(body, "instance_id", task->instance_id);
    json_writer_member_text(body, "status", scan_status_name(task->status));
    json_writer_member_text(body, "scan_type", task->scan_type);
}

/* Names, brackets and an empty list. */
enum { CLOSING_BYTES = 32 };

static void write_detail(struct api_reply *reply, const struct pg_rows *rows)
{
    struct json_writer *body = &reply->body;
    struct scan_task task;
    scan_task_read(rows, 0, SCAN_TASK_FIRST, &task);
    api_reply_set_subject(reply, task.id);
    json_writer_begin_object(body);
    write_task_head(body, &task, true);
    write_task_times(body, &task);
    json_writer_member_number(body, "num", task.num);
    if (task.status == SCAN_STATUS_SUCCESS) {
        struct text keys = pg_rows_text(rows, 0, SCAN_TASK_KEYS);
        json_writer_reserve(body, keys.length + CLOSING_BYTES);
        json_writer_name(body, "keys");
        json_writer_value(body, keys.length ? keys.bytes : "[]", keys.length ? keys.length : 2);
    }
    json_writer_end_object(body);
}

int render_task_detail(const struct api_request *request, const struct pg_rows *rows,
                       struct api_reply *reply, struct error *err)
{
    if (check_task_outcome(request, rows, err) < 0)
        return -1;
    write_detail(reply, rows);
    return 0;
}

int render_task_deleted(const struct api_request *request, const struct pg_rows *rows,
                        struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return refuse_unknown_instance(err);
    if (!text_equals(pg_rows_text(rows, 0, SCAN_TASK_OUTCOME), TEXT("deleted"))) {
        reply->status = HTTP_NO_CONTENT;
        return 0;
    }
    write_detail(reply, rows);
    return 0;
}

int render_expired_created(const struct api_request *request, const struct pg_rows *rows,
                           struct api_reply *reply, struct error *err)
{
    struct scan_task task;
    if (check_task_outcome(request, rows, err) < 0)
        return -1;
    scan_task_read(rows, 0, SCAN_TASK_FIRST, &task);
    api_reply_set_subject(reply, task.id);
    json_writer_begin_object(&reply->body);
    write_task_head(&reply->body, &task, true);
    write_task_times(&reply->body, &task);
    json_writer_end_object(&reply->body);
    return 0;
}

int render_task_page(const struct api_request *request, const struct pg_rows *rows,
                     const struct task_page *page, struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    if (rows->row_count == 0)
        return refuse_unknown_instance(err);
    json_writer_begin_object(body);
    json_writer_member_text(body, "instance_id", request->instance.text);
    json_writer_member_number(body, page->count_name, pg_rows_integer(rows, 0, page->count_column));
    if (page->total_name)
        json_writer_member_number(body, page->total_name,
                                  pg_rows_integer(rows, 0, page->total_column));
    json_writer_name(body, "records");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        if (pg_rows_is_null(rows, row, page->first))
            continue;
        json_writer_begin_object(body);
        page->write_record(body, rows, row);
        json_writer_end_object(body);
    }
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

static void write_listed(struct json_writer *body, const struct pg_rows *rows, int row)
{
    struct scan_task task;
    scan_task_read(rows, row, SCAN_TASK_LIST_FIRST, &task);
    write_task_head(body, &task, false);
    write_task_times(body, &task);
}

int render_task_list(const struct api_request *request, const struct pg_rows *rows,
                     struct api_reply *reply, struct error *err)
{
    static const struct task_page page = {.count_name = "count",
                                          .count_column = SCAN_TASK_LIST_COUNT,
                                          .first = SCAN_TASK_LIST_FIRST,
                                          .write_record = write_listed};
    return render_task_page(request, rows, &page, reply, err);
}

static void write_history(struct json_writer *body, const struct pg_rows *rows, int row)
{
    struct scan_task task;
    scan_task_read(rows, row, SCAN_TASK_LIST_FIRST, &task);
    write_task_head(body, &task, true);
    json_writer_member_number(body, "num", task.num);
    write_task_times(body, &task);
}

int render_expired_histories(const struct api_request *request, const struct pg_rows *rows,
                             struct api_reply *reply, struct error *err)
{
    static const struct task_page page = {.count_name = "count",
                                          .count_column = SCAN_TASK_LIST_COUNT,
                                          .total_name = "total",
                                          .total_column = SCAN_TASK_LIST_TOTAL,
                                          .first = SCAN_TASK_LIST_FIRST,
                                          .write_record = write_history};
    return render_task_page(request, rows, &page, reply, err);
}

static void write_member(struct json_writer *body, const json_t *entry, const char *name,
                         const char *end)
{
    const json_t *member = json_object_get(entry, name);
    char digits[24];
    if (json_is_integer(member)) {
        int length =
            snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(member));
        json_writer_raw(body, digits, (size_t)length);
        json_writer_raw(body, end, strlen(end));
        return;
    }
    struct text text = {json_string_value(member), json_string_length(member)};
    csv_write_quoted(body, text.bytes ? text : TEXT(""));
    json_writer_raw(body, end, strlen(end));
}

static int write_csv(struct json_writer *body, struct text keys, struct error *err)
{
    static const char header[] = "name,type,size,unit,freq,db,shard\r\n";
    static const char *const members[] = {"name", "type", "size", "unit", "freq", "db", "shard"};
    enum { MEMBER_COUNT = sizeof(members) / sizeof(members[0]) };
    size_t index;
    json_t *entry;
    /* A key's name may have a NUL in it. */
    SCOPED(json_cleanup) json_t *array = json_loadb(keys.bytes, keys.length, JSON_ALLOW_NUL, NULL);
    if (!json_is_array(array))
        return error_set(err, ERROR_INTERNAL, "a stored result is no array");
    json_writer_raw(body, header, sizeof(header) - 1);
    json_array_foreach(array, index, entry)
    {
        for (int i = 0; i < MEMBER_COUNT; i++)
            write_member(body, entry, members[i], i + 1 < MEMBER_COUNT ? "," : "\r\n");
    }
    return 0;
}

int render_hotkey_export(const struct api_request *request, const struct pg_rows *rows,
                         struct api_reply *reply, struct error *err)
{
    struct scan_task task;
    if (check_task_outcome(request, rows, err) < 0)
        return -1;
    scan_task_read(rows, 0, SCAN_TASK_FIRST, &task);
    if (task.status != SCAN_STATUS_SUCCESS)
        return error_set(err, ERROR_TASK_STATE, "task has not succeeded");
    reply->content_type = "text/csv; charset=utf-8";
    snprintf(reply->disposition, sizeof(reply->disposition),
             "attachment; filename=\"hotkey-%s.csv\"", task.id);
    return write_csv(&reply->body, pg_rows_text(rows, 0, SCAN_TASK_KEYS), err);
}
