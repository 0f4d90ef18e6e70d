/* A probe reads strictly what decides how a server is scanned and lets the rest be missing. */
#include "redis/probe.h"

#include <stdio.h>
#include <string.h>

#include "redis/info.h"

enum { DATABASES_DEFAULT = 16, VERSION_PART_MAX = 99 };

static const struct {
    const char *field, *engine;
} versions[] = {{"valkey_version", "Valkey"}, {"redis_version", "Redis"}};

static bool copy_word(struct text word, char ret_word[REDIS_WORD_MAX + 1])
{
    if (word.length == 0 || word.length > REDIS_WORD_MAX)
        return false;
    for (size_t i = 0; i < word.length; i++) {
        if (word.bytes[i] <= ' ' || word.bytes[i] > '~')
            return false;
    }
    memcpy(ret_word, word.bytes, word.length);
    ret_word[word.length] = '\0';
    return true;
}

/* `7.0.15`, also `6.0` and what follows a number, as in `255.255.255` or `7.4.0-rc1`. */
static int parse_version(struct text text)
{
    int parts[3] = {0}, count = 0;
    size_t i = 0;
    while (count < 3 && i < text.length && text.bytes[i] >= '0' && text.bytes[i] <= '9') {
        int part = 0;
        for (; i < text.length && text.bytes[i] >= '0' && text.bytes[i] <= '9'; i++)
            part = part > VERSION_PART_MAX ? part : part * 10 + (text.bytes[i] - '0');
        parts[count++] = part > VERSION_PART_MAX ? VERSION_PART_MAX : part;
        if (i == text.length || text.bytes[i] != '.')
            break;
        i++;
    }
    return count < 2 ? -1 : parts[0] * 10000 + parts[1] * 100 + parts[2];
}

static int parse_engine(struct text info, struct redis_probe *probe)
{
    struct text value;
    if (!redis_info_find(info, "redis_version", &value))
        return -1;
    probe->redis_version = parse_version(value);
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (redis_info_find(info, versions[i].field, &value) && copy_word(value, probe->version)) {
            snprintf(probe->engine, sizeof(probe->engine), "%s", versions[i].engine);
            break;
        }
    }
    probe->engine_version = parse_version(text_of(probe->version));
    return probe->redis_version < 0 || !probe->version[0] ? -1 : 0;
}

static int parse_role(struct text info, struct redis_probe *probe)
{
    struct text value, link;
    if (!redis_info_find(info, "role", &value))
        return -1;
    bool replica = text_equals(value, TEXT("slave")) || text_equals(value, TEXT("replica"));
    probe->role = replica ? REDIS_ROLE_REPLICA : REDIS_ROLE_MASTER;
    probe->in_sync = !replica || (redis_info_find(info, "master_link_status", &link) &&
                                  text_equals(link, TEXT("up")));
    return replica || text_equals(value, TEXT("master")) ? 0 : -1;
}

/* Valkey says server_mode where Redis says redis_mode; what neither says, cluster_enabled does. */
static void parse_mode(struct text info, struct redis_probe *probe)
{
    struct text value = {"", 0};
    int64_t enabled = 0;
    if (!redis_info_find(info, "redis_mode", &value))
        redis_info_find(info, "server_mode", &value);
    redis_info_integer(info, "cluster_enabled", &enabled);
    if (text_equals(value, TEXT("sentinel")))
        probe->mode = REDIS_MODE_SENTINEL;
    else if (text_equals(value, TEXT("cluster")) || enabled == 1)
        probe->mode = REDIS_MODE_CLUSTER;
}

static void parse_build(struct text info, struct redis_probe *probe)
{
    static const char jemalloc[] = "jemalloc";
    struct text value;
    probe->pointers_64 =
        redis_info_find(info, "arch_bits", &value) && text_equals(value, TEXT("64"));
    probe->jemalloc = redis_info_find(info, "mem_allocator", &value) &&
                      value.length >= sizeof(jemalloc) - 1 &&
                      memcmp(value.bytes, jemalloc, sizeof(jemalloc) - 1) == 0;
}

int redis_probe_parse(struct text info, struct redis_probe *ret_probe, struct error *err)
{
    struct text policy;
    *ret_probe = (struct redis_probe){0};
    if (parse_engine(info, ret_probe) < 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "INFO: no version of Redis in the reply");
    parse_mode(info, ret_probe);
    parse_build(info, ret_probe);
    /* A sentinel is nobody's master or replica. */
    if (parse_role(info, ret_probe) < 0 && ret_probe->mode != REDIS_MODE_SENTINEL)
        return error_set(err, ERROR_REDIS_PROTOCOL, "INFO: no role in the reply");
    redis_info_integer(info, "used_memory", &ret_probe->used_memory);
    redis_info_integer(info, "maxmemory", &ret_probe->maxmemory);
    if (redis_info_find(info, "maxmemory_policy", &policy))
        copy_word(policy, ret_probe->maxmemory_policy);
    ret_probe->databases = ret_probe->mode == REDIS_MODE_CLUSTER ? 1 : DATABASES_DEFAULT;
    ret_probe->keys = redis_info_total_keys(info);
    if (ret_probe->keys < 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "INFO: malformed keyspace");
    return 0;
}

/* The value of a setting; empty where the server does not tell. */
static int config_get(struct redis_connection *connection, const char *name, struct text *ret_value,
                      struct error *err)
{
    const struct text words[] = {TEXT("CONFIG"), TEXT("GET"), text_of(name)};
    const struct redis_reply *reply;
    *ret_value = (struct text){"", 0};
    if (redis_connection_call(connection, words, 3, &reply, err) < 0)
        return -1;
    if (reply->kind == REDIS_ARRAY && reply->count == 2 &&
        redis_reply_is(&reply->elements[0], REDIS_STRING, words[2]) &&
        reply->elements[1].kind == REDIS_STRING)
        *ret_value = reply->elements[1].text;
    return 0;
}

static int ask_settings(struct redis_connection *connection, struct redis_probe *probe,
                        struct error *err)
{
    struct text value;
    int64_t number;
    if (!probe->maxmemory_policy[0]) {
        if (config_get(connection, "maxmemory-policy", &value, err) < 0)
            return -1;
        copy_word(value, probe->maxmemory_policy);
        if (config_get(connection, "maxmemory", &value, err) < 0)
            return -1;
        text_parse_integer(value, &probe->maxmemory);
    }
    if (probe->mode == REDIS_MODE_CLUSTER)
        return 0;
    if (config_get(connection, "databases", &value, err) < 0)
        return -1;
    if (text_parse_integer(value, &number) == 0 && number >= 1 && number <= INT32_MAX)
        probe->databases = (int)number;
    return 0;
}

int redis_probe_connection(struct redis_connection *connection, struct redis_probe *ret_probe,
                           struct error *err)
{
    const struct text words[] = {TEXT("INFO")};
    const struct redis_reply *reply;
    if (redis_connection_call(connection, words, 1, &reply, err) < 0)
        return -1;
    if (reply->kind != REDIS_STRING)
        return redis_connection_unexpected(connection, reply, "INFO", err);
    if (redis_probe_parse(reply->text, ret_probe, err) < 0)
        return error_prefix(err, "%s", redis_connection_name(connection));
    return ask_settings(connection, ret_probe, err);
}

int redis_probe_has_command(struct redis_connection *connection, const char *name, bool *ret_has,
                            struct error *err)
{
    const struct text words[] = {TEXT("COMMAND"), TEXT("INFO"), text_of(name)};
    const struct redis_reply *reply;
    if (redis_connection_call(connection, words, 3, &reply, err) < 0)
        return -1;
    *ret_has = reply->kind == REDIS_ARRAY && reply->count == 1 &&
               reply->elements[0].kind == REDIS_ARRAY && reply->elements[0].count > 0;
    return 0;
}

bool redis_probe_is_lfu(const struct redis_probe *probe)
{
    const char *policy = probe->maxmemory_policy;
    return strcmp(policy, "allkeys-lfu") == 0 || strcmp(policy, "volatile-lfu") == 0;
}

bool redis_probe_evicts_by_use(const struct redis_probe *probe)
{
    const char *policy = probe->maxmemory_policy;
    return !policy[0] || strstr(policy, "-lru") || strstr(policy, "-lfu");
}
