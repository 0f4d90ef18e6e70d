/* The bind and render functions that the table of operations names; not for other layers. */
#ifndef API_OPERATIONS_H
#define API_OPERATIONS_H

#include "api/operation.h"

operation_bind_fn bind_task_create, bind_task, bind_task_list;
operation_render_fn render_task_detail, render_task_deleted, render_task_list;
operation_render_fn render_expired_created, render_expired_histories;

operation_bind_fn bind_instance_list, bind_instance;
operation_render_fn render_instance_list, render_instance;

/* `offset` and `limit`, within the contract's bounds. */
int bind_page(const struct api_request *request, struct pg_parameters *parameters,
              struct error *err);

#endif
