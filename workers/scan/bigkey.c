/* Big keys: TYPE of every key, then the length of those of the five types, then, for an empty
 * string that would take a place, TYPE again: STRLEN says 0 for a key that is gone as well.  A key
 * that vanished or changed its type between two questions is left out. */
#include "method.h"

#include <stdlib.h>

#include "key_size.h"
#include "ranking.h"

enum { PLACES = 20 };
enum { STAGE_TYPE, STAGE_LENGTH, STAGE_CONFIRM };

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
            batch->stage == STAGE_LENGTH ? key_length_command(key->type) : &key_type_command;
        key->wanted = false;
        if (scan_batch_ask(batch, key, command, err) < 0)
            return -1;
    }
    return 0;
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

static int take_type(struct bigkey *bigkey, const struct scan_batch *batch, struct scan_key *key,
                     const struct redis_reply *reply, struct error *err)
{
    if (key_take_type(key, reply, err) < 0)
        return -1;
    if (batch->stage == STAGE_TYPE)
        key->wanted = key->type != SCAN_KEY_OTHER;
    else if (key->type == SCAN_KEY_STRING)
        rank(bigkey, batch->db, key);
    return 0;
}

static int take_length(struct bigkey *bigkey, int db, struct scan_key *key,
                       const struct redis_reply *reply, struct error *err)
{
    if (key_take_length(key, reply, err) < 0)
        return -1;
    if (key->size > 0)
        rank(bigkey, db, key);
    else
        key->wanted = key->size == 0 && key->type == SCAN_KEY_STRING &&
                      ranking_admits(&bigkey->rankings[SCAN_KEY_STRING], db, key, 0);
    return 0;
}

static int bigkey_answer(void *state, struct scan_batch *batch, struct scan_key *key,
                         const struct scan_command *command, const struct redis_reply *reply,
                         struct error *err)
{
    (void)command;
    return batch->stage == STAGE_LENGTH ? take_length(state, batch->db, key, reply, err)
                                        : take_type(state, batch, key, reply, err);
}

/* Found later, so it is the type that the key has now. */
static void bigkey_merge(void *state, const void *other)
{
    struct bigkey *bigkey = state;
    const struct bigkey *later = other;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        const struct ranking *ranking = &later->rankings[type];
        for (int i = 0; i < ranking->count; i++) {
            for (int old = 0; old < SCAN_KEY_TYPE_COUNT; old++) {
                if (old != type)
                    ranking_remove_key(&bigkey->rankings[old], &ranking->places[i]);
            }
            ranking_offer_key(&bigkey->rankings[type], &ranking->places[i]);
        }
    }
}

static void write_key(struct json_writer *writer, const struct ranked_key *key,
                      const struct shard_map *map)
{
    json_writer_begin_object(writer);
    key_write_members(writer, key, map);
    json_writer_end_object(writer);
}

static void bigkey_finish(void *state, const struct shard_map *map, struct scan_outcome *outcome)
{
    struct bigkey *bigkey = state;
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_array(&writer);
    outcome->num = 0;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        struct ranking *ranking = &bigkey->rankings[type];
        for (int i = 0; i < ranking->count; i++)
            write_key(&writer, &ranking->places[i], map);
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
    .merge = bigkey_merge,
    .finish = bigkey_finish,
};
