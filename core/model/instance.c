/* The value of an instance, as a row has it. */
#include "model/instance.h"

#include <string.h>

static const char *const cache_modes[] = {"single", "ha", "ha_rw_split", "proxy", "cluster"};
static const char *const scan_profiles[] = {"gentle", "balanced", "fast"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *find(const char *const *names, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equals(name, text_of(names[i])))
            return names[i];
    }
    return NULL;
}

const char *instance_cache_mode_find(struct text name)
{
    return find(cache_modes, COUNT(cache_modes), name);
}

const char *instance_scan_profile_find(struct text name)
{
    return find(scan_profiles, COUNT(scan_profiles), name);
}

bool instance_sentinel_master_is_name(struct text name)
{
    if (name.length == 0 || name.length > INSTANCE_SENTINEL_MASTER_MAX)
        return false;
    for (size_t i = 0; i < name.length; i++) {
        if (name.bytes[i] <= ' ' || name.bytes[i] > '~')
            return false;
    }
    return true;
}

static bool leads_down(struct text part)
{
    return part.length > 0 && !text_equals(part, TEXT(".")) && !text_equals(part, TEXT(".."));
}

bool instance_backup_directory_is_path(struct text path)
{
    size_t start = 0;
    if (path.length > INSTANCE_BACKUP_DIRECTORY_MAX)
        return false;
    for (size_t i = 0; i <= path.length; i++) {
        if (i < path.length && ((unsigned char)path.bytes[i] < ' ' || path.bytes[i] == 127))
            return false;
        if (i < path.length && path.bytes[i] != '/')
            continue;
        if (!leads_down((struct text){path.bytes + start, i - start}))
            return false;
        start = i + 1;
    }
    return true;
}

bool instance_cache_mode_has_sentinels(const char *cache_mode)
{
    return strncmp(cache_mode, "ha", 2) == 0;
}

struct secret_owner instance_password_owner(const char *project, const char *id)
{
    static const struct secret_column column = {"instance.sealed_password", ""};
    return (struct secret_owner){&column, project, id};
}

struct secret_owner instance_tls_key_owner(const char *project, const char *id)
{
    static const struct secret_column column = {"instance.sealed_tls_key", "tls_key:"};
    return (struct secret_owner){&column, project, id};
}

static void read_time(const struct pg_rows *rows, int row, int column, char *ret_text)
{
    if (pg_rows_time(rows, row, column, ret_text) < 0)
        ret_text[0] = '\0';
}

void instance_read(const struct pg_rows *rows, int row, int first_column,
                   struct instance *ret_instance)
{
    int c = first_column;
    *ret_instance = (struct instance){
        .project_id = pg_rows_string(rows, row, c),
        .id = pg_rows_string(rows, row, c + 1),
        .name = pg_rows_string(rows, row, c + 2),
        .description = pg_rows_string(rows, row, c + 3),
        .cache_mode = pg_rows_string(rows, row, c + 4),
        .status = pg_rows_string(rows, row, c + 5),
        .endpoints = pg_rows_string(rows, row, c + 6),
        .enable_ssl = pg_rows_boolean(rows, row, c + 7),
        .username = pg_rows_string(rows, row, c + 8),
        .has_password = pg_rows_boolean(rows, row, c + 9),
        .engine = pg_rows_string(rows, row, c + 10),
        .engine_version = pg_rows_string(rows, row, c + 11),
        .capabilities = pg_rows_string(rows, row, c + 12),
        .node_role = pg_rows_string(rows, row, c + 13),
        .server_mode = pg_rows_string(rows, row, c + 14),
        .databases = pg_rows_integer(rows, row, c + 15),
        .used_memory = pg_rows_integer(rows, row, c + 16),
        .maxmemory = pg_rows_integer(rows, row, c + 17),
        .maxmemory_policy = pg_rows_string(rows, row, c + 18),
        .probe_error = pg_rows_string(rows, row, c + 19),
        .hotkeys_command = pg_rows_boolean(rows, row, c + 23),
        .version = pg_rows_integer(rows, row, c + 24),
        .tls_server_name = pg_rows_string(rows, row, c + 25),
        .scan_profile = pg_rows_string(rows, row, c + 26),
        .address_map = pg_rows_string(rows, row, c + 27),
        .sentinel_master = pg_rows_string(rows, row, c + 28),
        .has_tls_certificate = pg_rows_boolean(rows, row, c + 29),
        .backup_directory = pg_rows_string(rows, row, c + 30),
    };
    read_time(rows, row, c + 20, ret_instance->probed_at);
    read_time(rows, row, c + 21, ret_instance->created_at);
    read_time(rows, row, c + 22, ret_instance->updated_at);
}
