/* Hot keys, from one of two sources: the LFU counters of a server that evicts by them, or, where
 * the operator agreed to it, the server's HOTKEYS command.
 *
 * By the counters: OBJECT FREQ of every key, which changes no counter, and TYPE, which changes none
 * either, of those that would take a place, so that streams and modules take none.  A length would
 * count as a use of the key before Redis 7.2 (CLIENT NO-TOUCH), and a scan that makes keys hotter
 * measures itself.  So lengths are asked when all keys were seen, of the PLACES winners only, after
 * their counters were read; a winner that is gone by then or has become something else is left out,
 * and the next of the reserve takes its place.  Only a key whose name the ranking does not keep
 * whole is measured as soon as it takes a place.  So before 7.2 up to PLACES counters may change,
 * by one each and after they were read: among truly hot keys a few, as a step up gets the rarer the
 * higher the counter is; among keys that are all as cold as new ones, all of the winners'.
 *
 * By HOTKEYS: there is no SCAN.  Its keys have CPU time and no database: they are looked up in
 * database 0 and left out where they are not there.  freq is the share of the hottest key's time,
 * linear and rounded up: 255 for the hottest, 128 for one with half of its time, at least 1 for one
 * with any.  Linear, as half the value then is half the load; only order and ratio within one
 * answer mean something.  Counters of use may change by the lengths, which nobody reads here. */
#include "method.h"

#include <stdlib.h>

#include "hotkeys_session.h"
#include "key_size.h"
#include "ranking.h"
#include "redis/abilities.h"
#include "redis/slots.h"
#include "saved.h"

enum { PLACES = 100, RESERVE = 100, FREQ_MAX = 255 };
enum { STAGE_FREQ, STAGE_TYPE, STAGE_LENGTH, STAGE_CONFIRM };

static const struct scan_command freq_command = {
    "OBJECT FREQ", {SCAN_WORD("OBJECT"), SCAN_WORD("FREQ")}, 2};

struct hotkey {
    struct ranking ranking; /* of freq; the size is unknown until it was asked */
    bool measuring;         /* the keys of the batch are those whose lengths are wanted */
    bool no_touch;
    int64_t touched;
};

static const char *check_master(const struct scan_server *server)
{
    return server->probe->role == REDIS_ROLE_MASTER
               ? NULL
               : "a replica: it counts uses of its own, hot keys are read on masters only";
}

static const char *check_freq(const struct scan_server *server)
{
    const char *reason = check_master(server);
    if (reason)
        return reason;
    if (!redis_probe_has(server->probe, REDIS_HAS_OBJECT_FREQ))
        return "older than 4.0: it does not count uses of keys";
    /* A server that does not tell its policy will tell by OBJECT FREQ. */
    if (server->probe->maxmemory_policy[0] && !redis_probe_is_lfu(server->probe))
        return "maxmemory-policy is neither allkeys-lfu nor volatile-lfu, and there is no HOTKEYS "
               "to use instead";
    return NULL;
}

static const char *check_command(const struct scan_server *server)
{
    return server->hotkeys_command ? check_master(server) : "no HOTKEYS to use";
}

static void *hotkey_new(const struct scan_server *server)
{
    struct hotkey *hotkey = calloc(1, sizeof(*hotkey));
    if (!hotkey)
        abort();
    hotkey->no_touch = server->no_touch;
    ranking_init(&hotkey->ranking, PLACES + RESERVE);
    return hotkey;
}

static void hotkey_free(void *state)
{
    struct hotkey *hotkey = state;
    ranking_release(&hotkey->ranking);
    free(hotkey);
}

static const struct scan_command *command_of(struct hotkey *hotkey, int stage,
                                             const struct scan_key *key)
{
    if (stage == STAGE_FREQ)
        return &freq_command;
    if (stage != STAGE_LENGTH)
        return &key_type_command;
    hotkey->touched += !hotkey->no_touch;
    return key_length_command(key->type);
}

static int hotkey_ask(void *state, struct scan_batch *batch, struct error *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct scan_key *key = &batch->keys[i];
        if (batch->stage != STAGE_FREQ && !key->wanted)
            continue;
        key->wanted = false;
        if (scan_batch_ask(batch, key, command_of(state, batch->stage, key), err) < 0)
            return -1;
    }
    return 0;
}

static int take_freq(struct hotkey *hotkey, int db, struct scan_key *key,
                     const struct redis_reply *reply, struct error *err)
{
    if (reply->kind == REDIS_NIL || redis_reply_is_redirect(reply))
        return 0;
    if (reply->kind != REDIS_INTEGER)
        return redis_reply_unexpected(reply, freq_command.name, err);
    if (reply->integer < 0 || reply->integer > FREQ_MAX)
        return error_set(err, ERROR_REDIS_PROTOCOL, "%s: a counter of %lld", freq_command.name,
                         (long long)reply->integer);
    key->score = reply->integer;
    key->size = SCAN_SIZE_UNKNOWN;
    key->wanted = ranking_admits(&hotkey->ranking, db, key, key->score);
    return 0;
}

/* Keeps what is known now about a key that is there. */
static void keep(struct hotkey *hotkey, int db, const struct scan_key *key)
{
    ranking_offer(&hotkey->ranking, db, key, key->score);
    struct ranked_key *place = ranking_find(&hotkey->ranking, db, key->name);
    if (place) {
        place->type = key->type;
        place->size = key->size;
    }
}

static int take_type(struct hotkey *hotkey, int db, struct scan_key *key,
                     const struct redis_reply *reply, struct error *err)
{
    if (key_take_type(key, reply, err) < 0)
        return -1;
    if (key->type == SCAN_KEY_OTHER)
        ranking_remove(&hotkey->ranking, db, key->name);
    else if (hotkey->measuring || key->name.length > RANKED_NAME_MAX)
        key->wanted = true;
    else
        keep(hotkey, db, key);
    return 0;
}

static int take_length(struct hotkey *hotkey, int db, struct scan_key *key,
                       const struct redis_reply *reply, struct error *err)
{
    if (key_take_length(key, reply, err) < 0)
        return -1;
    if (key->size > 0)
        keep(hotkey, db, key);
    else if (key->size == 0 && key->type == SCAN_KEY_STRING)
        key->wanted = true;
    else
        ranking_remove(&hotkey->ranking, db, key->name);
    return 0;
}

static int confirm(struct hotkey *hotkey, int db, struct scan_key *key,
                   const struct redis_reply *reply, struct error *err)
{
    if (key_take_type(key, reply, err) < 0)
        return -1;
    if (key->type == SCAN_KEY_STRING)
        keep(hotkey, db, key);
    else
        ranking_remove(&hotkey->ranking, db, key->name);
    return 0;
}

static int hotkey_answer(void *state, struct scan_batch *batch, struct scan_key *key,
                         const struct scan_command *command, const struct redis_reply *reply,
                         struct error *err)
{
    (void)command;
    switch (batch->stage) {
    case STAGE_FREQ:
        return take_freq(state, batch->db, key, reply, err);
    case STAGE_TYPE:
        return take_type(state, batch->db, key, reply, err);
    case STAGE_LENGTH:
        return take_length(state, batch->db, key, reply, err);
    default:
        return confirm(state, batch->db, key, reply, err);
    }
}

static int shown(const struct hotkey *hotkey)
{
    return hotkey->ranking.count < PLACES ? hotkey->ranking.count : PLACES;
}

/* The winners without a size in the database of the best of them.  Each is measured or taken out.
 */
static bool hotkey_revisit(void *state, bool more, struct scan_batch *batch)
{
    struct hotkey *hotkey = state;
    int first = 0, count = shown(hotkey);
    if (more)
        return false;
    hotkey->measuring = true;
    while (first < count && hotkey->ranking.places[first].size != SCAN_SIZE_UNKNOWN)
        first++;
    if (first == count)
        return false;
    int db = hotkey->ranking.places[first].db;
    scan_batch_begin(batch, db, PLACES, (size_t)PLACES * RANKED_NAME_MAX);
    for (int i = first; i < count; i++) {
        const struct ranked_key *place = &hotkey->ranking.places[i];
        if (place->db != db || place->size != SCAN_SIZE_UNKNOWN)
            continue;
        struct scan_key *key = scan_batch_add(batch, (struct text){place->name, place->kept});
        key->score = place->score;
        key->wanted = true;
    }
    batch->stage = STAGE_TYPE;
    return true;
}

/* Rounded up; no session is as long as the cut. */
static int64_t freq_of(int64_t time, int64_t longest)
{
    const int64_t time_max = INT64_MAX / (FREQ_MAX + 1);
    time = time < time_max ? time : time_max;
    longest = longest < time_max ? longest : time_max;
    return longest == 0 ? 0 : (time * FREQ_MAX + longest - 1) / longest;
}

static int hotkey_collect(void *state, struct scan_source *source, struct scan_batch *batch,
                          struct error *err)
{
    struct hotkey *hotkey = state;
    int64_t longest = 0;
    hotkey->measuring = true;
    if (hotkeys_session_run(source, batch, err) < 0)
        return -1;
    for (size_t i = 0; i < batch->count; i++)
        longest = batch->keys[i].score > longest ? batch->keys[i].score : longest;
    for (size_t i = 0; i < batch->count; i++) {
        batch->keys[i].score = freq_of(batch->keys[i].score, longest);
        batch->keys[i].wanted = true;
    }
    batch->stage = STAGE_TYPE;
    return 0;
}

/* Of each node's keys only the winners were measured, and only they can be winners of all. */
static void hotkey_merge(void *state, const void *other)
{
    struct hotkey *hotkey = state;
    const struct hotkey *later = other;
    hotkey->touched += later->touched;
    for (int i = 0; i < shown(later); i++)
        ranking_offer_key(&hotkey->ranking, &later->ranking.places[i]);
}

static void hotkey_finish(void *state, const struct shard_map *map, struct scan_outcome *outcome)
{
    struct hotkey *hotkey = state;
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_array(&writer);
    outcome->num = shown(hotkey);
    outcome->cost.touched = hotkey->touched;
    for (int i = 0; i < outcome->num; i++) {
        const struct ranked_key *key = &hotkey->ranking.places[i];
        json_writer_begin_object(&writer);
        key_write_members(&writer, key, map);
        json_writer_member_number(&writer, "freq", key->score);
        json_writer_end_object(&writer);
    }
    json_writer_end_array(&writer);
    outcome->keys = json_writer_take(&writer, &outcome->keys_length);
    json_writer_release(&writer);
}

static void hotkey_save(const void *state, struct json_writer *json)
{
    const struct hotkey *hotkey = state;
    json_writer_member_number(json, "touched", hotkey->touched);
    saved_ranking_write(json, "keys", &hotkey->ranking);
}

static bool hotkey_load(void *state, const json_t *saved)
{
    struct hotkey *hotkey = state;
    return saved_integer(saved, "touched", 0, INT64_MAX / 2, &hotkey->touched) &&
           saved_ranking_read(saved, "keys", &hotkey->ranking);
}

const struct scan_method scan_method_hotkey = {
    .check = check_freq,
    .new = hotkey_new,
    .free = hotkey_free,
    .ask = hotkey_ask,
    .answer = hotkey_answer,
    .revisit = hotkey_revisit,
    .merge = hotkey_merge,
    .save = hotkey_save,
    .load = hotkey_load,
    .finish = hotkey_finish,
};

const struct scan_method scan_method_hotkey_command = {
    .check = check_command,
    .new = hotkey_new,
    .free = hotkey_free,
    .collect = hotkey_collect,
    .ask = hotkey_ask,
    .answer = hotkey_answer,
    .merge = hotkey_merge,
    .finish = hotkey_finish,
};
