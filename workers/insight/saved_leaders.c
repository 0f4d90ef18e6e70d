/* A leader is an array of values: there may be thousands of them. */
#include "leaders.h"

#include <string.h>

#include "insight/saved_value.h"

enum {
    FIELD_NAME,
    FIELD_HASH, /* as digits: not every reader of JSON has numbers of 64 bits */
    FIELD_LENGTH,
    FIELD_UTF8,
    FIELD_SLOT,
    FIELD_DB,
    FIELD_TYPE,
    FIELD_ENCODING,
    FIELD_BYTES,
    FIELD_SIZE,
    FIELD_TTL,
    FIELD_IDLE,
    FIELD_FREQ,
    FIELD_RANKINGS, /* 1: by bytes, 2: by size */
    FIELD_COUNT
};

enum { SLOT_MAX = 16383, FREQ_MAX = 255, BY_BYTES = 1, BY_SIZE = 2 };

static void write_leader(struct json_writer *json, const struct leader *leader)
{
    char digits[2 * RANKED_NAME_MAX + 1];
    json_writer_begin_array(json);
    text_format_hex((const unsigned char *)leader->name, leader->kept, digits);
    json_writer_text(json, digits, 2 * leader->kept);
    size_t hashed = leader->kept < leader->length ? sizeof(leader->name_hash) : 0;
    text_format_hex((const unsigned char *)&leader->name_hash, hashed, digits);
    json_writer_text(json, digits, 2 * hashed);
    json_writer_number(json, (int64_t)leader->length);
    json_writer_number(json, leader->utf8);
    json_writer_number(json, leader->slot);
    json_writer_number(json, leader->db);
    json_writer_number(json, leader->type);
    json_writer_number(json, leader->encoding);
    json_writer_number(json, leader->bytes);
    json_writer_number(json, leader->size);
    json_writer_number(json, leader->ttl_ms);
    json_writer_number(json, leader->idle_s);
    json_writer_number(json, leader->freq);
    json_writer_number(json,
                       (leader->places[0] ? BY_BYTES : 0) + (leader->places[1] ? BY_SIZE : 0));
    json_writer_end_array(json);
}

void leaders_write(const struct leaders *leaders, struct json_writer *json)
{
    json_writer_begin_array(json);
    for (uint32_t i = 0; i < leaders->pool_count && !json->is_overlong; i++) {
        if (leaders->pool[i].name)
            write_leader(json, &leaders->pool[i]);
    }
    json_writer_end_array(json);
}

static bool read_name(const json_t *saved, size_t most, struct leader *leader)
{
    char hash[sizeof(leader->name_hash)];
    size_t kept, hashed;
    int64_t length;
    if (!saved_bytes_at(saved, FIELD_NAME, most, leader->name, &kept) ||
        !saved_bytes_at(saved, FIELD_HASH, sizeof(hash), hash, &hashed) ||
        !saved_integer_at(saved, FIELD_LENGTH, 0, INT64_MAX, &length))
        return false;
    leader->kept = (uint32_t)kept;
    leader->length = (size_t)length;
    if (leader->length <= most)
        return hashed == 0 && kept == leader->length;
    memcpy(&leader->name_hash, hash, sizeof(hash));
    return hashed == sizeof(hash) && kept + 4 > most;
}

static bool read_int(const json_t *saved, size_t place, int least, int most, int *ret_value)
{
    int64_t value;
    if (!saved_integer_at(saved, place, least, most, &value))
        return false;
    *ret_value = (int)value;
    return true;
}

static bool read_leader(const json_t *saved, size_t name_most, int type_count, int encoding_count,
                        struct leader *leader, int *ret_rankings)
{
    int utf8;
    bool read =
        json_array_size(saved) == FIELD_COUNT && read_name(saved, name_most, leader) &&
        read_int(saved, FIELD_UTF8, 0, 1, &utf8) &&
        read_int(saved, FIELD_SLOT, 0, SLOT_MAX, &leader->slot) &&
        read_int(saved, FIELD_DB, 0, INT32_MAX, &leader->db) &&
        read_int(saved, FIELD_TYPE, 0, INSIGHT_TYPES_MAX - 1, &leader->type) &&
        read_int(saved, FIELD_ENCODING, INSIGHT_UNKNOWN, INSIGHT_ENCODINGS_MAX - 1,
                 &leader->encoding) &&
        saved_integer_at(saved, FIELD_BYTES, INSIGHT_UNKNOWN, INT64_MAX, &leader->bytes) &&
        saved_integer_at(saved, FIELD_SIZE, INSIGHT_UNKNOWN, INT64_MAX, &leader->size) &&
        saved_integer_at(saved, FIELD_TTL, INSIGHT_PERSISTENT, INT64_MAX, &leader->ttl_ms) &&
        saved_integer_at(saved, FIELD_IDLE, INSIGHT_UNKNOWN, INT64_MAX, &leader->idle_s) &&
        read_int(saved, FIELD_FREQ, INSIGHT_UNKNOWN, FREQ_MAX, &leader->freq) &&
        read_int(saved, FIELD_RANKINGS, 0, BY_BYTES + BY_SIZE, ret_rankings);
    leader->utf8 = read && utf8 == 1;
    return read && (leader->type < type_count || leader->type == INSIGHT_TYPES_MAX - 1) &&
           (leader->encoding < encoding_count || leader->encoding == INSIGHT_ENCODINGS_MAX - 1);
}

bool leaders_read(struct leaders *leaders, const json_t *saved, int type_count, int encoding_count,
                  uint64_t (*hash_of)(const void *argument, struct text name), const void *argument)
{
    char name[RANKED_NAME_MAX];
    if (!json_is_array(saved))
        return false;
    for (size_t i = 0; i < json_array_size(saved); i++) {
        struct leader leader = {.name = name};
        int rankings;
        if (!read_leader(json_array_get(saved, i), leaders->name_most, type_count, encoding_count,
                         &leader, &rankings))
            return false;
        leader.hash = hash_of(argument, (struct text){name, leader.kept});
        if (!leaders_restore(leaders, &leader, rankings & BY_BYTES, rankings & BY_SIZE))
            return false;
    }
    return true;
}
