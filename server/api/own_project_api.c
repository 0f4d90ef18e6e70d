/* The tenant's own project, in the form of an identity service's list: what official SDKs ask for
 * with the name of a region, where they were not told a project's id. */
#include "model/project_store.h"
#include "operations.h"

int render_own_project(const struct api_request *request, const struct pg_rows *rows,
                       struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_FORBIDDEN, "its project is none of ours");
    json_writer_begin_object(body);
    json_writer_name(body, "projects");
    json_writer_begin_array(body);
    json_writer_begin_object(body);
    write_id_column(body, "id", rows, 0, PROJECT_ID);
    json_writer_member_text(body, "name", pg_rows_string(rows, 0, PROJECT_NAME));
    json_writer_member_boolean(body, "enabled", true);
    json_writer_end_object(body);
    json_writer_end_array(body);
    json_writer_name(body, "links");
    json_writer_begin_object(body);
    json_writer_end_object(body);
    json_writer_end_object(body);
    return 0;
}
