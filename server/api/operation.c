/* The table: every operation of the API.  A path's ids are named as struct api_request has them. */
#include "api/operation.h"

#include "model/instance_store.h"
#include "model/scan_task_store.h"
#include "operations.h"

#define INSTANCES "/v2/{project_id}/instances"
#define INSTANCE INSTANCES "/{instance_id}"
#define BIGKEY (&scan_kinds[SCAN_KIND_BIGKEY])
#define EXPIRED (&scan_kinds[SCAN_KIND_EXPIRED])

const struct operation operations[] = {
    {HTTP_POST, INSTANCE "/bigkey-task", "dcs:instance:analyzeBigKey", BIGKEY, &scan_task_create,
     bind_task_create, render_task_detail},
    {HTTP_GET, INSTANCE "/bigkey-tasks", "dcs:instance:listBigKey", BIGKEY, &scan_task_list,
     bind_task_list, render_task_list},
    {HTTP_GET, INSTANCE "/bigkey-task/{task_id}", "dcs:instance:getBigKey", BIGKEY,
     &scan_task_show, bind_task, render_task_detail},
    {HTTP_DELETE, INSTANCE "/bigkey-task/{task_id}", "dcs:instance:deleteBigKeyScanTask", BIGKEY,
     &scan_task_delete, bind_task, render_task_deleted},

    {HTTP_POST, INSTANCE "/scan-expire-keys-task", "dcs:instance:analyzeExpiredKey", EXPIRED,
     &scan_task_create, bind_task_create, render_expired_created},
    {HTTP_POST, INSTANCE "/auto-expire/scan", "dcs:instance:analyzeExpiredKey", EXPIRED,
     &scan_task_create, bind_task_create, render_expired_created},
    {HTTP_GET, INSTANCE "/auto-expire/histories", "dcs:instance:getAutoExpiredKeyScanTask", EXPIRED,
     &scan_task_list, bind_task_list, render_expired_histories},

    {HTTP_GET, INSTANCES, "dcs:instance:list", NULL, &instance_list, bind_instance_list,
     render_instance_list},
    {HTTP_GET, INSTANCE, "dcs:instance:get", NULL, &instance_show, bind_instance, render_instance},
};

const size_t operation_count = sizeof(operations) / sizeof(operations[0]);

static const char *const method_names[HTTP_METHOD_COUNT] = {"GET", "POST", "PUT", "DELETE"};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

int http_method_parse(struct text name, enum http_method *ret_method)
{
    if (text_equals(name, TEXT("HEAD")))
        name = TEXT("GET");
    for (int i = 0; i < HTTP_METHOD_COUNT; i++) {
        if (text_equals(name, text_of(method_names[i]))) {
            *ret_method = (enum http_method)i;
            return 0;
        }
    }
    return -1;
}
