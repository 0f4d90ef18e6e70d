/* Exports: the result of a task as it was recorded, or one part of it as a table.
 *
 * A part is a row of a table (model/analysis_part.h); PostgreSQL takes the document apart, so that
 * nothing is parsed on an event loop. */
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "model/analysis_part.h"
#include "model/analysis_store.h"
#include "operations.h"
#include "result_name.h"

/* Null where there is none of that name.  A table is of one part, the keys where none is named. */
static const struct analysis_part *part_of(const struct api_request *request)
{
    struct text name = api_query_find(&request->query, "part");
    return name.bytes ? analysis_part_find(name) : &analysis_parts[0];
}

static bool wants_whole(const struct api_request *request)
{
    return !wants_csv(request) && !api_query_find(&request->query, "part").bytes;
}

int bind_export(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    const struct analysis_part *part = part_of(request);
    if (check_format(request, err) < 0)
        return -1;
    if (!part)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "part");
    bind_ids(request, parameters);
    pg_parameters_add_reference(parameters, request->task.text);
    pg_parameters_add_boolean(parameters, wants_whole(request));
    pg_parameters_add_reference(parameters, part->path);
    pg_parameters_add_reference(parameters, part->else_path);
    pg_parameters_add_reference(parameters, part->nested);
    pg_parameters_add_reference(parameters, part->members);
    return 0;
}

static int check_outcome(const struct pg_rows *rows, struct error *err)
{
    if (rows->row_count == 0)
        return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
    struct text outcome = pg_rows_text(rows, 0, ANALYSIS_EXPORT_OUTCOME);
    if (text_equals(outcome, TEXT("no_task")))
        return error_set(err, ERROR_UNKNOWN_TASK, "no such task");
    if (text_equals(outcome, TEXT("no_result")))
        return error_set(err, ERROR_NO_RESULT, "the task has no such result");
    return 0;
}

static void write_csv(struct json_writer *body, const struct analysis_part_member *columns,
                      int count, const struct pg_rows *rows)
{
    for (int i = 0; i < count; i++) {
        json_writer_raw(body, columns[i].name, strlen(columns[i].name));
        csv_write_end(body, i + 1 == count);
    }
    for (int row = 0; row < rows->row_count; row++) {
        if (pg_rows_is_null(rows, row, ANALYSIS_EXPORT_ENTRY))
            continue;
        for (int i = 0; i < count; i++) {
            struct text cell = pg_rows_text(rows, row, ANALYSIS_EXPORT_FIRST + i);
            if (columns[i].is_text && !pg_rows_is_null(rows, row, ANALYSIS_EXPORT_FIRST + i))
                result_name_write_csv(body, cell);
            else
                json_writer_raw(body, cell.bytes, cell.length);
            csv_write_end(body, i + 1 == count);
        }
    }
}

static void write_json(struct json_writer *body, const struct analysis_part_member *columns,
                       int count, const struct pg_rows *rows)
{
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        if (pg_rows_is_null(rows, row, ANALYSIS_EXPORT_ENTRY))
            continue;
        json_writer_begin_object(body);
        for (int i = 0; i < count; i++) {
            struct text cell = pg_rows_text(rows, row, ANALYSIS_EXPORT_FIRST + i);
            if (pg_rows_is_null(rows, row, ANALYSIS_EXPORT_FIRST + i))
                continue;
            json_writer_name(body, columns[i].name);
            if (columns[i].is_text)
                result_name_write_json(body, cell);
            else
                json_writer_value(body, cell.bytes, cell.length);
        }
        json_writer_end_object(body);
    }
    json_writer_end_array(body);
}

static void name_file(struct api_reply *reply, const struct api_request *request,
                      const struct pg_rows *rows, const struct analysis_part *part)
{
    bool whole = wants_whole(request);
    snprintf(reply->disposition, sizeof(reply->disposition),
             "attachment; filename=\"%s-%s%s%s.%s\"", pg_rows_string(rows, 0, ANALYSIS_EXPORT_KIND),
             request->task.text, whole ? "" : "-", whole ? "" : part->name,
             wants_csv(request) ? "csv" : "json");
}

int render_export(const struct api_request *request, const struct pg_rows *rows,
                  struct api_reply *reply, struct error *err)
{
    const struct analysis_part *part = part_of(request);
    struct analysis_part_member columns[ANALYSIS_PART_MEMBERS_MAX];
    if (check_outcome(rows, err) < 0)
        return -1;
    int count = analysis_part_list(part->members, columns);
    name_file(reply, request, rows, part);
    if (wants_whole(request)) {
        struct text whole = pg_rows_text(rows, 0, ANALYSIS_EXPORT_WHOLE);
        json_writer_reserve(&reply->body, whole.length + 1);
        json_writer_value(&reply->body, whole.bytes, whole.length);
    } else if (wants_csv(request)) {
        reply->content_type = "text/csv; charset=utf-8";
        write_csv(&reply->body, columns, count, rows);
    } else {
        write_json(&reply->body, columns, count, rows);
    }
    return 0;
}
