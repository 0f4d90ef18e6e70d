/* Operations on analyses of whole keyspaces.  What one found is copied from its row as it is. */
#include "base/json.h"
#include "base/scope.h"
#include "model/analysis_options.h"
#include "model/analysis_store.h"
#include "model/scan_task_store.h"
#include "operations.h"

static int read_and_bind(json_t *object, struct scan_analysis_options options,
                         struct pg_parameters *parameters, struct error *err)
{
    if (analysis_options_read(object, &options, err) < 0)
        return -1;
    SCOPED(json_writer_release) struct json_writer text;
    json_writer_init(&text);
    json_writer_begin_object(&text);
    analysis_options_write(&text, &options);
    json_writer_end_object(&text);
    pg_parameters_add_text(parameters, (struct text){text.text, text.length});
    return 0;
}

int bind_options(json_t *object, struct pg_parameters *parameters, struct error *err)
{
    struct scan_analysis_options options;
    analysis_options_init(&options);
    return read_and_bind(object, options, parameters, err);
}

int bind_offline_options(json_t *object, struct pg_parameters *parameters, struct error *err)
{
    struct scan_analysis_options options;
    analysis_options_init_offline(&options);
    if (json_object_get(object, "measures"))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "measures");
    return read_and_bind(object, options, parameters, err);
}

void write_options(struct json_writer *body, struct text text)
{
    struct scan_analysis_options options;
    struct error ignored = {0};
    SCOPED(json_cleanup) json_t *object = json_loadb(text.bytes, text.length, 0, NULL);
    analysis_options_init(&options);
    analysis_options_read(object, &options, &ignored);
    json_writer_name(body, "options");
    json_writer_begin_object(body);
    analysis_options_write(body, &options);
    json_writer_end_object(body);
}

/* Without a body all is as usual. */
int bind_analysis_create(struct api_request *request, struct pg_parameters *parameters,
                         struct error *err)
{
    if (request->body.length > 0 && parse_body(request, err) < 0)
        return -1;
    bind_creation(request, request->operation->kind, parameters);
    if (bind_options(request->object, parameters, err) < 0)
        return -1;
    bind_no_node(parameters);
    return 0;
}

/* Both kinds of analyses are the same to who looks at them. */
int bind_analysis(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    (void)err;
    bind_ids(request, parameters);
    pg_parameters_add_reference(parameters, request->task.text);
    pg_parameters_add_reference(parameters, SCAN_KINDS_OF_ANALYSES);
    return 0;
}

int bind_analysis_list(struct api_request *request, struct pg_parameters *parameters,
                       struct error *err)
{
    bind_ids(request, parameters);
    return bind_status(request, parameters, err) < 0 ? -1 : bind_page(request, parameters, err);
}

void write_source(struct json_writer *body, const struct pg_rows *rows, int row, int first_column)
{
    struct analysis_source source;
    analysis_source_read(rows, row, first_column, &source);
    json_writer_member_text(body, "source", source.name);
    if (source.node_id) {
        json_writer_name(body, "node");
        json_writer_begin_object(body);
        write_node_head(body, &source);
        json_writer_member_text(body, "role", source.role);
        json_writer_end_object(body);
    }
    if (source.backup_id)
        json_writer_member_text(body, "backup_id", source.backup_id);
}

/* Names, brackets and the other members. */
enum { AROUND_BYTES = 2048 };

static void write_analysis(struct api_reply *reply, const struct pg_rows *rows)
{
    struct json_writer *body = &reply->body;
    struct scan_task task;
    scan_task_read(rows, 0, SCAN_TASK_FIRST, &task);
    api_reply_set_subject(reply, task.id);
    struct text result = pg_rows_text(rows, 0, SCAN_TASK_KEYS);
    json_writer_reserve(body, result.length + AROUND_BYTES);
    json_writer_begin_object(body);
    write_task_head(body, &task, true);
    write_task_times(body, &task);
    write_source(body, rows, 0, SCAN_TASK_SOURCE);
    write_options(body, pg_rows_text(rows, 0, SCAN_TASK_OPTIONS));
    if (task.status == SCAN_STATUS_SUCCESS && result.length > 0) {
        json_writer_name(body, "result");
        json_writer_value(body, result.bytes, result.length);
    }
    json_writer_end_object(body);
}

int render_analysis(const struct api_request *request, const struct pg_rows *rows,
                    struct api_reply *reply, struct error *err)
{
    if (check_task_outcome(request, rows, err) < 0)
        return -1;
    write_analysis(reply, rows);
    return 0;
}

int render_analysis_deleted(const struct api_request *request, const struct pg_rows *rows,
                            struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
    if (text_equals(pg_rows_text(rows, 0, SCAN_TASK_OUTCOME), TEXT("deleted")))
        write_analysis(reply, rows);
    else
        reply->status = HTTP_NO_CONTENT;
    return 0;
}

static void write_listed(struct json_writer *body, const struct pg_rows *rows, int row)
{
    struct scan_task task;
    scan_task_read(rows, row, ANALYSIS_LIST_FIRST, &task);
    write_task_head(body, &task, false);
    write_task_times(body, &task);
    write_number_column(body, "keys", rows, row, ANALYSIS_LIST_KEYS);
    write_number_column(body, "bytes", rows, row, ANALYSIS_LIST_BYTES);
    write_source(body, rows, row, ANALYSIS_LIST_SOURCE);
}

int render_analysis_list(const struct api_request *request, const struct pg_rows *rows,
                         struct api_reply *reply, struct error *err)
{
    static const struct task_page page = {.count_name = "count",
                                          .count_column = ANALYSIS_LIST_COUNT,
                                          .first = ANALYSIS_LIST_FIRST,
                                          .write_record = write_listed};
    return render_task_page(request, rows, &page, reply, err);
}
