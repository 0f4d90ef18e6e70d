/* Tasks of all kinds of an instance, as one list. */
#include "model/scan_task_store.h"
#include "operations.h"

int bind_task_list_all(struct api_request *request, struct pg_parameters *parameters,
                       struct error *err)
{
    struct text kind = api_query_find(&request->query, "kind");
    bind_ids(request, parameters);
    if (kind.bytes && !scan_kind_find(kind.bytes))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "kind");
    pg_parameters_add_reference(parameters, kind.bytes);
    return bind_status(request, parameters, err) < 0 ? -1 : bind_page(request, parameters, err);
}

static void write_record(struct json_writer *body, const struct pg_rows *rows, int row)
{
    struct scan_task task;
    scan_task_read(rows, row, SCAN_TASK_ALL_FIRST, &task);
    json_writer_member_text(body, "id", task.id);
    json_writer_member_text(body, "kind", pg_rows_string(rows, row, SCAN_TASK_ALL_KIND));
    json_writer_member_text(body, "status", scan_status_name(task.status));
    json_writer_member_text(body, "scan_type", task.scan_type);
    json_writer_member_number(body, "num", task.num);
    write_task_times(body, &task);
    write_number_column(body, "keys_seen", rows, row, SCAN_TASK_ALL_KEYS_SEEN);
    write_number_column(body, "keys_total", rows, row, SCAN_TASK_ALL_KEYS_TOTAL);
    write_number_column(body, "attempt", rows, row, SCAN_TASK_ALL_ATTEMPT);
}

int render_task_list_all(const struct api_request *request, const struct pg_rows *rows,
                         struct api_reply *reply, struct error *err)
{
    static const struct task_page page = {.count_name = "count",
                                          .count_column = SCAN_TASK_ALL_COUNT,
                                          .first = SCAN_TASK_ALL_FIRST,
                                          .write_record = write_record};
    return render_task_page(request, rows, &page, reply, err);
}
