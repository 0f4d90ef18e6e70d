/* Names are hex digits, as they may be any bytes; sets of slots are lists of first and last. */
#include "saved.h"

#include <string.h>

void saved_slots_write(struct json_writer *json, const char *name, const struct redis_slots *slots)
{
    json_writer_name(json, name);
    json_writer_begin_array(json);
    for (int slot = 0, first = 0; slot < REDIS_SLOT_COUNT; slot++) {
        if (!redis_slots_has(slots, slot)) {
            first = slot + 1;
        } else if (slot == REDIS_SLOT_COUNT - 1 || !redis_slots_has(slots, slot + 1)) {
            json_writer_number(json, first);
            json_writer_number(json, slot);
        }
    }
    json_writer_end_array(json);
}

static int slot_at(const json_t *array, size_t place)
{
    const json_t *slot = json_array_get(array, place);
    if (!json_is_integer(slot) || json_integer_value(slot) < 0 ||
        json_integer_value(slot) >= REDIS_SLOT_COUNT)
        return -1;
    return (int)json_integer_value(slot);
}

bool saved_slots_read(const json_t *object, const char *name, struct redis_slots *ret_slots)
{
    const json_t *array = json_object_get(object, name);
    *ret_slots = (struct redis_slots){0};
    if (!json_is_array(array) || json_array_size(array) % 2 != 0)
        return false;
    for (size_t i = 0; i < json_array_size(array); i += 2) {
        int first = slot_at(array, i), last = slot_at(array, i + 1);
        if (first < 0 || last < first)
            return false;
        redis_slots_add(ret_slots, first, last);
    }
    return true;
}

void saved_cost_write(struct json_writer *json, const char *name, const struct scan_cost *cost)
{
    json_writer_name(json, name);
    json_writer_begin_object(json);
    scan_cost_write(json, cost);
    json_writer_end_object(json);
}

bool saved_cost_read(const json_t *object, const char *name, struct scan_cost *ret_cost)
{
    const json_t *cost = json_object_get(object, name);
    const json_t *pauses = json_object_get(cost, "pauses");
    *ret_cost = (struct scan_cost){0};
    return saved_integer(pauses, "guard", 0, INT32_MAX, &ret_cost->pauses[SCAN_PAUSE_GUARD]) &&
           saved_integer(pauses, "ceiling", 0, INT32_MAX, &ret_cost->pauses[SCAN_PAUSE_CEILING]) &&
           saved_integer(cost, "paused_ms", 0, INT32_MAX, &ret_cost->paused_ms) &&
           saved_integer(cost, "halvings", 0, INT32_MAX, &ret_cost->halvings) &&
           saved_integer(cost, "baseline_us", 0, INT32_MAX, &ret_cost->baseline_us) &&
           saved_integer(cost, "worst_us", 0, INT64_MAX, &ret_cost->worst_us) &&
           saved_integer(cost, "touched", 0, INT64_MAX, &ret_cost->touched);
}

/* The hash as digits, too: not every reader of JSON has numbers of 64 bits. */
static void write_name(struct json_writer *json, const struct ranked_key *key)
{
    char digits[2 * RANKED_NAME_MAX + 1];
    text_format_hex((const unsigned char *)key->name, key->kept, digits);
    json_writer_member_text(json, "name", digits);
    text_format_hex((const unsigned char *)&key->hash, sizeof(key->hash), digits);
    json_writer_member_text(json, "hash", digits);
}

void saved_ranking_write(struct json_writer *json, const char *name, const struct ranking *ranking)
{
    json_writer_name(json, name);
    json_writer_begin_array(json);
    for (int i = 0; i < ranking->count; i++) {
        const struct ranked_key *key = &ranking->places[i];
        json_writer_begin_object(json);
        write_name(json, key);
        json_writer_member_number(json, "length", (int64_t)key->length);
        json_writer_member_boolean(json, "utf8", key->utf8);
        json_writer_member_number(json, "slot", key->slot);
        json_writer_member_number(json, "db", key->db);
        json_writer_member_number(json, "type", key->type);
        json_writer_member_number(json, "size", key->size);
        json_writer_member_number(json, "bytes", key->bytes);
        json_writer_member_number(json, "score", key->score);
        json_writer_end_object(json);
    }
    json_writer_end_array(json);
}

/* A name that is not kept whole is longer than what is kept, and no other is. */
static bool read_name(const json_t *object, struct ranked_key *key)
{
    const json_t *name = json_object_get(object, "name");
    char hash[2 * sizeof(key->hash) + 1];
    int64_t length;
    if (!json_is_string(name) || json_string_length(name) % 2 != 0 ||
        json_string_length(name) / 2 > RANKED_NAME_MAX ||
        !saved_integer(object, "length", 0, INT64_MAX, &length) ||
        !saved_text(object, "hash", sizeof(hash) - 1, hash) || strlen(hash) != sizeof(hash) - 1 ||
        text_parse_hex(hash, (unsigned char *)&key->hash, sizeof(key->hash)) < 0)
        return false;
    key->kept = json_string_length(name) / 2;
    key->length = (size_t)length;
    key->utf8 = json_is_true(json_object_get(object, "utf8"));
    return (key->length <= RANKED_NAME_MAX ? key->length == key->kept && key->hash == 0
                                           : key->kept < key->length) &&
           text_parse_hex(json_string_value(name), (unsigned char *)key->name, key->kept) == 0;
}

static bool read_key(const json_t *object, struct ranked_key *key)
{
    int64_t slot, db, type;
    if (!read_name(object, key) || !saved_integer(object, "slot", 0, REDIS_SLOT_COUNT - 1, &slot) ||
        !saved_integer(object, "db", 0, INT32_MAX, &db) ||
        !saved_integer(object, "type", 0, SCAN_KEY_TYPE_COUNT - 1, &type) ||
        !saved_integer(object, "size", SCAN_SIZE_UNKNOWN, INT64_MAX, &key->size) ||
        !saved_integer(object, "bytes", 0, INT64_MAX, &key->bytes) ||
        !saved_integer(object, "score", 0, INT64_MAX, &key->score))
        return false;
    key->slot = (int)slot;
    key->db = (int)db;
    key->type = (enum scan_key_type)type;
    return true;
}

bool saved_ranking_read(const json_t *object, const char *name, struct ranking *ranking)
{
    const json_t *array = json_object_get(object, name);
    if (!json_is_array(array))
        return false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        char bytes[RANKED_NAME_MAX];
        struct ranked_key key = {.name = bytes};
        if (!read_key(json_array_get(array, i), &key))
            return false;
        ranking_offer_key(ranking, &key);
    }
    return true;
}
