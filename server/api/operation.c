/* The table: every operation of the API.  A path's ids are named as struct api_request has them. */
#include "api/operation.h"

#include <stddef.h>
#include <stdlib.h>

#include "api/grant.h"
#include "auth/policy.h"
#include "model/access_key_store.h"
#include "model/analysis_store.h"
#include "model/autoscan_store.h"
#include "model/instance_store.h"
#include "model/project_store.h"
#include "model/scan_task_store.h"
#include "model/webhook_store.h"
#include "operations.h"

#define INSTANCES "/v2/{project_id}/instances"
#define INSTANCE INSTANCES "/{instance_id}"
#define EXT "/ext/v1/{project_id}"
#define EXT_INSTANCE EXT "/instances/{instance_id}"
#define WEBHOOK EXT "/webhooks/{webhook_id}"
#define ADMIN "/admin/v1"
#define PROJECT ADMIN "/projects/{project_id}"
#define PROJECT_INSTANCE PROJECT "/instances/{instance_id}"
#define KEY ADMIN "/access-keys/{access_key_id}"
#define BIGKEY (&scan_kinds[SCAN_KIND_BIGKEY])
#define HOTKEY (&scan_kinds[SCAN_KIND_HOTKEY])
#define EXPIRED (&scan_kinds[SCAN_KIND_EXPIRED])
#define OFFLINE (&scan_kinds[SCAN_KIND_OFFLINE])
#define ANALYSIS (&scan_kinds[SCAN_KIND_ANALYSIS])
#define OFFLINES INSTANCE "/offline/key-analysis"

const struct operation operations[] = {
    {HTTP_POST, INSTANCE "/bigkey-task", "dcs:instance:analyzeBigKey", BIGKEY, &scan_task_create,
     bind_task_create, render_task_detail, false},
    {HTTP_GET, INSTANCE "/bigkey-tasks", "dcs:instance:listBigKey", BIGKEY, &scan_task_list,
     bind_task_list, render_task_list, false},
    {HTTP_GET, INSTANCE "/bigkey-task/{task_id}", "dcs:instance:getBigKey", BIGKEY, &scan_task_show,
     bind_task, render_task_detail, false},
    {HTTP_DELETE, INSTANCE "/bigkey-task/{task_id}", "dcs:instance:deleteBigKeyScanTask", BIGKEY,
     &scan_task_delete, bind_task, render_task_deleted, false},
    {HTTP_GET, INSTANCE "/bigkey/autoscan", "dcs:instance:getBigKeyAutoScanConfig", BIGKEY,
     &autoscan_show, bind_autoscan, render_autoscan_times, false},
    {HTTP_PUT, INSTANCE "/bigkey/autoscan", "dcs:instance:updateBigKeyAutoScanConfig", BIGKEY,
     &autoscan_write_times, bind_autoscan_times, render_autoscan_times, false},

    {HTTP_POST, INSTANCE "/hotkey-task", "dcs:instance:analyzeHotKey", HOTKEY, &scan_task_create,
     bind_task_create, render_task_detail, false},
    {HTTP_GET, INSTANCE "/hotkey-tasks", "dcs:instance:listHotKey", HOTKEY, &scan_task_list,
     bind_task_list, render_task_list, false},
    {HTTP_GET, INSTANCE "/hotkey-task/{task_id}", "dcs:instance:getHotKey", HOTKEY, &scan_task_show,
     bind_task, render_task_detail, false},
    {HTTP_DELETE, INSTANCE "/hotkey-task/{task_id}", "dcs:instance:deleteHotKeyScanTask", HOTKEY,
     &scan_task_delete, bind_task, render_task_deleted, false},
    {HTTP_GET, INSTANCE "/hotkey/autoscan", "dcs:instance:getHotKeyAutoScanConfig", HOTKEY,
     &autoscan_show, bind_autoscan, render_autoscan_times, false},
    {HTTP_PUT, INSTANCE "/hotkey/autoscan", "dcs:instance:updateHotKeyAutoScanConfig", HOTKEY,
     &autoscan_write_times, bind_autoscan_times, render_autoscan_times, false},
    {HTTP_POST, INSTANCE "/hotkey/{task_id}/export", "dcs:instance:analyzeHotKey", HOTKEY,
     &scan_task_show, bind_task, render_hotkey_export, false},

    {HTTP_POST, INSTANCE "/scan-expire-keys-task", "dcs:instance:analyzeExpiredKey", EXPIRED,
     &scan_task_create, bind_task_create, render_expired_created, false},
    {HTTP_POST, INSTANCE "/auto-expire/scan", "dcs:instance:analyzeExpiredKey", EXPIRED,
     &scan_task_create, bind_task_create, render_expired_created, false},
    {HTTP_GET, INSTANCE "/auto-expire/histories", "dcs:instance:getAutoExpiredKeyScanTask", EXPIRED,
     &scan_task_list, bind_task_list, render_expired_histories, false},
    {HTTP_GET, INSTANCE "/scan-expire-keys/autoscan-config", "dcs:instance:getExpiredKeyScanConfig",
     EXPIRED, &autoscan_show, bind_autoscan, render_autoscan_interval, false},
    {HTTP_PUT, INSTANCE "/scan-expire-keys/autoscan-config",
     "dcs:instance:updateExpiredKeyScanConfig", EXPIRED, &autoscan_write_interval,
     bind_autoscan_interval, render_autoscan_interval, false},

    {HTTP_POST, OFFLINES, "dcs:instance:analyzeOfflineKey", OFFLINE, &scan_task_create,
     bind_offline_create, render_offline_created, false},
    {HTTP_GET, OFFLINES, "dcs:instance:listOfflineKeyAnalysisTask", OFFLINE, &scan_task_list,
     bind_task_list, render_offline_list, false},
    {HTTP_GET, OFFLINES "/{task_id}", "dcs:instance:getOfflineKeyAnalysisTask", OFFLINE,
     &scan_task_show_offline, bind_task, render_offline, false},
    {HTTP_DELETE, OFFLINES "/{task_id}", "dcs:instance:deleteOfflineKeyAnalysisTask", OFFLINE,
     &scan_task_delete_offline, bind_task, render_offline_deleted, false},
    {HTTP_GET, OFFLINES "/{task_id}/nodes", "dcs:instance:getOfflineKeyAnalysisTask", OFFLINE,
     &scan_task_show_node, bind_task, render_offline_nodes, false},

    {HTTP_GET, INSTANCES, "dcs:instance:list", NULL, &instance_list, bind_instance_list,
     render_instance_list, false},
    {HTTP_GET, INSTANCE, "dcs:instance:get", NULL, &instance_show, bind_instance, render_instance,
     false},
    {HTTP_GET, INSTANCE "/logical-nodes", "dcs:instance:get", NULL, &instance_nodes, bind_instance,
     render_nodes, false},
    {HTTP_GET, INSTANCE "/configs", "dcs:instance:getConfiguration", NULL, &instance_configs,
     bind_instance, render_configs, false},

    {HTTP_GET, "/v3/projects", ACTION_OWN_PROJECT, NULL, &project_show, bind_project,
     render_own_project, false},

    {HTTP_POST, "/ext/v1/login", "iam:tokens:create", NULL, NULL, NULL, NULL, false},
    {HTTP_GET, EXT "/instances", "dcs:instance:list", NULL, &instance_overview, bind_instance_list,
     render_instance_overview, false},
    {HTTP_POST, EXT_INSTANCE "/analyses", "dcs:instance:analyzeKeys", ANALYSIS, &scan_task_create,
     bind_analysis_create, render_analysis, false},
    {HTTP_GET, EXT_INSTANCE "/analyses", "dcs:instance:listAnalyses", ANALYSIS, &analysis_list,
     bind_analysis_list, render_analysis_list, false},
    {HTTP_GET, EXT_INSTANCE "/analyses/{task_id}", "dcs:instance:getAnalysis", ANALYSIS,
     &scan_task_show_analysis, bind_analysis, render_analysis, false},
    {HTTP_DELETE, EXT_INSTANCE "/analyses/{task_id}", "dcs:instance:deleteAnalysis", ANALYSIS,
     &scan_task_delete_analysis, bind_analysis, render_analysis_deleted, false},
    {HTTP_POST, EXT_INSTANCE "/offline-analyses", "dcs:instance:analyzeOfflineKey", ANALYSIS,
     &scan_task_create, bind_offline_analysis_create, render_analysis, false},
    {HTTP_GET, EXT_INSTANCE "/analysis-schedule", "dcs:instance:getAnalysisSchedule", ANALYSIS,
     &autoscan_show, bind_autoscan, render_analysis_schedule, false},
    {HTTP_PUT, EXT_INSTANCE "/analysis-schedule", "dcs:instance:updateAnalysisSchedule", ANALYSIS,
     &autoscan_write_times, bind_analysis_schedule, render_analysis_schedule, false},
    {HTTP_GET, EXT_INSTANCE "/tasks", "dcs:instance:listTasks", ANALYSIS, &scan_task_list_all,
     bind_task_list_all, render_task_list_all, false},
    {HTTP_GET, EXT_INSTANCE "/tasks/{task_id}", "dcs:instance:getTask", ANALYSIS,
     &scan_task_progress, bind_task_progress, render_task_progress, false},
    {HTTP_GET, EXT_INSTANCE "/tasks/{task_id}/events", "dcs:instance:getTask", ANALYSIS,
     &scan_task_progress, bind_task_progress, render_task_events, false},
    {HTTP_GET, EXT_INSTANCE "/tasks/{task_id}/export", "dcs:instance:exportAnalysis", ANALYSIS,
     &analysis_export, bind_export, render_export, false},
    {HTTP_GET, EXT_INSTANCE "/comparison", "dcs:instance:compareAnalyses", ANALYSIS,
     &analysis_compare, bind_comparison, render_comparison, false},
    {HTTP_GET, EXT_INSTANCE "/series", "dcs:instance:getSeries", ANALYSIS, &analysis_series,
     bind_series, render_series, false},

    {HTTP_GET, EXT "/webhooks", "dcs:webhook:list", NULL, &webhook_list, bind_webhook_list,
     render_webhook_list, false},
    {HTTP_POST, EXT "/webhooks", "dcs:webhook:create", NULL, &webhook_insert, bind_webhook_create,
     render_webhook_created, false},
    {HTTP_GET, WEBHOOK, "dcs:webhook:get", NULL, &webhook_show, bind_webhook, render_webhook,
     false},
    {HTTP_PUT, WEBHOOK, "dcs:webhook:update", NULL, &webhook_update, bind_webhook_update,
     render_webhook_updated, false},
    {HTTP_DELETE, WEBHOOK, "dcs:webhook:delete", NULL, &webhook_delete, bind_webhook,
     render_webhook_deleted, false},
    {HTTP_GET, WEBHOOK "/deliveries", "dcs:webhook:listDeliveries", NULL, &webhook_delivery_list,
     bind_webhook_deliveries, render_webhook_deliveries, false},
    {HTTP_POST, WEBHOOK "/test", "dcs:webhook:test", NULL, &webhook_test, bind_webhook,
     render_webhook_tested, false},

    {HTTP_GET, ADMIN "/projects", "admin:project:list", NULL, &project_list, bind_project_list,
     render_project_list, true},
    {HTTP_POST, ADMIN "/projects", "admin:project:create", NULL, &project_insert,
     bind_project_create, render_project_created, true},
    {HTTP_GET, PROJECT, "admin:project:get", NULL, &project_show, bind_project, render_project,
     true},
    {HTTP_PUT, PROJECT, "admin:project:update", NULL, &project_update, bind_project_update,
     render_project_updated, true},
    {HTTP_DELETE, PROJECT, "admin:project:delete", NULL, &project_delete, bind_project,
     render_deleted, true},

    {HTTP_GET, PROJECT "/access-keys", "admin:accessKey:list", NULL, &access_key_list,
     bind_key_list, render_key_list, true},
    {HTTP_POST, PROJECT "/access-keys", "admin:accessKey:create", NULL, &access_key_insert,
     bind_key_create, render_key_created, true},
    {HTTP_GET, KEY, "admin:accessKey:get", NULL, &access_key_show, bind_key, render_key, true},
    {HTTP_PUT, KEY, "admin:accessKey:update", NULL, &access_key_update, bind_key_update,
     render_key_updated, true},
    {HTTP_DELETE, KEY, "admin:accessKey:delete", NULL, &access_key_delete, bind_key, render_deleted,
     true},

    {HTTP_GET, PROJECT "/instances", "admin:instance:list", NULL, &instance_list,
     bind_instance_list, render_admin_instance_list, true},
    {HTTP_POST, PROJECT "/instances", "admin:instance:create", NULL, &instance_insert,
     bind_admin_instance_create, render_admin_instance_created, true},
    {HTTP_GET, PROJECT_INSTANCE, "admin:instance:get", NULL, &instance_show, bind_instance,
     render_admin_instance, true},
    {HTTP_PUT, PROJECT_INSTANCE, "admin:instance:update", NULL, &instance_update,
     bind_admin_instance_update, render_admin_instance_updated, true},
    {HTTP_DELETE, PROJECT_INSTANCE, "admin:instance:delete", NULL, &instance_delete, bind_instance,
     render_deleted, true},
    {HTTP_POST, PROJECT_INSTANCE "/probe", "admin:instance:probe", NULL, &instance_probe_request,
     bind_instance, render_admin_instance_probed, true},
};

_Static_assert(sizeof(operations) / sizeof(operations[0]) <= POLICY_OPERATIONS_MAX,
               "a policy has a bit for each operation");
const size_t operation_count = sizeof(operations) / sizeof(operations[0]);

bool operation_is_login(const struct operation *operation)
{
    return !operation->statement;
}

const struct pg_statement *operation_where_none(const struct operation *operation)
{
    static const struct pg_statement *const shown[] = {
        &scan_task_show, &scan_task_show_analysis, &scan_task_show_offline, &scan_task_show_node};
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        if (operation->statement == shown[i])
            return &scan_task_absent;
    }
    return NULL;
}

void operation_translate(const struct operation *operation, struct error *err)
{
    if (err->code == ERROR_ALREADY_EXISTS && !operation->for_operators && !operation->kind)
        err->code = ERROR_WEBHOOK_EXISTS;
}

struct memory {
    struct memory *next;
    max_align_t bytes[];
};

void *api_request_allocate(struct api_request *request, size_t size)
{
    struct memory *memory = calloc(1, sizeof(*memory) + size);
    if (!memory)
        abort();
    memory->next = request->memory;
    request->memory = memory;
    return memory->bytes;
}

void api_request_release(struct api_request *request)
{
    json_decref(request->object);
    request->object = NULL;
    secret_cleanse(&request->new_key, sizeof(request->new_key));
    secret_cleanse(request->webhook_secret, sizeof(request->webhook_secret));
    while (request->memory) {
        struct memory *memory = request->memory;
        request->memory = memory->next;
        free(memory);
    }
}

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
