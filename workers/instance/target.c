/* From an instance's row to what a connection needs. */
#include "instance/target.h"

#include <stdlib.h>
#include <string.h>

#include "model/instance_store.h"

static char *copy_column(const struct pg_rows *rows, int row, int column)
{
    struct text text = pg_rows_text(rows, row, column);
    return pg_rows_is_null(rows, row, column) ? NULL : text_copy(text.bytes, text.length);
}

/* Takes a sealed column apart; null where there is none. */
static int open_secret(const struct pg_rows *rows, int row, int column, struct secret_owner owner,
                       const struct keyring *keyring, char **ret_secret, struct error *err)
{
    unsigned char sealed[SECRET_SEALED_MAX];
    char secret[SECRET_MAX + 1];
    size_t length;
    if (pg_rows_is_null(rows, row, column))
        return 0;
    if (!keyring)
        return error_set(err, ERROR_CONFIG, "key_file is not set, and the instance has secrets");
    ptrdiff_t sealed_length = pg_rows_bytes(rows, row, column, sealed, sizeof(sealed));
    if (sealed_length < 0)
        return error_set(err, ERROR_SECRET, "a sealed secret is malformed");
    if (secret_open(keyring, &owner, sealed, (size_t)sealed_length, secret, &length, err) < 0)
        return -1;
    *ret_secret = text_copy(secret, length);
    secret_cleanse(secret, length);
    return 0;
}

static int open_secrets(struct instance_target *target, const struct pg_rows *rows, int row,
                        int first_column, const struct instance_identity *identity,
                        const struct keyring *keyring, struct error *err)
{
    int password = first_column + INSTANCE_TARGET_SEALED_PASSWORD;
    int key = first_column + INSTANCE_TARGET_SEALED_TLS_KEY;
    if (open_secret(rows, row, password,
                    instance_password_owner(identity->project, identity->instance), keyring,
                    &target->password, err) < 0)
        return error_prefix(err, "password");
    if (open_secret(rows, row, key, instance_tls_key_owner(identity->project, identity->instance),
                    keyring, &target->tls_key, err) < 0)
        return error_prefix(err, "TLS key");
    return 0;
}

static int read_address_map(struct instance_target *target, struct error *err)
{
    struct error malformed = {0};
    if (address_map_parse(target->address_map_text, &target->address_map, &malformed) == 0)
        return 0;
    return error_set(err, ERROR_REDIS_CONNECTION, "%s", malformed.text);
}

int instance_target_init(struct instance_target *target, const struct pg_rows *rows, int row,
                         int first_column, struct instance_identity identity,
                         const struct instance_access *access, struct error *err)
{
    int c = first_column;
    *target = (struct instance_target){
        .endpoints = copy_column(rows, row, c + INSTANCE_TARGET_ENDPOINTS),
        .cache_mode = copy_column(rows, row, c + INSTANCE_TARGET_CACHE_MODE),
        .hotkeys_command = pg_rows_boolean(rows, row, c + INSTANCE_TARGET_HOTKEYS_COMMAND),
        .scan_profile = copy_column(rows, row, c + INSTANCE_TARGET_SCAN_PROFILE),
        .address_map_text = copy_column(rows, row, c + INSTANCE_TARGET_ADDRESS_MAP),
        .sentinel_master = copy_column(rows, row, c + INSTANCE_TARGET_SENTINEL_MASTER),
        .tls_ca = copy_column(rows, row, c + INSTANCE_TARGET_TLS_CA),
        .tls_certificate = copy_column(rows, row, c + INSTANCE_TARGET_TLS_CERTIFICATE),
        .tls_server_name = copy_column(rows, row, c + INSTANCE_TARGET_TLS_SERVER_NAME),
        .username = copy_column(rows, row, c + INSTANCE_TARGET_USERNAME),
    };
    if (open_secrets(target, rows, row, c, &identity, access->keyring, err) < 0 ||
        read_address_map(target, err) < 0)
        return -1;
    target->redis = (struct redis_target){
        .tls = pg_rows_boolean(rows, row, c + INSTANCE_TARGET_ENABLE_SSL),
        .tls_ca = target->tls_ca,
        .tls_certificate = target->tls_certificate,
        .tls_key = target->tls_key,
        .tls_server_name = target->tls_server_name,
        .username = target->username,
        .password = target->password,
        .outbound = access->outbound,
        .connect_timeout_ms = (int)access->config->redis_connect_timeout_ms,
        .reply_timeout_ms = (int)access->config->redis_reply_timeout_ms,
    };
    const char *rest = target->endpoints;
    return instance_target_next_endpoint(target, &rest, err) < 0 ? -1 : 0;
}

static void free_secret(char *secret)
{
    secret_cleanse_text(secret);
    free(secret);
}

void instance_target_release(struct instance_target *target)
{
    free_secret(target->password);
    free_secret(target->tls_key);
    free(target->username);
    free(target->tls_server_name);
    free(target->tls_certificate);
    free(target->tls_ca);
    free(target->sentinel_master);
    address_map_release(&target->address_map);
    free(target->address_map_text);
    free(target->scan_profile);
    free(target->cache_mode);
    free(target->endpoints);
    *target = (struct instance_target){0};
}

int instance_target_next_endpoint(struct instance_target *target, const char **rest,
                                  struct error *err)
{
    const char *start = *rest;
    if (!start || !*start)
        return 0;
    size_t length = strcspn(start, ",");
    *rest = start + length + (start[length] == ',');
    if (endpoint_parse((struct text){start, length}, &target->redis.endpoint) < 0)
        return error_set(err, ERROR_REDIS_CONNECTION, "'%.*s' is no endpoint", (int)length, start);
    return 1;
}

bool instance_target_is_scannable(const struct instance_target *target)
{
    static const char *const modes[] = {"single", "ha", "ha_rw_split", "cluster", "proxy"};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(target->cache_mode, modes[i]) == 0)
            return true;
    }
    return false;
}

bool instance_target_is_cluster(const struct instance_target *target)
{
    return strcmp(target->cache_mode, "cluster") == 0;
}

bool instance_target_is_proxy(const struct instance_target *target)
{
    return strcmp(target->cache_mode, "proxy") == 0;
}

bool instance_target_is_replicated(const struct instance_target *target)
{
    return strncmp(target->cache_mode, "ha", 2) == 0 &&
           (target->sentinel_master || strchr(target->endpoints, ','));
}
