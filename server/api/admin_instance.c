/* Administration of instances: how they are reached, with everything that a tenant does not see. */
#include <stdio.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/json.h"
#include "model/instance_store.h"
#include "operations.h"

enum {
    DESCRIPTION_MAX = 1024,
    ENDPOINTS_MAX = 64,
    ENDPOINTS_TEXT_MAX = ENDPOINTS_MAX * (ENDPOINT_TEXT_MAX + 1),
    CA_MAX = 32 * 1024,
    SERVER_NAME_MAX = 255,
    USERNAME_MAX = 512,
};

static int invalid(const char *name, struct error *err)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
}

static bool is_given(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    return member && !json_is_null(member);
}

/* Text that may be left out or null; then fallback, which may be null. */
static int bind_text(const json_t *object, const char *name, size_t longest, const char *fallback,
                     struct pg_parameters *parameters, struct error *err)
{
    struct text text = {fallback, 0};
    if (is_given(object, name) && json_get_text(object, name, longest, &text, err) < 0)
        return -1;
    if (text.bytes && memchr(text.bytes, '\0', text.length))
        return invalid(name, err);
    pg_parameters_add_reference(parameters, text.bytes);
    return 0;
}

static int bind_flag(const json_t *object, const char *name, struct pg_parameters *parameters,
                     struct error *err)
{
    bool flag = false;
    if (is_given(object, name) && json_get_boolean(object, name, &flag, err) < 0)
        return -1;
    pg_parameters_add_boolean(parameters, flag);
    return 0;
}

static int bind_cache_mode(const json_t *object, struct pg_parameters *parameters,
                           struct error *err)
{
    static const char *const modes[] = {"single", "ha", "ha_rw_split", "proxy", "cluster"};
    struct text mode = TEXT("single");
    if (is_given(object, "cache_mode") &&
        json_get_text(object, "cache_mode", SERVER_NAME_MAX, &mode, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (text_equals(mode, text_of(modes[i]))) {
            pg_parameters_add_reference(parameters, modes[i]);
            return 0;
        }
    }
    return invalid("cache_mode", err);
}

static int bind_endpoints(struct api_request *request, struct pg_parameters *parameters,
                          struct error *err)
{
    json_t *array;
    size_t index;
    const json_t *entry;
    if (json_get_array(request->object, "endpoints", &array, err) < 0)
        return -1;
    if (json_array_size(array) < 1 || json_array_size(array) > ENDPOINTS_MAX)
        return invalid("endpoints", err);
    char *joined = api_request_allocate(request, ENDPOINTS_TEXT_MAX + 1), *end = joined;
    json_array_foreach(array, index, entry)
    {
        struct endpoint endpoint;
        struct text text = {json_string_value(entry), json_string_length(entry)};
        if (!json_is_string(entry) || endpoint_parse(text, &endpoint) < 0)
            return invalid("endpoints", err);
        if (index > 0)
            *end++ = ',';
        endpoint_format(&endpoint, end);
        end += strlen(end);
    }
    pg_parameters_add_reference(parameters, joined);
    return 0;
}

/* Seals the password that is given; SQL NULL where none is. */
static int bind_password(struct api_request *request, const struct uuid *instance,
                         struct pg_parameters *parameters, struct error *err)
{
    unsigned char sealed[SECRET_MAX + SECRET_OVERHEAD];
    struct text password;
    size_t length;
    if (!is_given(request->object, "password")) {
        pg_parameters_add_reference(parameters, NULL);
        return 0;
    }
    if (json_get_text(request->object, "password", SECRET_MAX, &password, err) < 0)
        return -1;
    if (password.length == 0)
        return invalid("password", err);
    if (secret_seal(request->context->keyring, instance->text, password.bytes, password.length,
                    sealed, &length, err) < 0)
        return -1;
    char *digits = api_request_allocate(request, 2 + 2 * length + 1);
    memcpy(digits, "\\x", 2);
    text_format_hex(sealed, length, digits + 2);
    pg_parameters_add_reference(parameters, digits);
    return 0;
}

/* A user needs a password; TLS's members need TLS. */
static int check_members(const json_t *object, bool has_password, struct error *err)
{
    bool tls = json_is_true(json_object_get(object, "tls"));
    if (!tls && is_given(object, "tls_ca"))
        return invalid("tls_ca", err);
    if (!tls && is_given(object, "tls_server_name"))
        return invalid("tls_server_name", err);
    if (is_given(object, "username") && !has_password)
        return invalid("username", err);
    return 0;
}

static int bind_members(struct api_request *request, const struct uuid *instance,
                        struct pg_parameters *parameters, struct error *err)
{
    const json_t *object = request->object;
    struct text name;
    if (read_name(object, &name, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, name.bytes);
    if (bind_text(object, "description", DESCRIPTION_MAX, "", parameters, err) < 0 ||
        bind_cache_mode(object, parameters, err) < 0 ||
        bind_endpoints(request, parameters, err) < 0 ||
        bind_flag(object, "tls", parameters, err) < 0 ||
        bind_text(object, "tls_ca", CA_MAX, NULL, parameters, err) < 0 ||
        bind_text(object, "tls_server_name", SERVER_NAME_MAX, NULL, parameters, err) < 0 ||
        bind_text(object, "username", USERNAME_MAX, NULL, parameters, err) < 0 ||
        bind_password(request, instance, parameters, err) < 0)
        return -1;
    return bind_flag(object, "hotkeys_command", parameters, err);
}

int bind_admin_instance_create(struct api_request *request, struct pg_parameters *parameters,
                               struct error *err)
{
    if (parse_body(request, err) < 0 ||
        check_members(request->object, is_given(request->object, "password"), err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, request->project.text);
    pg_parameters_add_reference(parameters, request->new_id.text);
    return bind_members(request, &request->new_id, parameters, err);
}

/* A password that is left out stays as it is; null takes it away. */
int bind_admin_instance_update(struct api_request *request, struct pg_parameters *parameters,
                               struct error *err)
{
    if (parse_body(request, err) < 0)
        return -1;
    bool keep = json_object_get(request->object, "password") == NULL;
    if (check_members(request->object, keep || is_given(request->object, "password"), err) < 0)
        return -1;
    bind_ids(request, parameters);
    if (bind_members(request, &request->instance, parameters, err) < 0)
        return -1;
    pg_parameters_add_boolean(parameters, keep);
    return bind_version(request, parameters, err);
}

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
    return render_one(rows, 0, "project", reply, err);
}

int render_admin_instance_updated(const struct api_request *request, const struct pg_rows *rows,
                                  struct api_reply *reply, struct error *err)
{
    (void)request;
    if (text_equals(pg_rows_text(rows, 0, 0), TEXT("no_password")))
        return invalid("username", err);
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
