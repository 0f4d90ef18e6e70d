/* A row per type: its name, the unit of its size, and the command that asks for it. */
#include "key_size.h"

#include "redis/slots.h"
#include "shard_map.h"

struct type_row {
    struct text name;
    const char *unit;
    struct scan_command length;
};

static const struct type_row types[SCAN_KEY_TYPE_COUNT] = {
    [SCAN_KEY_STRING] = {SCAN_WORD("string"), "byte", {"STRLEN", {SCAN_WORD("STRLEN")}, 1}},
    [SCAN_KEY_LIST] = {SCAN_WORD("list"), "count", {"LLEN", {SCAN_WORD("LLEN")}, 1}},
    [SCAN_KEY_SET] = {SCAN_WORD("set"), "count", {"SCARD", {SCAN_WORD("SCARD")}, 1}},
    [SCAN_KEY_ZSET] = {SCAN_WORD("zset"), "count", {"ZCARD", {SCAN_WORD("ZCARD")}, 1}},
    [SCAN_KEY_HASH] = {SCAN_WORD("hash"), "count", {"HLEN", {SCAN_WORD("HLEN")}, 1}},
};

const struct scan_command key_type_command = {"TYPE", {SCAN_WORD("TYPE")}, 1};

const struct scan_command *key_length_command(enum scan_key_type type)
{
    return &types[type].length;
}

static enum scan_key_type type_of(struct text name)
{
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        if (text_equals(types[type].name, name))
            return type;
    }
    return SCAN_KEY_OTHER;
}

int key_take_type(struct scan_key *key, const struct redis_reply *reply, struct error *err)
{
    key->type = SCAN_KEY_OTHER;
    if (redis_reply_is_redirect(reply))
        return 0;
    if (reply->kind != REDIS_STATUS)
        return redis_reply_unexpected(reply, key_type_command.name, err);
    key->type = type_of(reply->text);
    return 0;
}

int key_take_length(struct scan_key *key, const struct redis_reply *reply, struct error *err)
{
    const char *command = types[key->type].length.name;
    key->size = SCAN_SIZE_UNKNOWN;
    if (redis_reply_is_error(reply, "WRONGTYPE") || redis_reply_is_redirect(reply))
        return 0;
    if (reply->kind != REDIS_INTEGER)
        return redis_reply_unexpected(reply, command, err);
    if (reply->integer < 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "%s: a negative length", command);
    key->size = reply->integer;
    return 0;
}

void key_write_members(struct json_writer *writer, const struct ranked_key *key,
                       const struct shard_map *map)
{
    const struct type_row *type = &types[key->type];
    const struct kept_name name = ranked_key_name(key);
    json_writer_name(writer, "name");
    key_name_write(writer, &name, key->utf8);
    json_writer_name(writer, "type");
    json_writer_text(writer, type->name.bytes, type->name.length);
    if (map) {
        char shard[ENDPOINT_TEXT_MAX + 1];
        shard_map_format(map, key->slot, shard);
        json_writer_member_text(writer, "shard", shard);
    }
    json_writer_member_number(writer, "db", key->db);
    json_writer_member_number(writer, "size", key->size);
    json_writer_member_text(writer, "unit", type->unit);
    if (key->bytes > 0)
        json_writer_member_number(writer, "bytes", key->bytes);
}
