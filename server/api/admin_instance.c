/* Administration of instances: what an operator is shown, which is everything but secrets. */
#include <stdio.h>
#include <string.h>

#include "model/instance_store.h"
#include "operations.h"

static void write_optional(struct json_writer *body, const char *name, const char *text)
{
    if (text)
        json_writer_member_text(body, name, text);
}

/* Text separated by commas as an array. */
static void write_list(struct json_writer *body, const char *name, const char *text)
{
    json_writer_name(body, name);
    json_writer_begin_array(body);
    while (text && *text) {
        size_t length = strcspn(text, ",");
        json_writer_text(body, text, length);
        text += length + (text[length] == ',');
    }
    json_writer_end_array(body);
}

static void write_probe(struct json_writer *body, const struct instance *instance)
{
    write_optional(body, "engine", instance->engine);
    write_optional(body, "engine_version", instance->engine_version);
    write_optional(body, "node_role", instance->node_role);
    write_optional(body, "server_mode", instance->server_mode);
    write_list(body, "capabilities", instance->capabilities);
    json_writer_member_number(body, "databases", instance->databases);
    json_writer_member_number(body, "used_memory", instance->used_memory);
    json_writer_member_number(body, "maxmemory", instance->maxmemory);
    write_optional(body, "maxmemory_policy", instance->maxmemory_policy);
    write_time(body, "probed_at", instance->probed_at);
    write_optional(body, "probe_error", instance->probe_error);
}

static void write_instance(struct json_writer *body, const struct instance *instance)
{
    struct uuid project;
    char digits[UUID_HEX_LENGTH + 1] = "";
    if (uuid_parse(text_of(instance->project_id), &project) == 0)
        uuid_format_hex(&project, digits);
    json_writer_begin_object(body);
    json_writer_member_text(body, "id", instance->id);
    json_writer_member_text(body, "project_id", digits);
    json_writer_member_text(body, "name", instance->name);
    json_writer_member_text(body, "description", instance->description);
    json_writer_member_text(body, "status", instance->status);
    json_writer_member_text(body, "cache_mode", instance->cache_mode);
    write_list(body, "endpoints", instance->endpoints);
    json_writer_member_boolean(body, "tls", instance->enable_ssl);
    write_optional(body, "tls_server_name", instance->tls_server_name);
    write_optional(body, "username", instance->username);
    json_writer_member_boolean(body, "has_password", instance->has_password);
    json_writer_member_boolean(body, "hotkeys_command", instance->hotkeys_command);
    json_writer_member_boolean(body, "has_tls_certificate", instance->has_tls_certificate);
    write_optional(body, "scan_profile", instance->scan_profile);
    write_optional(body, "address_map", instance->address_map);
    write_optional(body, "sentinel_master", instance->sentinel_master);
    write_optional(body, "backup_directory", instance->backup_directory);
    write_probe(body, instance);
    json_writer_member_text(body, "created_at", instance->created_at);
    json_writer_member_text(body, "updated_at", instance->updated_at);
    json_writer_end_object(body);
}

int render_admin_instance_list(const struct api_request *request, const struct pg_rows *rows,
                               struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_INTERNAL, "instance_list gave no row");
    json_writer_begin_object(body);
    json_writer_member_number(body, "count", pg_rows_integer(rows, 0, INSTANCE_LIST_COUNT));
    json_writer_name(body, "instances");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        struct instance instance;
        if (pg_rows_is_null(rows, row, INSTANCE_LIST_FIRST))
            continue;
        instance_read(rows, row, INSTANCE_LIST_FIRST, &instance);
        write_instance(body, &instance);
    }
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

static int render_one(const struct pg_rows *rows, int first, const char *noun,
                      struct api_reply *reply, struct error *err)
{
    struct instance instance;
    if (rows->row_count == 0)
        return error_set_public(err, ERROR_NO_SUCH_RESOURCE, "%s", noun);
    instance_read(rows, 0, first, &instance);
    write_instance(&reply->body, &instance);
    api_reply_set_version(reply, instance.version);
    return 0;
}

int render_admin_instance(const struct api_request *request, const struct pg_rows *rows,
                          struct api_reply *reply, struct error *err)
{
    (void)request;
    return render_one(rows, 0, "instance", reply, err);
}

int render_admin_instance_created(const struct api_request *request, const struct pg_rows *rows,
                                  struct api_reply *reply, struct error *err)
{
    reply->status = HTTP_CREATED;
    snprintf(reply->location, sizeof(reply->location), "/admin/v1/projects/%s/instances/%s",
             request->project.text, request->new_id.text);
    struct text outcome = pg_rows_text(rows, 0, 0);
    if (text_equals(outcome, TEXT("no_project")))
        return error_set_public(err, ERROR_NO_SUCH_RESOURCE, "project");
    if (text_equals(outcome, TEXT("full")))
        return error_set(err, ERROR_INSTANCES_QUOTA, "no room for another instance");
    api_reply_set_subject(reply, request->new_id.text);
    return render_one(rows, 1, "project", reply, err);
}

int render_admin_instance_updated(const struct api_request *request, const struct pg_rows *rows,
                                  struct api_reply *reply, struct error *err)
{
    (void)request;
    if (text_equals(pg_rows_text(rows, 0, 0), TEXT("no_password")))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "username");
    if (check_update(rows, "instance", err) < 0)
        return -1;
    return render_one(rows, 1, "instance", reply, err);
}

/* The probe is a worker's; what is shown is as it was. */
int render_admin_instance_probed(const struct api_request *request, const struct pg_rows *rows,
                                 struct api_reply *reply, struct error *err)
{
    (void)request;
    reply->status = HTTP_ACCEPTED;
    return render_one(rows, 0, "instance", reply, err);
}
