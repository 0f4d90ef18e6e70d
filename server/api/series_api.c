/* What analyses of an instance, or of one prefix of it, came to over time. */
#include <stdio.h>

#include "base/clock.h"
#include "base/csv.h"
#include "model/analysis_store.h"
#include "operations.h"

enum { LIMIT_MAX = 10000, LIMIT_DEFAULT = 1000, PREFIX_MAX = 1024 };

static int bind_moment(const struct api_request *request, const char *name,
                       struct pg_parameters *parameters, struct error *err)
{
    struct text value = api_query_find(&request->query, name);
    int64_t moment;
    char text[CLOCK_ISO_LENGTH + 1];
    if (!value.bytes) {
        pg_parameters_add_reference(parameters, NULL);
        return 0;
    }
    if (clock_parse_iso(value.bytes, (int)value.length, &moment) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
    clock_format_iso(moment, text);
    pg_parameters_add_text(parameters, text_of(text));
    return 0;
}

static int bind_prefix(const struct api_request *request, struct pg_parameters *parameters,
                       struct error *err)
{
    struct text prefix = api_query_find(&request->query, "prefix");
    struct text binary = api_query_find(&request->query, "binary");
    bool is_binary = text_equals(binary, TEXT("true"));
    if (prefix.bytes && (prefix.length == 0 || prefix.length > PREFIX_MAX))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "prefix");
    if (binary.bytes && !is_binary && !text_equals(binary, TEXT("false")))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "binary");
    pg_parameters_add_reference(parameters, prefix.bytes);
    pg_parameters_add_boolean(parameters, is_binary);
    return 0;
}

int bind_series(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    int64_t limit;
    bind_ids(request, parameters);
    if (bind_prefix(request, parameters, err) < 0 ||
        bind_moment(request, "from", parameters, err) < 0 ||
        bind_moment(request, "to", parameters, err) < 0 ||
        api_query_integer(&request->query, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &limit, err) < 0)
        return -1;
    pg_parameters_add_integer(parameters, limit);
    return check_format(request, err);
}

/* The figures of a point, in the order of the columns. */
static const char *const figures[] = {"keys", "bytes", "keys_without_ttl", "bytes_without_ttl"};
enum { FIGURE_COUNT = sizeof(figures) / sizeof(figures[0]) };

static void write_point(struct json_writer *body, const struct pg_rows *rows, int row)
{
    struct text types = pg_rows_text(rows, row, ANALYSIS_SERIES_TYPES);
    json_writer_begin_object(body);
    write_text_column(body, "task_id", rows, row, ANALYSIS_SERIES_TASK);
    write_time_column(body, "at", rows, row, ANALYSIS_SERIES_AT);
    for (int i = 0; i < FIGURE_COUNT; i++)
        write_number_column(body, figures[i], rows, row, ANALYSIS_SERIES_KEYS + i);
    if (types.length > 0) {
        json_writer_name(body, "types");
        json_writer_value(body, types.bytes, types.length);
    }
    json_writer_end_object(body);
}

static void write_json(const struct api_request *request, struct json_writer *body,
                       const struct pg_rows *rows)
{
    struct text prefix = api_query_find(&request->query, "prefix");
    json_writer_begin_object(body);
    json_writer_member_text(body, "instance_id", request->instance.text);
    if (prefix.bytes) {
        json_writer_name(body, "prefix");
        json_writer_text(body, prefix.bytes, prefix.length);
    }
    json_writer_name(body, "points");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        if (!pg_rows_is_null(rows, row, ANALYSIS_SERIES_AT))
            write_point(body, rows, row);
    }
    json_writer_end_array(body);
    json_writer_end_object(body);
}

static const char csv_header[] = "at,task_id,keys,bytes,keys_without_ttl,bytes_without_ttl\r\n";

static void write_csv(struct json_writer *body, const struct pg_rows *rows)
{
    char at[PG_TIME_LENGTH + 1];
    json_writer_raw(body, csv_header, sizeof(csv_header) - 1);
    for (int row = 0; row < rows->row_count; row++) {
        if (pg_rows_time(rows, row, ANALYSIS_SERIES_AT, at) < 0)
            continue;
        json_writer_raw(body, at, PG_TIME_LENGTH);
        for (int column = ANALYSIS_SERIES_TASK; column < ANALYSIS_SERIES_TYPES; column++) {
            struct text cell = pg_rows_text(rows, row, column);
            csv_write_end(body, false);
            json_writer_raw(body, cell.bytes, cell.length);
        }
        csv_write_end(body, true);
    }
}

int render_series(const struct api_request *request, const struct pg_rows *rows,
                  struct api_reply *reply, struct error *err)
{
    if (rows->row_count == 0)
        return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
    if (!wants_csv(request)) {
        write_json(request, &reply->body, rows);
        return 0;
    }
    reply->content_type = "text/csv; charset=utf-8";
    snprintf(reply->disposition, sizeof(reply->disposition),
             "attachment; filename=\"series-%s.csv\"", request->instance.text);
    write_csv(&reply->body, rows);
    return 0;
}
