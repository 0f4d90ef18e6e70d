/* What changed from one analysis of an instance to another. */
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "model/analysis_store.h"
#include "operations.h"
#include "result_name.h"

static int bind_task_parameter(const struct api_request *request, const char *name,
                               struct pg_parameters *parameters, struct error *err)
{
    struct uuid task;
    if (uuid_parse(api_query_find(&request->query, name), &task) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
    pg_parameters_add_text(parameters, text_of(task.text));
    return 0;
}

int bind_comparison(struct api_request *request, struct pg_parameters *parameters,
                    struct error *err)
{
    bind_ids(request, parameters);
    if (bind_task_parameter(request, "before", parameters, err) < 0 ||
        bind_task_parameter(request, "after", parameters, err) < 0)
        return -1;
    return check_format(request, err);
}

static int check_outcome(const struct pg_rows *rows, struct error *err)
{
    if (rows->row_count == 0)
        return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
    struct text outcome = pg_rows_text(rows, 0, ANALYSIS_COMPARE_OUTCOME);
    if (text_equals(outcome, TEXT("no_task")))
        return error_set(err, ERROR_UNKNOWN_ANALYSIS, "no such analysis");
    if (text_equals(outcome, TEXT("no_result")))
        return error_set(err, ERROR_NO_RESULT, "one has not succeeded");
    return 0;
}

/* A side of an entry: its bytes and its count, in an order of columns that both sides have. */
static void write_side(struct json_writer *body, const char *name, const char *count,
                       const struct pg_rows *rows, int row, int column)
{
    if (pg_rows_is_null(rows, row, column) && pg_rows_is_null(rows, row, column + 1))
        return;
    json_writer_name(body, name);
    json_writer_begin_object(body);
    write_number_column(body, count, rows, row, column + 1);
    write_number_column(body, "bytes", rows, row, column);
    json_writer_end_object(body);
}

static void write_true(struct json_writer *body, const char *name, const struct pg_rows *rows,
                       int row, int column)
{
    if (pg_rows_boolean(rows, row, column))
        json_writer_member_boolean(body, name, true);
}

static void write_text(struct json_writer *body, const char *name, const struct pg_rows *rows,
                       int row, int column)
{
    if (pg_rows_is_null(rows, row, column))
        return;
    json_writer_name(body, name);
    result_name_write_json(body, pg_rows_text(rows, row, column));
}

static bool is_of(const struct pg_rows *rows, int row, const char *section, const char *list)
{
    return text_equals(pg_rows_text(rows, row, ANALYSIS_COMPARE_SECTION), text_of(section)) &&
           text_equals(pg_rows_text(rows, row, ANALYSIS_COMPARE_LIST), text_of(list));
}

/* How a section's entries are named and counted. */
struct section {
    const char *name, *entry, *count;
};
static const struct section sections[] = {{"keys", "name", "size"}, {"prefixes", "prefix", "keys"}};
static const char *const lists[] = {"new", "gone", "grown", "shrunk"};

static void write_entry(struct json_writer *body, const struct section *section,
                        const struct pg_rows *rows, int row)
{
    bool is_new = pg_rows_text(rows, row, ANALYSIS_COMPARE_LIST).bytes[0] == 'n';
    json_writer_begin_object(body);
    write_text(body, section->entry, rows, row, ANALYSIS_COMPARE_NAME);
    write_true(body, "binary", rows, row, ANALYSIS_COMPARE_BINARY);
    write_true(body, "name_cut", rows, row, ANALYSIS_COMPARE_CUT);
    write_text(body, "type", rows, row, ANALYSIS_COMPARE_TYPE);
    write_number_column(body, "db", rows, row, ANALYSIS_COMPARE_DB);
    write_side(body, "before", section->count, rows, row, ANALYSIS_COMPARE_BEFORE_BYTES);
    write_side(body, "after", section->count, rows, row, ANALYSIS_COMPARE_AFTER_BYTES);
    write_number_column(body, "bytes_delta", rows, row, ANALYSIS_COMPARE_DELTA);
    write_side(body, is_new ? "before_at_most" : "after_at_most", section->count, rows, row,
               ANALYSIS_COMPARE_MOST_BYTES);
    json_writer_end_object(body);
}

static void write_section(struct json_writer *body, const struct section *section,
                          const struct pg_rows *rows, int *row)
{
    json_writer_name(body, section->name);
    json_writer_begin_object(body);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        json_writer_name(body, lists[i]);
        json_writer_begin_array(body);
        for (; *row < rows->row_count && is_of(rows, *row, section->name, lists[i]); ++*row)
            write_entry(body, section, rows, *row);
        json_writer_end_array(body);
    }
    json_writer_end_object(body);
}

static void write_types(struct json_writer *body, const struct pg_rows *rows, int *row)
{
    json_writer_name(body, "types");
    json_writer_begin_array(body);
    for (; *row < rows->row_count && is_of(rows, *row, "types", ""); ++*row) {
        json_writer_begin_object(body);
        write_text(body, "type", rows, *row, ANALYSIS_COMPARE_TYPE);
        write_side(body, "before", "keys", rows, *row, ANALYSIS_COMPARE_BEFORE_BYTES);
        write_side(body, "after", "keys", rows, *row, ANALYSIS_COMPARE_AFTER_BYTES);
        json_writer_end_object(body);
    }
    json_writer_end_array(body);
}

/* One of the two analyses, named as its parameter is. */
static void write_analysis(const struct api_request *request, struct json_writer *body,
                           const char *name, const struct pg_rows *rows, int time, int figures,
                           int source)
{
    struct uuid task;
    json_writer_name(body, name);
    json_writer_begin_object(body);
    if (uuid_parse(api_query_find(&request->query, name), &task) == 0)
        json_writer_member_text(body, "id", task.text);
    write_time_column(body, "finished_at", rows, 0, time);
    write_number_column(body, "keys", rows, 0, figures + 1);
    write_number_column(body, "bytes", rows, 0, figures);
    write_source(body, rows, 0, source);
    json_writer_end_object(body);
}

static void write_json(const struct api_request *request, struct json_writer *body,
                       const struct pg_rows *rows)
{
    int row = 1;
    json_writer_begin_object(body);
    json_writer_member_text(body, "instance_id", request->instance.text);
    write_analysis(request, body, "before", rows, ANALYSIS_COMPARE_BEFORE_AT,
                   ANALYSIS_COMPARE_BEFORE_BYTES, ANALYSIS_COMPARE_BEFORE_SOURCE);
    write_analysis(request, body, "after", rows, ANALYSIS_COMPARE_AFTER_AT,
                   ANALYSIS_COMPARE_AFTER_BYTES, ANALYSIS_COMPARE_AFTER_SOURCE);
    write_types(body, rows, &row);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        write_section(body, &sections[i], rows, &row);
    json_writer_end_object(body);
}

static const char csv_header[] = "section,change,name,binary,name_cut,type,db,bytes_before,"
                                 "count_before,bytes_after,count_after,bytes_delta,"
                                 "bytes_at_most,count_at_most\r\n";

static void write_cell(struct json_writer *body, const struct pg_rows *rows, int row, int column)
{
    struct text cell = pg_rows_text(rows, row, column);
    switch (column) {
    case ANALYSIS_COMPARE_NAME:
    case ANALYSIS_COMPARE_TYPE:
        if (!pg_rows_is_null(rows, row, column))
            result_name_write_csv(body, cell);
        break;
    case ANALYSIS_COMPARE_BINARY:
    case ANALYSIS_COMPARE_CUT:
        if (pg_rows_boolean(rows, row, column))
            json_writer_raw(body, "true", 4);
        break;
    default:
        json_writer_raw(body, cell.bytes, cell.length);
    }
}

static void write_csv(struct json_writer *body, const struct pg_rows *rows)
{
    json_writer_raw(body, csv_header, sizeof(csv_header) - 1);
    for (int row = 1; row < rows->row_count; row++) {
        for (int column = ANALYSIS_COMPARE_SECTION; column <= ANALYSIS_COMPARE_MOST_COUNT;
             column++) {
            write_cell(body, rows, row, column);
            csv_write_end(body, column == ANALYSIS_COMPARE_MOST_COUNT);
        }
    }
}

int render_comparison(const struct api_request *request, const struct pg_rows *rows,
                      struct api_reply *reply, struct error *err)
{
    if (check_outcome(rows, err) < 0)
        return -1;
    if (!wants_csv(request)) {
        write_json(request, &reply->body, rows);
        return 0;
    }
    reply->content_type = "text/csv; charset=utf-8";
    snprintf(reply->disposition, sizeof(reply->disposition),
             "attachment; filename=\"comparison-%s.csv\"", request->instance.text);
    write_csv(&reply->body, rows);
    return 0;
}
