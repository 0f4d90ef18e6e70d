/* Offline key analyses, in the form of the DCS v2 API and as the extended interface creates them.
 *
 * One is of a single node, which is shown as it was when the task was made.  What it found is
 * copied from its row as it is. */
#include <string.h>

#include "base/endpoint.h"
#include "base/json.h"
#include "base/scope.h"
#include "model/scan_task_store.h"
#include "operations.h"

static bool is_given(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    return member && !json_is_null(member);
}

/* What is no id is the id of no node. */
static int bind_node_id(const json_t *object, struct pg_parameters *parameters, struct error *err)
{
    struct text text;
    struct uuid node = {""};
    if (json_get_text(object, "node_id", SIZE_MAX, &text, err) < 0)
        return -1;
    uuid_parse(text, &node);
    pg_parameters_add_text(parameters, text_of(node.text));
    return 0;
}

static int bind_backup_id(const json_t *object, struct pg_parameters *parameters, struct error *err)
{
    struct text name = {NULL, 0};
    if (is_given(object, "backup_id")) {
        if (json_get_text(object, "backup_id", SCAN_BACKUP_ID_MAX, &name, err) < 0)
            return -1;
        if (!scan_backup_id_is_name(name))
            return error_set_public(err, ERROR_INVALID_PARAMETER, "backup_id");
    }
    pg_parameters_add_reference(parameters, name.bytes);
    return 0;
}

int bind_offline_create(struct api_request *request, struct pg_parameters *parameters,
                        struct error *err)
{
    if (parse_body(request, err) < 0)
        return -1;
    bind_creation(request, request->operation->kind, parameters);
    if (bind_offline_options(NULL, parameters, err) < 0 ||
        bind_node_id(request->object, parameters, err) < 0)
        return -1;
    return bind_backup_id(request->object, parameters, err);
}

/* Its body has options beside the node and the backup, and may be missing. */
int bind_offline_analysis_create(struct api_request *request, struct pg_parameters *parameters,
                                 struct error *err)
{
    if (request->body.length > 0 && parse_body(request, err) < 0)
        return -1;
    SCOPED(json_cleanup) json_t *options = json_copy(request->object);
    json_object_del(options, "node_id");
    json_object_del(options, "backup_id");
    bind_creation(request, &scan_kinds[SCAN_KIND_OFFLINE], parameters);
    if (bind_offline_options(options, parameters, err) < 0)
        return -1;
    if (!is_given(request->object, "node_id"))
        pg_parameters_add_reference(parameters, NULL);
    else if (bind_node_id(request->object, parameters, err) < 0)
        return -1;
    return bind_backup_id(request->object, parameters, err);
}

static int write_task_id(const char *id, struct api_reply *reply)
{
    api_reply_set_subject(reply, id);
    json_writer_begin_object(&reply->body);
    json_writer_member_text(&reply->body, "task_id", id);
    json_writer_end_object(&reply->body);
    return 0;
}

int render_offline_created(const struct api_request *request, const struct pg_rows *rows,
                           struct api_reply *reply, struct error *err)
{
    struct scan_task task;
    if (check_task_outcome(request, rows, err) < 0)
        return -1;
    scan_task_read(rows, 0, SCAN_TASK_FIRST, &task);
    return write_task_id(task.id, reply);
}

int render_offline_deleted(const struct api_request *request, const struct pg_rows *rows,
                           struct api_reply *reply, struct error *err)
{
    return check_task_outcome(request, rows, err) < 0 ? -1
                                                      : write_task_id(request->task.text, reply);
}

static void write_listed(struct json_writer *body, const struct pg_rows *rows, int row)
{
    struct scan_task task;
    scan_task_read(rows, row, SCAN_TASK_LIST_FIRST, &task);
    json_writer_member_text(body, "id", task.id);
    json_writer_member_text(body, "status", scan_status_name(task.status));
    write_task_times(body, &task);
}

int render_offline_list(const struct api_request *request, const struct pg_rows *rows,
                        struct api_reply *reply, struct error *err)
{
    static const struct task_page page = {.count_name = "total",
                                          .count_column = SCAN_TASK_LIST_COUNT,
                                          .first = SCAN_TASK_LIST_FIRST,
                                          .write_record = write_listed};
    return render_task_page(request, rows, &page, reply, err);
}

static void write_group_name(struct json_writer *body, const struct analysis_source *source)
{
    char name[32];
    snprintf(name, sizeof(name), "group-%lld", (long long)source->shard);
    json_writer_member_text(body, "group_name", name);
}

void write_node_head(struct json_writer *body, const struct analysis_source *source)
{
    struct endpoint endpoint = {.port = source->port};
    char name[ENDPOINT_TEXT_MAX + 1];
    snprintf(endpoint.host, sizeof(endpoint.host), "%s", source->host);
    endpoint_format(&endpoint, name);
    json_writer_member_text(body, "id", source->node_id);
    json_writer_member_text(body, "name", name);
    write_group_name(body, source);
}

/* A colon is in no name and in no IPv4 address. */
static void write_addresses(struct json_writer *body, const struct analysis_source *source)
{
    json_writer_member_text(body, "node_ip", source->host);
    if (strchr(source->host, ':'))
        json_writer_member_text(body, "node_ipv6", source->host);
}

int render_offline_nodes(const struct api_request *request, const struct pg_rows *rows,
                         struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    struct analysis_source source;
    if (check_task_outcome(request, rows, err) < 0)
        return -1;
    analysis_source_read(rows, 0, SCAN_TASK_SOURCE, &source);
    json_writer_begin_object(body);
    json_writer_name(body, "nodes");
    json_writer_begin_array(body);
    json_writer_begin_object(body);
    write_node_head(body, &source);
    write_addresses(body, &source);
    json_writer_end_object(body);
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

/* What is shown of one that has found nothing, or nothing yet. */
#define NOTHING_FOUND                                                                              \
    "\"largest_key_prefixes\":[],\"largest_keys\":[],\"total_bytes\":0,\"total_num\":0,"           \
    "\"type_bytes\":[],\"type_num\":[]"

static void write_members(struct json_writer *body, struct text members)
{
    struct text written = members.length > 0 ? members : TEXT(NOTHING_FOUND);
    json_writer_reserve(body, written.length + sizeof(",}"));
    json_writer_raw(body, ",", 1);
    json_writer_raw(body, written.bytes, written.length);
    json_writer_raw(body, "}", 1);
}

int render_offline(const struct api_request *request, const struct pg_rows *rows,
                   struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    struct scan_task task;
    struct analysis_source source;
    if (check_task_outcome(request, rows, err) < 0)
        return -1;
    scan_task_read(rows, 0, SCAN_TASK_FIRST, &task);
    analysis_source_read(rows, 0, SCAN_TASK_SOURCE, &source);
    api_reply_set_subject(reply, task.id);
    json_writer_begin_object(body);
    json_writer_member_text(body, "id", task.id);
    json_writer_member_text(body, "instance_id", task.instance_id);
    json_writer_member_text(body, "node_id", source.node_id);
    if (source.backup_id)
        json_writer_member_text(body, "backup_id", source.backup_id);
    write_group_name(body, &source);
    write_addresses(body, &source);
    json_writer_member_text(body, "node_type", source.role);
    json_writer_member_text(body, "analysis_type", source.backup_id ? "old_backup" : "new_backup");
    write_time(body, "started_at", task.started_at);
    write_time(body, "finished_at", task.finished_at);
    write_members(body, pg_rows_text(rows, 0, SCAN_TASK_KEYS));
    return 0;
}
