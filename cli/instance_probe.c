/* Asks an instance what it is.  Endpoints are tried in turn, the first that answers is believed;
 * what it is must fit how it was registered, or a scan would quietly see a part of the keys only.
 */
#include <stdio.h>
#include <string.h>

#include "base/scope.h"
#include "instance.h"
#include "model/instance_store.h"
#include "model/scan_kind.h"
#include "redis/probe.h"
#include "sealing.h"

enum { TARGET = INSTANCE_COLUMN_COUNT, CAPABILITIES_MAX = 256 };

static const char *role_name(enum redis_role role)
{
    return role == REDIS_ROLE_MASTER ? "master" : "replica";
}

static const char *mode_name(enum redis_mode mode)
{
    static const char *const names[] = {[REDIS_MODE_STANDALONE] = "standalone",
                                        [REDIS_MODE_CLUSTER] = "cluster",
                                        [REDIS_MODE_SENTINEL] = "sentinel"};
    return names[mode];
}

static int check_mode(const struct instance *instance, const struct redis_probe *probe,
                      struct error *err)
{
    bool clustered = strcmp(instance->cache_mode, "cluster") == 0;
    bool proxied = strcmp(instance->cache_mode, "proxy") == 0;
    if (probe->mode == REDIS_MODE_SENTINEL)
        return error_set(err, ERROR_REDIS_REFUSED, "it is a Sentinel, which holds no data");
    if (!proxied && clustered != (probe->mode == REDIS_MODE_CLUSTER))
        return error_set(err, ERROR_REDIS_REFUSED,
                         "the server runs in %s mode, the instance is registered as %s",
                         mode_name(probe->mode), instance->cache_mode);
    return 0;
}

/* Tries one endpoint after the other until one answers; fails with what the first one failed with.
 */
static int probe_endpoints(struct redis_target *target, const char *endpoints,
                           struct redis_probe *ret_probe, struct error *err)
{
    for (const char *start = endpoints; *start;) {
        size_t length = strcspn(start, ",");
        struct error failure = {0};
        if (endpoint_parse((struct text){start, length}, &target->endpoint) < 0)
            error_set(&failure, ERROR_REDIS_CONNECTION, "'%.*s' is no endpoint", (int)length,
                      start);
        else if (redis_probe_run(target, ret_probe, &failure) == 0)
            return 0;
        error_set(err, failure.code, "%s", failure.text);
        start += length + (start[length] == ',');
    }
    return -1;
}

static int probe(struct cli *cli, const struct pg_rows *rows, const struct instance *instance,
                 struct redis_probe *ret_probe, struct error *err)
{
    char password[SECRET_MAX + 1] = "";
    struct redis_target target = {
        .tls = instance->enable_ssl,
        .tls_ca = pg_rows_string(rows, 0, TARGET + INSTANCE_TARGET_TLS_CA),
        .tls_server_name = pg_rows_string(rows, 0, TARGET + INSTANCE_TARGET_TLS_SERVER_NAME),
        .username = instance->username,
        .password = instance->has_password ? password : NULL,
        .connect_timeout_ms = (int)cli->config->redis_connect_timeout_ms,
        .reply_timeout_ms = (int)cli->config->redis_reply_timeout_ms,
    };
    if (instance->has_password &&
        unseal(cli->config, instance->id, rows, 0, TARGET + INSTANCE_TARGET_SEALED_PASSWORD,
               password, err) < 0)
        return -1;
    int status = probe_endpoints(&target, instance->endpoints, ret_probe, err);
    secret_cleanse(password, sizeof(password));
    return status < 0 ? -1 : check_mode(instance, ret_probe, err);
}

static void capabilities_of(const struct redis_probe *probe, char ret_names[CAPABILITIES_MAX])
{
    struct server_capability server = {probe->redis_version, redis_probe_is_lfu(probe)};
    size_t length = 0;
    ret_names[0] = '\0';
    for (int i = 0; i < SCAN_KIND_COUNT; i++) {
        if (scan_kind_supported(scan_kinds[i].id, &server))
            length += (size_t)snprintf(ret_names + length, CAPABILITIES_MAX - length, "%s%s",
                                       length > 0 ? "," : "", scan_kinds[i].name);
    }
}

static int record(struct cli *cli, const struct pg_statement *statement,
                  const struct pg_parameters *parameters, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, statement, parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count == 0)
        return error_set(err, ERROR_NOT_FOUND, "the instance was removed meanwhile");
    return 0;
}

static int record_success(struct cli *cli, const struct instance *instance,
                          const struct redis_probe *probe, struct error *err)
{
    char capabilities[CAPABILITIES_MAX];
    capabilities_of(probe, capabilities);
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, instance->project_id);
    pg_parameters_add_reference(&parameters, instance->id);
    pg_parameters_add_reference(&parameters, probe->engine);
    pg_parameters_add_reference(&parameters, probe->version);
    pg_parameters_add_reference(&parameters, capabilities);
    pg_parameters_add_reference(&parameters, role_name(probe->role));
    pg_parameters_add_reference(&parameters, mode_name(probe->mode));
    pg_parameters_add_integer(&parameters, probe->databases);
    pg_parameters_add_integer(&parameters, probe->used_memory);
    pg_parameters_add_integer(&parameters, probe->maxmemory);
    pg_parameters_add_reference(&parameters,
                                probe->maxmemory_policy[0] ? probe->maxmemory_policy : NULL);
    return record(cli, &instance_probe_succeed, &parameters, err);
}

/* A failure to record is worth a line as well, but the probe's own reason is what counts. */
static void record_failure(struct cli *cli, const struct instance *instance,
                           const struct error *reason)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, instance->project_id);
    pg_parameters_add_reference(&parameters, instance->id);
    pg_parameters_add_reference(&parameters, reason->text);
    struct error err = {0};
    if (record(cli, &instance_probe_fail, &parameters, &err) < 0)
        fprintf(stderr, "dcsctl: the probe's failure is not recorded: %s\n", err.text);
}

int instance_run_probe(struct cli *cli, const struct pg_rows *rows, struct error *err)
{
    struct instance instance;
    struct redis_probe found;
    instance_read(rows, 0, 0, &instance);
    if (probe(cli, rows, &instance, &found, err) == 0)
        return record_success(cli, &instance, &found, err);
    /* That our own key file does not fit says nothing about the server. */
    if (err->code != ERROR_CONFIG && err->code != ERROR_SECRET)
        record_failure(cli, &instance, err);
    return error_prefix(err, "instance %s", instance.name);
}
