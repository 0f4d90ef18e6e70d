/* What several operations bind and render in the same way. */
#include <string.h>

#include "base/json.h"
#include "model/request_store.h"
#include "operations.h"

enum { PAGE_LIMIT_MAX = 1000, PAGE_LIMIT_DEFAULT = 10, PAGE_OFFSET_MAX = INT32_MAX };

int bind_page(const struct api_request *request, struct pg_parameters *parameters,
              struct error *err)
{
    int64_t offset, limit;
    if (api_query_integer(&request->query, "offset", 0, PAGE_OFFSET_MAX, 0, &offset, err) < 0 ||
        api_query_integer(&request->query, "limit", 1, PAGE_LIMIT_MAX, PAGE_LIMIT_DEFAULT, &limit,
                          err) < 0)
        return -1;
    pg_parameters_add_integer(parameters, offset);
    pg_parameters_add_integer(parameters, limit);
    return 0;
}

int bind_status(const struct api_request *request, struct pg_parameters *parameters,
                struct error *err)
{
    struct text name = api_query_find(&request->query, "status");
    enum scan_status status;
    if (name.bytes && scan_status_parse(name, &status) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "status");
    pg_parameters_add_reference(parameters, name.bytes ? scan_status_name(status) : NULL);
    return 0;
}

bool wants_csv(const struct api_request *request)
{
    return text_equals(api_query_find(&request->query, "format"), TEXT("csv"));
}

int check_format(const struct api_request *request, struct error *err)
{
    struct text format = api_query_find(&request->query, "format");
    if (!format.bytes || text_equals(format, TEXT("json")) || wants_csv(request))
        return 0;
    return error_set_public(err, ERROR_INVALID_PARAMETER, "format");
}

void bind_ids(const struct api_request *request, struct pg_parameters *parameters)
{
    pg_parameters_add_reference(parameters, request->project.text);
    pg_parameters_add_reference(parameters, request->instance.text);
}

int bind_instance(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    (void)err;
    bind_ids(request, parameters);
    return 0;
}

int parse_body(struct api_request *request, struct error *err)
{
    return json_body_parse(request->body, &request->object, err);
}

void bind_token(struct pg_parameters *parameters, const unsigned char *token)
{
    pg_parameters_add_bytes(parameters, token, REQUEST_TOKEN_LENGTH);
}

void bind_request(const struct api_request *request, struct pg_parameters *parameters)
{
    bind_token(parameters, request->signature_token);
    bind_token(parameters, request->fingerprint);
}

/* One strong entity tag of ours: a number in quotes. */
int bind_version(const struct api_request *request, struct pg_parameters *parameters,
                 struct error *err)
{
    struct text tag = request->if_match;
    int64_t version;
    if (!tag.bytes)
        return error_set(err, ERROR_PRECONDITION_REQUIRED, "no If-Match");
    if (tag.length < 3 || tag.bytes[0] != '"' || tag.bytes[tag.length - 1] != '"' ||
        text_parse_integer((struct text){tag.bytes + 1, tag.length - 2}, &version) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "If-Match header");
    pg_parameters_add_integer(parameters, version);
    return 0;
}

void write_time(struct json_writer *body, const char *name, const char *time)
{
    if (time[0])
        json_writer_member_text(body, name, time);
}

void write_number_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                         int row, int column)
{
    if (!pg_rows_is_null(rows, row, column))
        json_writer_member_number(body, name, pg_rows_integer(rows, row, column));
}

void write_text_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                       int row, int column)
{
    if (!pg_rows_is_null(rows, row, column))
        json_writer_member_text(body, name, pg_rows_string(rows, row, column));
}

void write_time_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                       int row, int column)
{
    char text[PG_TIME_LENGTH + 1];
    if (pg_rows_time(rows, row, column, text) == 0)
        json_writer_member_text(body, name, text);
}

void write_id_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                     int row, int column)
{
    struct uuid uuid;
    char digits[UUID_HEX_LENGTH + 1];
    if (uuid_parse(pg_rows_text(rows, row, column), &uuid) < 0)
        return;
    uuid_format_hex(&uuid, digits);
    json_writer_member_text(body, name, digits);
}
