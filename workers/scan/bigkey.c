/* Big keys: TYPE of every key, then the length of those of the five types, then, for an empty
 * string that would take a place, TYPE again: STRLEN says 0 for a key that is gone as well.  A key
 * that vanished or changed its type between two questions is left out. */
#include "method.h"

#include <stdlib.h>

#include "key_name.h"
#include "ranking.h"

enum { PLACES = 20 };
enum { STAGE_TYPE, STAGE_LENGTH, STAGE_CONFIRM };

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

static const struct scan_command type_command = {"TYPE", {SCAN_WORD("TYPE")}, 1};

struct bigkey {
    struct ranking rankings[SCAN_KEY_TYPE_COUNT];
};

static void *bigkey_new(void)
{
    struct bigkey *bigkey = malloc(sizeof(*bigkey));
    if (!bigkey)
        abort();
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        ranking_init(&bigkey->rankings[type], PLACES);
    return bigkey;
}

static void bigkey_free(void *state)
{
    struct bigkey *bigkey = state;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        ranking_release(&bigkey->rankings[type]);
    free(bigkey);
}

static int bigkey_ask(void *state, struct scan_batch *batch, struct error *err)
{
    (void)state;
    for (size_t i = 0; i < batch->count; i++) {
        struct scan_key *key = &batch->keys[i];
        if (batch->stage != STAGE_TYPE && !key->wanted)
            continue;
        const struct scan_command *command =
            batch->stage == STAGE_LENGTH ? &types[key->type].length : &type_command;
        key->wanted = false;
        if (scan_batch_ask(batch, key, command, err) < 0)
            return -1;
    }
    return 0;
}

static enum scan_key_type type_of(struct text name)
{
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        if (text_equals(types[type].name, name))
            return type;
    }
    return SCAN_KEY_OTHER;
}

/* A key has one type: the one that was seen last. */
static void rank(struct bigkey *bigkey, int db, const struct scan_key *key)
{
    if (!ranking_admits(&bigkey->rankings[key->type], db, key, key->size))
        return;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        if (type != (int)key->type)
            ranking_remove(&bigkey->rankings[type], db, key->name);
    }
    ranking_offer(&bigkey->rankings[key->type], db, key, key->size);
}

static int take_type(struct scan_key *key, const struct redis_reply *reply, struct error *err)
{
    if (reply->kind != REDIS_STATUS)
        return redis_reply_unexpected(reply, type_command.name, err);
    key->type = type_of(reply->text);
    key->wanted = key->type != SCAN_KEY_OTHER;
    return 0;
}

static int take_length(struct bigkey *bigkey, int db, struct scan_key *key,
                       const struct redis_reply *reply, struct error *err)
{
    const char *command = types[key->type].length.name;
    if (redis_reply_is_error(reply, "WRONGTYPE"))
        return 0;
    if (reply->kind != REDIS_INTEGER)
        return redis_reply_unexpected(reply, command, err);
    if (reply->integer < 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "%s: a negative length", command);
    key->size = reply->integer;
    if (key->size > 0)
        rank(bigkey, db, key);
    else
        key->wanted = key->type == SCAN_KEY_STRING &&
                      ranking_admits(&bigkey->rankings[SCAN_KEY_STRING], db, key, 0);
    return 0;
}

static int bigkey_answer(void *state, struct scan_batch *batch, struct scan_key *key,
                         const struct scan_command *command, const struct redis_reply *reply,
                         struct error *err)
{
    (void)command;
    if (batch->stage == STAGE_LENGTH)
        return take_length(state, batch->db, key, reply, err);
    if (take_type(key, reply, err) < 0)
        return -1;
    if (batch->stage == STAGE_CONFIRM) {
        if (key->type == SCAN_KEY_STRING)
            rank(state, batch->db, key);
        key->wanted = false;
    }
    return 0;
}

static void write_key(struct json_writer *writer, const struct ranked_key *key)
{
    const struct type_row *type = &types[key->type];
    json_writer_begin_object(writer);
    json_writer_name(writer, "name");
    key_name_write(writer, key);
    json_writer_name(writer, "type");
    json_writer_text(writer, type->name.bytes, type->name.length);
    json_writer_member_number(writer, "db", key->db);
    json_writer_member_number(writer, "size", key->size);
    json_writer_member_text(writer, "unit", type->unit);
    json_writer_end_object(writer);
}

static void bigkey_finish(void *state, struct scan_outcome *outcome)
{
    struct bigkey *bigkey = state;
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_array(&writer);
    outcome->num = 0;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        struct ranking *ranking = &bigkey->rankings[type];
        for (int i = 0; i < ranking->count; i++)
            write_key(&writer, &ranking->places[i]);
        outcome->num += ranking->count;
    }
    json_writer_end_array(&writer);
    outcome->keys = json_writer_take(&writer, &outcome->keys_length);
    json_writer_release(&writer);
}

const struct scan_method scan_method_bigkey = {
    .new = bigkey_new,
    .free = bigkey_free,
    .ask = bigkey_ask,
    .answer = bigkey_answer,
    .finish = bigkey_finish,
};
