/* Big keys: TYPE of every key, then the length of those of the five types, then, for an empty
 * string that would take a place, TYPE again: STRLEN says 0 for a key that is gone as well.  A key
 * that vanished or changed its type between two questions is left out.
 *
 * Where it is worth while (bigkey_way.h) MEMORY USAGE is asked first, and nothing more about a key
 * whose bytes are too few for any ranking, nor the length of one that has too few for its type's.
 *
 * Where a length counts as a use of the key, and uses decide what is evicted, it is not asked at
 * once: OBJECT ENCODING, which is no use, brings the bound closer, and the key is kept back.  Those
 * that were kept back are asked when all keys were seen, by falling bounds, until the rankings are
 * beyond the rest; earlier only as many as it takes to keep the reserve small. */
#include "method.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bigkey_way.h"
#include "key_bytes.h"
#include "key_size.h"
#include "ranking.h"
#include "redis/abilities.h"
#include "reserve.h"
#include "saved.h"

enum { PLACES = 20 };
enum { STAGE_BYTES, STAGE_TYPE, STAGE_ENCODING, STAGE_LENGTH, STAGE_CONFIRM };

struct bigkey {
    struct ranking rankings[SCAN_KEY_TYPE_COUNT];
    struct bigkey_way way;
    int64_t bytes_below; /* of keys that are no candidates */
    bool with_bytes, no_touch;
    bool sparing; /* keys are kept back */
    struct reserve reserve;
    const struct scan_batch *recalling; /* the batch that thins the reserve */
    bool revisiting;
    struct key_layout layout;
    int64_t touched;
    char note[SCAN_NOTE_MAX + 1];
};

/* A replica's counters decide nothing, nor do those of a master that evicts by other means. */
static bool counters_matter(const struct redis_probe *probe)
{
    return probe->role == REDIS_ROLE_MASTER && redis_probe_evicts_by_use(probe);
}

static void *bigkey_new(const struct scan_server *server)
{
    struct bigkey *bigkey = calloc(1, sizeof(*bigkey));
    if (!bigkey)
        abort();
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        ranking_init(&bigkey->rankings[type], PLACES);
    bigkey->with_bytes = server->with_bytes;
    bigkey->no_touch = server->no_touch;
    bigkey->way.allowed = redis_probe_has(server->probe, REDIS_HAS_MEMORY_USAGE);
    bigkey->sparing = bigkey->way.allowed && !server->no_touch && counters_matter(server->probe);
    bigkey->way.always = server->with_bytes || bigkey->sparing;
    if (bigkey->sparing)
        bigkey->layout = key_layout_of(server->probe);
    return bigkey;
}

static void bigkey_free(void *state)
{
    struct bigkey *bigkey = state;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        ranking_release(&bigkey->rankings[type]);
    reserve_release(&bigkey->reserve);
    free(bigkey);
}

/* Rankings only get harder to enter, so that what was computed stays true. */
static int64_t compute_bytes_below(const struct bigkey *bigkey)
{
    int64_t least = INT64_MAX;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        int64_t bytes =
            key_bytes_below((enum scan_key_type)type, ranking_least(&bigkey->rankings[type]));
        least = bytes < least ? bytes : least;
    }
    return least;
}

static void begin(struct bigkey *bigkey, struct scan_batch *batch)
{
    bigkey->bytes_below = compute_bytes_below(bigkey);
    if (!bigkey_way_choose(&bigkey->way, bigkey->bytes_below > 0, (int64_t)batch->count))
        batch->stage = STAGE_TYPE;
    for (size_t i = 0; i < batch->count; i++)
        batch->keys[i].wanted = true;
}

static const struct scan_command *command_of(struct bigkey *bigkey, int stage,
                                             const struct scan_key *key)
{
    if (stage == STAGE_BYTES)
        return &key_bytes_command;
    if (stage == STAGE_ENCODING)
        return &key_encoding_command;
    if (stage != STAGE_LENGTH)
        return &key_type_command;
    bigkey->touched += !bigkey->no_touch;
    return key_length_command(key->type);
}

/* Where there is no room, or no bound, the length is asked at once. */
static void keep_back(struct bigkey *bigkey, int db, struct scan_key *key, int64_t most)
{
    if (!ranking_admits(&bigkey->rankings[key->type], db, key, most))
        return;
    key->wanted = !reserve_add(&bigkey->reserve, db, key, most);
}

/* Leaves those wanted of which the next question is the length. */
static void begin_encodings(struct bigkey *bigkey, struct scan_batch *batch)
{
    if (bigkey->layout.known)
        return;
    batch->stage = STAGE_LENGTH;
    for (size_t i = 0; bigkey->sparing && i < batch->count; i++) {
        struct scan_key *key = &batch->keys[i];
        if (!key->wanted || key->bytes == 0)
            continue;
        key->wanted = false;
        keep_back(bigkey, batch->db, key, key_length_most(key->type, key->bytes));
    }
}

static int ask_wanted(struct bigkey *bigkey, struct scan_batch *batch, struct error *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct scan_key *key = &batch->keys[i];
        if (!key->wanted || (batch->stage == STAGE_ENCODING && key->bytes == 0))
            continue;
        key->wanted = false;
        if (scan_batch_ask(batch, key, command_of(bigkey, batch->stage, key), err) < 0)
            return -1;
    }
    return 0;
}

/* One batch at a time, as each must know what those before it found. */
static bool recall(struct bigkey *bigkey, struct scan_batch *batch)
{
    bool goes_on = bigkey->recalling == batch;
    if (bigkey->revisiting || (bigkey->recalling && !goes_on))
        return false;
    bigkey->recalling = NULL;
    if (bigkey->reserve.bytes <= (goes_on ? RESERVE_BYTES_THIN : RESERVE_BYTES_FULL) ||
        !reserve_recall_some(&bigkey->reserve, bigkey->rankings, batch->db, batch))
        return false;
    bigkey->recalling = batch;
    batch->stage = STAGE_LENGTH;
    return true;
}

static int bigkey_ask(void *state, struct scan_batch *batch, struct error *err)
{
    struct bigkey *bigkey = state;
    if (batch->stage == STAGE_BYTES)
        begin(bigkey, batch);
    if (batch->stage == STAGE_ENCODING)
        begin_encodings(bigkey, batch);
    if (ask_wanted(bigkey, batch, err) < 0)
        return -1;
    if (batch->asked > 0 || !bigkey->sparing)
        return 0;
    /* Of some there are no bytes, but a length. */
    if (batch->stage < STAGE_LENGTH) {
        batch->stage = STAGE_LENGTH;
        if (ask_wanted(bigkey, batch, err) < 0)
            return -1;
    }
    return batch->asked == 0 && recall(bigkey, batch) ? ask_wanted(bigkey, batch, err) : 0;
}

/* A key has one type: the one that was seen last. */
static void rank(struct bigkey *bigkey, int db, struct scan_key *key)
{
    if (!bigkey->with_bytes)
        key->bytes = 0;
    if (!ranking_admits(&bigkey->rankings[key->type], db, key, key->size))
        return;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        if (type != (int)key->type)
            ranking_remove(&bigkey->rankings[type], db, key->name);
    }
    ranking_offer(&bigkey->rankings[key->type], db, key, key->size);
}

/* A refusal is the server's last word on the command, not on the key. */
static int take_bytes(struct bigkey *bigkey, struct scan_key *key, const struct redis_reply *reply,
                      struct error *err)
{
    struct error refusal = {0};
    if (key_take_bytes(key, reply, &refusal) == 0) {
        key->wanted = key->bytes > 0 && key->bytes >= bigkey->bytes_below;
        bigkey_way_take(&bigkey->way, key->wanted);
        return 0;
    }
    if (refusal.code != ERROR_REDIS_REFUSED) {
        *err = refusal;
        return -1;
    }
    bigkey_way_refuse(&bigkey->way);
    snprintf(bigkey->note, sizeof(bigkey->note), "lengths of all keys were asked: %.200s",
             refusal.text);
    key->wanted = true;
    return 0;
}

static int take_encoding(struct bigkey *bigkey, int db, struct scan_key *key,
                         const struct redis_reply *reply, struct error *err)
{
    struct error refusal = {0};
    enum key_encoding encoding;
    if (key_take_encoding(reply, &encoding, &refusal) < 0) {
        if (refusal.code != ERROR_REDIS_REFUSED) {
            *err = refusal;
            return -1;
        }
        encoding = KEY_ENCODING_OTHER;
        bigkey->layout.known = false;
        snprintf(bigkey->note, sizeof(bigkey->note), "more lengths were asked: %.200s",
                 refusal.text);
    }
    if (encoding != KEY_GONE)
        keep_back(
            bigkey, db, key,
            key_length_most_as(&bigkey->layout, key->type, encoding, key->bytes, key->name.length));
    return 0;
}

static bool may_rank(const struct bigkey *bigkey, int db, const struct scan_key *key)
{
    return key->bytes == 0 || ranking_admits(&bigkey->rankings[key->type], db, key,
                                             key_length_most(key->type, key->bytes));
}

static int take_type(struct bigkey *bigkey, const struct scan_batch *batch, struct scan_key *key,
                     const struct redis_reply *reply, struct error *err)
{
    if (key_take_type(key, reply, err) < 0)
        return -1;
    if (batch->stage == STAGE_TYPE)
        key->wanted = key->type != SCAN_KEY_OTHER && may_rank(bigkey, batch->db, key);
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
    switch (batch->stage) {
    case STAGE_BYTES:
        return take_bytes(state, key, reply, err);
    case STAGE_ENCODING:
        return take_encoding(state, batch->db, key, reply, err);
    case STAGE_LENGTH:
        return take_length(state, batch->db, key, reply, err);
    default:
        return take_type(state, batch, key, reply, err);
    }
}

static bool bigkey_revisit(void *state, bool more, struct scan_batch *batch)
{
    struct bigkey *bigkey = state;
    bigkey->revisiting = bigkey->reserve.bytes > (more ? RESERVE_BYTES_THIN : 0) &&
                         reserve_recall(&bigkey->reserve, bigkey->rankings, batch);
    batch->stage = STAGE_LENGTH;
    return bigkey->revisiting;
}

/* Found later, so it is the type that the key has now. */
static void bigkey_merge(void *state, const void *other)
{
    struct bigkey *bigkey = state;
    const struct bigkey *later = other;
    bigkey->touched += later->touched;
    if (later->note[0])
        memcpy(bigkey->note, later->note, sizeof(bigkey->note));
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
    outcome->cost.touched = bigkey->touched;
    memcpy(outcome->note, bigkey->note, sizeof(outcome->note));
    outcome->keys = json_writer_take(&writer, &outcome->keys_length);
    json_writer_release(&writer);
}

static const char *const ranking_names[SCAN_KEY_TYPE_COUNT] = {
    [SCAN_KEY_STRING] = "strings", [SCAN_KEY_LIST] = "lists",  [SCAN_KEY_SET] = "sets",
    [SCAN_KEY_ZSET] = "zsets",     [SCAN_KEY_HASH] = "hashes",
};

static void bigkey_save(const void *state, struct json_writer *json)
{
    const struct bigkey *bigkey = state;
    json_writer_member_number(json, "touched", bigkey->touched);
    json_writer_member_text(json, "note", bigkey->note);
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        saved_ranking_write(json, ranking_names[type], &bigkey->rankings[type]);
    json_writer_name(json, "reserve");
    json_writer_begin_array(json);
    reserve_write(&bigkey->reserve, json);
    json_writer_end_array(json);
}

static bool bigkey_load(void *state, const json_t *saved)
{
    struct bigkey *bigkey = state;
    if (!saved_integer(saved, "touched", 0, INT64_MAX / 2, &bigkey->touched) ||
        !saved_text(saved, "note", SCAN_NOTE_MAX, bigkey->note))
        return false;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        if (!saved_ranking_read(saved, ranking_names[type], &bigkey->rankings[type]))
            return false;
    }
    return reserve_read(&bigkey->reserve, json_object_get(saved, "reserve"));
}

static int64_t bigkey_touched(const void *state)
{
    return ((const struct bigkey *)state)->touched;
}

const struct scan_method scan_method_bigkey = {
    .new = bigkey_new,
    .free = bigkey_free,
    .ask = bigkey_ask,
    .answer = bigkey_answer,
    .revisit = bigkey_revisit,
    .touched = bigkey_touched,
    .merge = bigkey_merge,
    .save = bigkey_save,
    .load = bigkey_load,
    .finish = bigkey_finish,
};
