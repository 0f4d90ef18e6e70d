/* Administration of projects. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "model/project_store.h"
#include "operations.h"

enum { NAME_MAX_BYTES = 64 };

int bind_project_list(struct api_request *request, struct pg_parameters *parameters,
                      struct error *err)
{
    return bind_page(request, parameters, err);
}

int bind_project(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    (void)err;
    pg_parameters_add_reference(parameters, request->project.text);
    return 0;
}

static bool has_control_character(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.bytes[i] < 0x20 || text.bytes[i] == 0x7f)
            return true;
    }
    return false;
}

/* A name that looks like an id could not be told from one. */
int read_name(const json_t *object, struct text *ret_name, struct error *err)
{
    struct uuid uuid;
    if (json_get_text(object, "name", NAME_MAX_BYTES, ret_name, err) < 0)
        return -1;
    if (ret_name->length == 0 || has_control_character(*ret_name) ||
        uuid_parse_any(*ret_name, &uuid) == 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "name");
    return 0;
}

static const struct quota {
    const char *member;
    enum project_column column;
} quotas[] = {
    {"instances_max", PROJECT_INSTANCES_MAX},
    {"scans_max", PROJECT_SCANS_MAX},
    {"schedule_entries_max", PROJECT_SCHEDULE_ENTRIES_MAX},
};
enum { QUOTA_COUNT = sizeof(quotas) / sizeof(quotas[0]) };

/* One that is left out stays as it is; null takes it away. */
static int bind_quotas(const json_t *object, struct pg_parameters *parameters, struct error *err)
{
    for (size_t i = 0; i < QUOTA_COUNT; i++) {
        const json_t *member = json_object_get(object, quotas[i].member);
        int64_t most = PROJECT_QUOTA_KEPT;
        if (json_is_null(member)) {
            pg_parameters_add_reference(parameters, NULL);
            continue;
        }
        if (member &&
            json_get_integer(object, quotas[i].member, 0, PROJECT_QUOTA_MAX, &most, err) < 0)
            return -1;
        pg_parameters_add_integer(parameters, most);
    }
    return 0;
}

/* Tokens open the project that has the id of theirs, so that it can be given. */
static int read_id(struct api_request *request, struct error *err)
{
    struct text id;
    if (!json_object_get(request->object, "id"))
        return 0;
    if (json_get_text(request->object, "id", UUID_TEXT_LENGTH, &id, err) < 0)
        return -1;
    if (uuid_parse_any(id, &request->new_id) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "id");
    return 0;
}

int bind_project_create(struct api_request *request, struct pg_parameters *parameters,
                        struct error *err)
{
    struct text name;
    if (parse_body(request, err) < 0 || read_name(request->object, &name, err) < 0 ||
        read_id(request, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, request->new_id.text);
    pg_parameters_add_reference(parameters, name.bytes);
    if (bind_quotas(request->object, parameters, err) < 0)
        return -1;
    bind_request(request, parameters);
    return 0;
}

int bind_project_update(struct api_request *request, struct pg_parameters *parameters,
                        struct error *err)
{
    struct text name;
    if (parse_body(request, err) < 0 || read_name(request->object, &name, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, request->project.text);
    pg_parameters_add_reference(parameters, name.bytes);
    return bind_quotas(request->object, parameters, err) < 0
               ? -1
               : bind_version(request, parameters, err);
}

static void write_project(struct json_writer *body, const struct pg_rows *rows, int row, int first)
{
    json_writer_begin_object(body);
    write_id_column(body, "id", rows, row, first + PROJECT_ID);
    json_writer_member_text(body, "name", pg_rows_string(rows, row, first + PROJECT_NAME));
    json_writer_member_number(body, "instances",
                              pg_rows_integer(rows, row, first + PROJECT_INSTANCES));
    json_writer_member_number(body, "access_keys",
                              pg_rows_integer(rows, row, first + PROJECT_ACCESS_KEYS));
    for (size_t i = 0; i < QUOTA_COUNT; i++) {
        int column = first + (int)quotas[i].column;
        if (!pg_rows_is_null(rows, row, column))
            json_writer_member_number(body, quotas[i].member, pg_rows_integer(rows, row, column));
    }
    write_time_column(body, "created_at", rows, row, first + PROJECT_CREATED_AT);
    write_time_column(body, "updated_at", rows, row, first + PROJECT_UPDATED_AT);
    json_writer_end_object(body);
}

int render_project_list(const struct api_request *request, const struct pg_rows *rows,
                        struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_INTERNAL, "project_list gave no row");
    json_writer_begin_object(body);
    json_writer_member_number(body, "count", pg_rows_integer(rows, 0, PROJECT_LIST_COUNT));
    json_writer_name(body, "projects");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        if (!pg_rows_is_null(rows, row, PROJECT_LIST_FIRST))
            write_project(body, rows, row, PROJECT_LIST_FIRST);
    }
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

int render_project(const struct api_request *request, const struct pg_rows *rows,
                   struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return error_set_public(err, ERROR_NO_SUCH_RESOURCE, "project");
    write_project(&reply->body, rows, 0, 0);
    api_reply_set_version(reply, pg_rows_integer(rows, 0, PROJECT_VERSION));
    return 0;
}

int render_project_created(const struct api_request *request, const struct pg_rows *rows,
                           struct api_reply *reply, struct error *err)
{
    reply->status = HTTP_CREATED;
    snprintf(reply->location, sizeof(reply->location), "/admin/v1/projects/%s",
             request->new_id.text);
    api_reply_set_subject(reply, request->new_id.text);
    return render_project(request, rows, reply, err);
}

/* What an update's outcome column says, as an error. */
int check_update(const struct pg_rows *rows, const char *noun, struct error *err)
{
    struct text outcome = pg_rows_text(rows, 0, 0);
    if (text_equals(outcome, TEXT("updated")))
        return 0;
    if (text_equals(outcome, TEXT("version")))
        return error_set(err, ERROR_PRECONDITION_FAILED, "another version");
    return error_set_public(err, ERROR_NO_SUCH_RESOURCE, "%s", noun);
}

int render_project_updated(const struct api_request *request, const struct pg_rows *rows,
                           struct api_reply *reply, struct error *err)
{
    (void)request;
    if (check_update(rows, "project", err) < 0)
        return -1;
    write_project(&reply->body, rows, 0, 1);
    api_reply_set_version(reply, pg_rows_integer(rows, 0, 1 + PROJECT_VERSION));
    return 0;
}

int render_deleted(const struct api_request *request, const struct pg_rows *rows,
                   struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return error_set_public(err, ERROR_NO_SUCH_RESOURCE, "resource");
    reply->status = HTTP_NO_CONTENT;
    return 0;
}
