/* dcsctl instance add and set: checks what was typed, seals the secrets, registers, probes. */
#include "base/scope.h"
#include "instance.h"
#include "instance_form.h"
#include "model/instance_store.h"

static int insert(struct cli *cli, const struct uuid *project, const struct uuid *id,
                  struct error *err)
{
    SCOPED(instance_form_release)
    struct instance_form form = {.name = cli->word, .description = "", .cache_mode = "single"};
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    struct pg_parameters parameters;
    if (instance_form_read(&form, cli, project, id, err) < 0)
        return -1;
    pg_parameters_init(&parameters);
    instance_form_add(&form, project, id, &parameters);
    pg_parameters_add_integer(&parameters, cli->config->project_instances_max);
    pg_parameters_add_reference(&parameters, NULL);
    pg_parameters_add_reference(&parameters, NULL);
    if (cli_execute(cli, &instance_insert, &parameters, &rows, err) < 0) {
        if (err->code != ERROR_ALREADY_EXISTS)
            return -1;
        error_clear(err);
        return error_set(err, ERROR_ALREADY_EXISTS, "there is an instance '%s' already", cli->word);
    }
    struct text outcome = pg_rows_text(&rows, 0, 0);
    if (text_equals(outcome, TEXT("full")))
        return error_set(err, ERROR_INSTANCES_QUOTA, "the project has as many instances as it may");
    if (!text_equals(outcome, TEXT("created")))
        return error_set(err, ERROR_NOT_FOUND, "the project was removed meanwhile");
    return 0;
}

/* Probes unless it was asked not to, and shows the record whether that succeeded or not. */
static int probe_and_show(struct cli *cli, const struct uuid *project, const struct uuid *id,
                          struct error *err)
{
    int status = 0;
    if (!arguments_have(cli->arguments, OPTION_NO_PROBE)) {
        SCOPED(pg_rows_release) struct pg_rows rows = {0};
        if (instance_lookup(cli, project, id->text, &rows, err) < 0)
            return -1;
        status = instance_run_probe(cli, &rows, err);
    }
    return instance_show_record(cli, project, id->text, err) < 0 ? -1 : status;
}

int command_instance_add(struct cli *cli, struct error *err)
{
    struct uuid project, id;
    uuid_generate(&id);
    if (name_check(cli->word, err) < 0 ||
        project_lookup(cli, arguments_value(cli->arguments, OPTION_PROJECT), &project, err) < 0 ||
        insert(cli, &project, &id, err) < 0)
        return -1;
    return probe_and_show(cli, &project, &id, err);
}

/* The form as the row has it; the row must outlive it. */
static void fill_form(struct instance_form *form, const struct pg_rows *rows,
                      const struct instance *instance)
{
    int target = INSTANCE_COLUMN_COUNT;
    *form = (struct instance_form){
        .name = instance->name,
        .description = instance->description,
        .cache_mode = instance->cache_mode,
        .endpoints = instance->endpoints,
        .tls = instance->enable_ssl,
        .tls_ca = pg_rows_string(rows, 0, target + INSTANCE_TARGET_TLS_CA),
        .tls_server_name = instance->tls_server_name,
        .username = instance->username,
        .hotkeys_command = instance->hotkeys_command,
        .scan_profile = instance->scan_profile,
        .address_map = instance->address_map,
        .sentinel_master = instance->sentinel_master,
        .backup_directory = instance->backup_directory,
        .has_password = instance->has_password,
    };
}

static int update(struct cli *cli, const struct uuid *project, const struct pg_rows *rows,
                  const struct instance *instance, const struct uuid *id, struct error *err)
{
    SCOPED(instance_form_release) struct instance_form form = {0};
    SCOPED(pg_rows_release) struct pg_rows updated = {0};
    struct pg_parameters parameters;
    fill_form(&form, rows, instance);
    if (instance_form_read(&form, cli, project, id, err) < 0)
        return -1;
    pg_parameters_init(&parameters);
    instance_form_add(&form, project, id, &parameters);
    pg_parameters_add_boolean(&parameters, form.keep_password);
    pg_parameters_add_boolean(&parameters, form.keep_certificate);
    pg_parameters_add_integer(&parameters, instance->version);
    if (cli_execute(cli, &instance_update, &parameters, &updated, err) < 0)
        return -1;
    if (text_equals(pg_rows_text(&updated, 0, 0), TEXT("updated")))
        return 0;
    return error_set(err, ERROR_NOT_FOUND, "the instance was changed or removed meanwhile");
}

int command_instance_set(struct cli *cli, struct error *err)
{
    struct uuid project, id;
    struct instance instance;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (project_lookup(cli, arguments_value(cli->arguments, OPTION_PROJECT), &project, err) < 0 ||
        instance_lookup(cli, &project, cli->word, &rows, err) < 0)
        return -1;
    instance_read(&rows, 0, 0, &instance);
    if (uuid_parse(text_of(instance.id), &id) < 0)
        return error_set(err, ERROR_INTERNAL, "the instance has no id");
    if (update(cli, &project, &rows, &instance, &id, err) < 0)
        return -1;
    return probe_and_show(cli, &project, &id, err);
}
