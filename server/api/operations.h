/* The bind and render functions that the table of operations names; not for other layers. */
#ifndef API_OPERATIONS_H
#define API_OPERATIONS_H

#include "api/operation.h"
#include "model/scan_task.h"

/* Scan tasks. */
operation_bind_fn bind_task_create, bind_task, bind_task_list;
operation_render_fn render_task_detail, render_task_deleted, render_task_list;
operation_render_fn render_expired_created, render_expired_histories, render_hotkey_export;

/* Offline analyses, of one node each. */
operation_bind_fn bind_offline_create, bind_offline_analysis_create;
operation_render_fn render_offline_created, render_offline_list, render_offline,
    render_offline_deleted, render_offline_nodes;

/* The extended interface: analyses of whole keyspaces, and tasks of all kinds. */
operation_bind_fn bind_analysis_create, bind_analysis, bind_analysis_list, bind_analysis_schedule,
    bind_task_list_all, bind_task_progress, bind_export, bind_comparison, bind_series;
operation_render_fn render_analysis, render_analysis_deleted, render_analysis_list,
    render_analysis_schedule, render_task_list_all, render_task_progress, render_task_events,
    render_export, render_comparison, render_series, render_instance_overview;

/* Webhooks. */
operation_bind_fn bind_webhook_list, bind_webhook_create, bind_webhook, bind_webhook_update,
    bind_webhook_deliveries;
operation_render_fn render_webhook_list, render_webhook, render_webhook_created,
    render_webhook_updated, render_webhook_deleted, render_webhook_deliveries,
    render_webhook_tested;

/* Autoscan configuration. */
operation_bind_fn bind_autoscan, bind_autoscan_times, bind_autoscan_interval;
operation_render_fn render_autoscan_times, render_autoscan_interval;

/* Instances, as tenants see them. */
operation_bind_fn bind_instance_list, bind_instance;
operation_render_fn render_instance_list, render_instance, render_nodes, render_configs;

/* The tenant's own project, as an identity service lists it. */
operation_render_fn render_own_project;

/* Administration. */
operation_bind_fn bind_project_list, bind_project_create, bind_project, bind_project_update;
operation_render_fn render_project_list, render_project, render_project_created,
    render_project_updated, render_deleted;
operation_bind_fn bind_key_list, bind_key_create, bind_key, bind_key_update;
operation_render_fn render_key_list, render_key, render_key_created, render_key_updated;
operation_bind_fn bind_admin_instance_create, bind_admin_instance_update;
operation_render_fn render_admin_instance_list, render_admin_instance,
    render_admin_instance_created, render_admin_instance_updated, render_admin_instance_probed;

/* What the statement that creates a task takes, but for its options, node and backup; and that it
 * has neither of the latter. */
void bind_creation(const struct api_request *request, const struct scan_kind *kind,
                   struct pg_parameters *parameters);
void bind_no_node(struct pg_parameters *parameters);
/* What a statement on a task says happened, as an error; 0 where it is not one. */
int check_task_outcome(const struct api_request *request, const struct pg_rows *rows,
                       struct error *err);
/* The members that every form of a task begins with, and its times. */
void write_task_head(struct json_writer *body, const struct scan_task *task, bool with_instance);
void write_task_times(struct json_writer *body, const struct scan_task *task);

/* A page of tasks: `instance_id`, what `page` says, and `records` of an object for each row that
 * has one at its column `first`, whose members write_record writes. */
struct task_page {
    const char *count_name; /* of the number of all that match, at count_column */
    int count_column;
    const char *total_name; /* of the sum at total_column; null: there is none */
    int total_column;
    int first;
    void (*write_record)(struct json_writer *body, const struct pg_rows *rows, int row);
};
int render_task_page(const struct api_request *request, const struct pg_rows *rows,
                     const struct task_page *page, struct api_reply *reply, struct error *err);

/* A node as `id`, `name`, which is its address and port, and `group_name`. */
void write_node_head(struct json_writer *body, const struct analysis_source *source);
/* Where an analysis has its keys from: `source`, and of an offline one `node` and `backup_id`. */
void write_source(struct json_writer *body, const struct pg_rows *rows, int row, int first_column);

/* The parameter `status`, or null where it was not sent. */
int bind_status(const struct api_request *request, struct pg_parameters *parameters,
                struct error *err);
/* The parameter `format`, which is one of `json`, the default, and `csv`. */
int check_format(const struct api_request *request, struct error *err);
bool wants_csv(const struct api_request *request);

/* The options of an analysis: read out of a JSON object, or null for the defaults, and bound
 * complete; and as a member out of a row, where no bytes are the defaults. */
int bind_options(json_t *object, struct pg_parameters *parameters, struct error *err);
/* The same of an offline analysis, which cannot choose its measures. */
int bind_offline_options(json_t *object, struct pg_parameters *parameters, struct error *err);
void write_options(struct json_writer *body, struct text options);

/* `offset` and `limit`, within the contract's bounds. */
int bind_page(const struct api_request *request, struct pg_parameters *parameters,
              struct error *err);
/* The project's and the instance's id. */
void bind_ids(const struct api_request *request, struct pg_parameters *parameters);
/* Parses the body into request->object. */
int parse_body(struct api_request *request, struct error *err);
/* A token or a fingerprint; null is SQL NULL. */
void bind_token(struct pg_parameters *parameters, const unsigned char *token);
/* What makes it the same request as an earlier one: its signature, and its fingerprint. */
void bind_request(const struct api_request *request, struct pg_parameters *parameters);
/* The version in If-Match, which must be there. */
int bind_version(const struct api_request *request, struct pg_parameters *parameters,
                 struct error *err);

/* `name` of a project or an instance: 1 to 64 bytes without control characters that are no id. */
int read_name(const json_t *object, struct text *ret_name, struct error *err);
/* What the outcome of an update says, as an error. */
int check_update(const struct pg_rows *rows, const char *noun, struct error *err);

/* A time of a row as a member; left out where there is none. */
void write_time(struct json_writer *body, const char *name, const char *time);
/* A number of a row as a member; left out where it is null. */
void write_number_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                         int row, int column);
/* A text of a row as a member; left out where it is null. */
void write_text_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                       int row, int column);
/* A timestamp of a row as a member; left out where it is null. */
void write_time_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                       int row, int column);
/* A project's id of a row as a member, 32 digits; left out where it is null. */
void write_id_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                     int row, int column);

#endif
