/* Operations on instances: what tenants see of what operators registered and the last probe found.
 */
#include <stdio.h>
#include <string.h>

#include "base/endpoint.h"
#include "model/instance_store.h"
#include "operations.h"

enum { MEBIBYTE = 1024 * 1024, FILTER_MAX = 256 };

static const int64_t gibibyte = (int64_t)1024 * MEBIBYTE;

static int bind_instance_id(const struct api_request *request, struct pg_parameters *parameters,
                            struct error *err)
{
    struct text id = api_query_find(&request->query, "instance_id");
    struct uuid uuid;
    if (!id.bytes) {
        pg_parameters_add_reference(parameters, NULL);
        return 0;
    }
    if (uuid_parse(id, &uuid) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "instance_id");
    pg_parameters_add_text(parameters, text_of(uuid.text));
    return 0;
}

static int bind_name(const struct api_request *request, struct pg_parameters *parameters,
                     struct error *err)
{
    struct text name = api_query_find(&request->query, "name");
    struct text equal = api_query_find(&request->query, "name_equal");
    if (name.length > FILTER_MAX)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "name");
    bool whole = text_equals(equal, TEXT("true"));
    if (equal.bytes && !whole && !text_equals(equal, TEXT("false")))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "name_equal");
    pg_parameters_add_reference(parameters, whole ? NULL : name.bytes);
    pg_parameters_add_reference(parameters, whole ? name.bytes : NULL);
    return 0;
}

/* The instances that the policy of who asks is limited to, separated by commas; or null. */
static const char *allowed_instances(struct api_request *request)
{
    const struct policy *policy = request->policy;
    if (!policy || !policy->is_limited)
        return NULL;
    size_t entry = UUID_TEXT_LENGTH + 1;
    char *list = api_request_allocate(request, (size_t)policy->instance_count * entry + 1);
    for (int i = 0; i < policy->instance_count; i++) {
        memcpy(list + (size_t)i * entry, policy->instances[i].text, UUID_TEXT_LENGTH);
        list[(size_t)i * entry + UUID_TEXT_LENGTH] = i + 1 < policy->instance_count ? ',' : '\0';
    }
    return list;
}

int bind_instance_list(struct api_request *request, struct pg_parameters *parameters,
                       struct error *err)
{
    pg_parameters_add_reference(parameters, request->project.text);
    if (bind_instance_id(request, parameters, err) < 0 || bind_name(request, parameters, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, api_query_find(&request->query, "status").bytes);
    pg_parameters_add_reference(parameters, api_query_find(&request->query, "ip").bytes);
    if (bind_page(request, parameters, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, allowed_instances(request));
    return 0;
}

/* `ip` has all hosts, separated by commas; `domain_name` and `port` are the first one's. */
static void write_endpoints(struct json_writer *body, const struct instance *instance)
{
    struct json_writer hosts;
    struct endpoint first = {0};
    json_writer_init(&hosts);
    for (const char *rest = instance->endpoints; *rest;) {
        size_t length = strcspn(rest, ",");
        struct endpoint endpoint;
        if (endpoint_parse((struct text){rest, length}, &endpoint) == 0) {
            json_writer_raw(&hosts, ",", hosts.length > 0);
            json_writer_raw(&hosts, endpoint.host, strlen(endpoint.host));
            if (first.port == 0)
                first = endpoint;
        }
        rest += length + (rest[length] == ',');
    }
    json_writer_member_text(body, "ip", hosts.text);
    json_writer_member_number(body, "port", first.port);
    json_writer_member_text(body, "domain_name", first.host);
    json_writer_release(&hosts);
}

/* `7.0` of `7.0.15`. */
static void write_version(struct json_writer *body, const char *version)
{
    size_t length = 0;
    for (int dots = 0; version && version[length]; length++) {
        if (version[length] == '.' && ++dots == 2)
            break;
    }
    json_writer_name(body, "engine_version");
    json_writer_text(body, version ? version : "", length);
}

static void write_members(struct json_writer *body, const struct instance *instance)
{
    char spec_code[64];
    snprintf(spec_code, sizeof(spec_code), "redis.%s", instance->cache_mode);
    json_writer_member_text(body, "instance_id", instance->id);
    json_writer_member_text(body, "name", instance->name);
    /* Clients know one engine by that name; Valkey answers to it as well. */
    json_writer_member_text(body, "engine", "Redis");
    write_version(body, instance->engine_version);
    write_endpoints(body, instance);
    json_writer_member_text(body, "status", instance->status);
    json_writer_member_text(body, "sub_status", "normal");
    json_writer_member_text(body, "spec_code", spec_code);
    json_writer_member_number(body, "capacity", (instance->maxmemory + gibibyte - 1) / gibibyte);
    json_writer_member_number(body, "max_memory", instance->maxmemory / MEBIBYTE);
    json_writer_member_number(body, "used_memory", instance->used_memory / MEBIBYTE);
    json_writer_member_text(body, "no_password_access", instance->has_password ? "false" : "true");
    json_writer_member_boolean(body, "enable_ssl", instance->enable_ssl);
    json_writer_member_text(body, "created_at", instance->created_at);
    json_writer_member_text(body, "updated_at", instance->updated_at);
    json_writer_member_text(body, "description", instance->description);
    json_writer_name(body, "tags");
    json_writer_begin_array(body);
    json_writer_end_array(body);
}

int render_instance_list(const struct api_request *request, const struct pg_rows *rows,
                         struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_INTERNAL, "instance_list gave no row");
    json_writer_begin_object(body);
    json_writer_member_number(body, "instance_num", pg_rows_integer(rows, 0, INSTANCE_LIST_COUNT));
    json_writer_name(body, "instances");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        struct instance instance;
        if (pg_rows_is_null(rows, row, INSTANCE_LIST_FIRST))
            continue;
        instance_read(rows, row, INSTANCE_LIST_FIRST, &instance);
        json_writer_begin_object(body);
        write_members(body, &instance);
        json_writer_end_object(body);
    }
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

/* Before the first probe no node is known; there is one at least. */
static int64_t at_least_one(const struct pg_rows *rows, int column)
{
    int64_t number = pg_rows_integer(rows, 0, column);
    return number > 0 ? number : 1;
}

int render_instance(const struct api_request *request, const struct pg_rows *rows,
                    struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    struct instance instance;
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
    instance_read(rows, 0, 0, &instance);
    json_writer_begin_object(body);
    write_members(body, &instance);
    json_writer_member_text(body, "cache_mode", instance.cache_mode);
    json_writer_member_number(body, "db_number", instance.databases);
    json_writer_member_number(body, "replica_count", at_least_one(rows, INSTANCE_SHOW_REPLICAS));
    json_writer_member_number(body, "sharding_count", at_least_one(rows, INSTANCE_SHOW_SHARDS));
    json_writer_member_text(body, "product_type", "generic");
    json_writer_end_object(body);
    return 0;
}
