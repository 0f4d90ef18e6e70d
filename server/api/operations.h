/* The bind and render functions that the table of operations names; not for other layers. */
#ifndef API_OPERATIONS_H
#define API_OPERATIONS_H

#include "api/operation.h"

/* Scan tasks. */
operation_bind_fn bind_task_create, bind_task, bind_task_list;
operation_render_fn render_task_detail, render_task_deleted, render_task_list;
operation_render_fn render_expired_created, render_expired_histories, render_hotkey_export;

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
/* A timestamp of a row as a member; left out where it is null. */
void write_time_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                       int row, int column);
/* A project's id of a row as a member, 32 digits; left out where it is null. */
void write_id_column(struct json_writer *body, const char *name, const struct pg_rows *rows,
                     int row, int column);

#endif
