/* The instances of a project at a glance: what each is, what runs on it and what is known of it. */
#include "model/instance_store.h"
#include "operations.h"

static void write_last_analysis(struct json_writer *body, const struct pg_rows *rows, int row)
{
    if (pg_rows_is_null(rows, row, INSTANCE_OVERVIEW_LAST_ID))
        return;
    json_writer_name(body, "last_analysis");
    json_writer_begin_object(body);
    write_text_column(body, "id", rows, row, INSTANCE_OVERVIEW_LAST_ID);
    write_time_column(body, "finished_at", rows, row, INSTANCE_OVERVIEW_LAST_AT);
    write_number_column(body, "keys", rows, row, INSTANCE_OVERVIEW_LAST_KEYS);
    write_number_column(body, "bytes", rows, row, INSTANCE_OVERVIEW_LAST_BYTES);
    write_source(body, rows, row, INSTANCE_OVERVIEW_LAST_SOURCE);
    json_writer_end_object(body);
}

/* What only a probe finds out. */
static void write_findings(struct json_writer *body, const struct instance *instance)
{
    if (instance->engine)
        json_writer_member_text(body, "engine", instance->engine);
    if (instance->engine_version)
        json_writer_member_text(body, "engine_version", instance->engine_version);
    if (instance->node_role)
        json_writer_member_text(body, "node_role", instance->node_role);
    if (instance->probed_at[0]) {
        json_writer_member_number(body, "databases", instance->databases);
        json_writer_member_number(body, "used_memory", instance->used_memory);
        json_writer_member_number(body, "maxmemory", instance->maxmemory);
    }
    if (instance->maxmemory_policy)
        json_writer_member_text(body, "maxmemory_policy", instance->maxmemory_policy);
    write_time(body, "probed_at", instance->probed_at);
}

static void write_instance(struct json_writer *body, const struct pg_rows *rows, int row)
{
    struct instance instance;
    struct text active = pg_rows_text(rows, row, INSTANCE_OVERVIEW_ACTIVE);
    instance_read(rows, row, INSTANCE_OVERVIEW_FIRST, &instance);
    json_writer_begin_object(body);
    json_writer_member_text(body, "id", instance.id);
    json_writer_member_text(body, "name", instance.name);
    if (instance.description[0])
        json_writer_member_text(body, "description", instance.description);
    json_writer_member_text(body, "cache_mode", instance.cache_mode);
    json_writer_member_text(body, "status", instance.status);
    json_writer_member_boolean(body, "enable_ssl", instance.enable_ssl);
    write_findings(body, &instance);
    json_writer_name(body, "active");
    json_writer_value(body, active.bytes, active.length);
    write_last_analysis(body, rows, row);
    write_time_column(body, "next_schedule_at", rows, row, INSTANCE_OVERVIEW_NEXT_AT);
    json_writer_end_object(body);
}

int render_instance_overview(const struct api_request *request, const struct pg_rows *rows,
                             struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_INTERNAL, "instance_overview gave no row");
    json_writer_begin_object(body);
    json_writer_member_number(body, "count", pg_rows_integer(rows, 0, INSTANCE_OVERVIEW_COUNT));
    json_writer_name(body, "instances");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        if (!pg_rows_is_null(rows, row, INSTANCE_OVERVIEW_FIRST))
            write_instance(body, rows, row);
    }
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}
