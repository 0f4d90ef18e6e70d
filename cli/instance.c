/* dcsctl instance list, show, probe and remove. */
#include "instance.h"

#include "base/scope.h"
#include "model/instance_store.h"
#include "report_rows.h"

static const struct report_column list_columns[] = {
    {"id", "ID", REPORT_TEXT},
    {"project_id", NULL, REPORT_TEXT},
    {"project", "PROJECT", REPORT_TEXT},
    {"name", "NAME", REPORT_TEXT},
    {"status", "STATUS", REPORT_STATE},
    {"cache_mode", "MODE", REPORT_TEXT},
    {"engine", "ENGINE", REPORT_TEXT},
    {"engine_version", "VERSION", REPORT_TEXT},
    {"endpoints", "ENDPOINTS", REPORT_LIST},
    {"probe_error", "PROBE ERROR", REPORT_TEXT},
};

static const struct report_column record_columns[] = {
    {"id", "id", REPORT_TEXT},
    {"project_id", "project", REPORT_TEXT},
    {"name", "name", REPORT_TEXT},
    {"description", "description", REPORT_TEXT},
    {"status", "status", REPORT_STATE},
    {"cache_mode", "cache mode", REPORT_TEXT},
    {"endpoints", "endpoints", REPORT_LIST},
    {"tls", "TLS", REPORT_FLAG},
    {"tls_server_name", "TLS server name", REPORT_TEXT},
    {"user", "user", REPORT_TEXT},
    {"has_password", "password", REPORT_FLAG},
    {"has_tls_certificate", "client certificate", REPORT_FLAG},
    {"scan_profile", "scan profile", REPORT_TEXT},
    {"address_map", "address map", REPORT_TEXT},
    {"sentinel_master", "Sentinels' master", REPORT_TEXT},
    {"backup_directory", "backups", REPORT_TEXT},
    {"engine", "engine", REPORT_TEXT},
    {"engine_version", "version", REPORT_TEXT},
    {"node_role", "role", REPORT_TEXT},
    {"server_mode", "server mode", REPORT_TEXT},
    {"hotkeys_command", "uses HOTKEYS", REPORT_FLAG},
    {"capabilities", "can be analysed", REPORT_LIST},
    {"databases", "databases", REPORT_NUMBER},
    {"used_memory", "used memory", REPORT_NUMBER},
    {"maxmemory", "maxmemory", REPORT_NUMBER},
    {"maxmemory_policy", "maxmemory-policy", REPORT_TEXT},
    {"probed_at", "probed", REPORT_TEXT},
    {"probe_error", "probe error", REPORT_TEXT},
    {"created_at", "created", REPORT_TEXT},
    {"updated_at", "updated", REPORT_TEXT},
};

static const struct report_column removed_columns[] = {
    {"id", "id", REPORT_TEXT},
    {"removed", "removed", REPORT_FLAG},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Of what only a probe tells, nothing while there was none. */
static void add_probed_number(struct report *report, const struct instance *instance,
                              int64_t number)
{
    if (instance->probed_at[0])
        report_add_number(report, number);
    else
        report_add_text(report, NULL);
}

static void add_record(struct report *report, const struct instance *instance)
{
    report_add_text(report, instance->id);
    report_add_project(report, instance->project_id);
    report_add_text(report, instance->name);
    report_add_text(report, instance->description);
    report_add_text(report, instance->status);
    report_add_text(report, instance->cache_mode);
    report_add_text(report, instance->endpoints);
    report_add_flag(report, instance->enable_ssl);
    report_add_text(report, instance->tls_server_name);
    report_add_text(report, instance->username);
    report_add_flag(report, instance->has_password);
    report_add_flag(report, instance->has_tls_certificate);
    report_add_text(report, instance->scan_profile);
    report_add_text(report, instance->address_map);
    report_add_text(report, instance->sentinel_master);
    report_add_text(report, instance->backup_directory);
    report_add_text(report, instance->engine);
    report_add_text(report, instance->engine_version);
    report_add_text(report, instance->node_role);
    report_add_text(report, instance->server_mode);
    report_add_flag(report, instance->hotkeys_command);
    report_add_text(report, instance->capabilities);
    add_probed_number(report, instance, instance->databases);
    add_probed_number(report, instance, instance->used_memory);
    add_probed_number(report, instance, instance->maxmemory);
    report_add_text(report, instance->maxmemory_policy);
    report_add_stamp(report, instance->probed_at);
    report_add_text(report, instance->probe_error);
    report_add_stamp(report, instance->created_at);
    report_add_stamp(report, instance->updated_at);
}

int instance_show_record(struct cli *cli, const struct uuid *project, const char *word,
                         struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (instance_lookup(cli, project, word, &rows, err) < 0)
        return -1;
    struct instance instance;
    instance_read(&rows, 0, 0, &instance);
    SCOPED(report_release) struct report report;
    report_init(&report, record_columns, COUNT(record_columns));
    add_record(&report, &instance);
    report_write_one(&report, cli->json);
    return 0;
}

int command_instance_list(struct cli *cli, struct error *err)
{
    struct uuid project;
    const char *parameter;
    if (project_option(cli, &project, &parameter, err) < 0)
        return -1;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, parameter);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &instance_survey, &parameters, &rows, err) < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, list_columns, COUNT(list_columns));
    for (int row = 0; row < rows.row_count; row++) {
        struct instance instance;
        instance_read(&rows, row, 0, &instance);
        report_add_text(&report, instance.id);
        report_add_project(&report, instance.project_id);
        report_add_text(&report, pg_rows_string(&rows, row, INSTANCE_COLUMN_COUNT));
        report_add_text(&report, instance.name);
        report_add_text(&report, instance.status);
        report_add_text(&report, instance.cache_mode);
        report_add_text(&report, instance.engine);
        report_add_text(&report, instance.engine_version);
        report_add_text(&report, instance.endpoints);
        report_add_text(&report, instance.probe_error);
    }
    report_write_list(&report, cli->json, "instances", "There are no instances.");
    return 0;
}

int command_instance_show(struct cli *cli, struct error *err)
{
    struct uuid project;
    if (project_lookup(cli, arguments_value(cli->arguments, OPTION_PROJECT), &project, err) < 0)
        return -1;
    return instance_show_record(cli, &project, cli->word, err);
}

int command_instance_probe(struct cli *cli, struct error *err)
{
    struct uuid project;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (project_lookup(cli, arguments_value(cli->arguments, OPTION_PROJECT), &project, err) < 0 ||
        instance_lookup(cli, &project, cli->word, &rows, err) < 0)
        return -1;
    /* The record is shown whether the probe succeeded or not; the first failure is the one
     * reported. */
    int status = instance_run_probe(cli, &rows, err);
    return instance_show_record(cli, &project, cli->word, err) < 0 ? -1 : status;
}

int command_instance_remove(struct cli *cli, struct error *err)
{
    struct uuid project;
    SCOPED(pg_rows_release) struct pg_rows rows = {0}, removed = {0};
    if (project_lookup(cli, arguments_value(cli->arguments, OPTION_PROJECT), &project, err) < 0 ||
        instance_lookup(cli, &project, cli->word, &rows, err) < 0)
        return -1;
    struct instance instance;
    instance_read(&rows, 0, 0, &instance);
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, instance.project_id);
    pg_parameters_add_reference(&parameters, instance.id);
    if (cli_execute(cli, &instance_delete, &parameters, &removed, err) < 0)
        return -1;
    if (removed.row_count == 0)
        return error_set(err, ERROR_NOT_FOUND, "the instance was removed by somebody else");
    SCOPED(report_release) struct report report;
    report_init(&report, removed_columns, COUNT(removed_columns));
    report_add_text(&report, instance.id);
    report_add_flag(&report, true);
    report_write_one(&report, cli->json);
    return 0;
}
