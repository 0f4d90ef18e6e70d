/* Sorted arrays: the best key is taken from the end, the worst dropped from the beginning. */
#include "reserve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ALLOCATED_MORE = 16, CAPACITY_LEAST = 64, RECALLED_MAX = 32 };

/* What a recall takes of one type: the places, which fall. */
struct choice {
    size_t places[RECALLED_MAX];
    size_t count;
};

static size_t cost_of(size_t name_length)
{
    return sizeof(struct reserved_key) + ALLOCATED_MORE + name_length;
}

void reserve_release(struct reserve *reserve)
{
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        struct reserved_type *kept = &reserve->types[type];
        for (size_t i = 0; i < kept->count; i++)
            free(kept->keys[i].name);
        free(kept->keys);
    }
    *reserve = (struct reserve){0};
}

static int compare_names(const struct reserved_key *key, struct text name)
{
    size_t common = key->length < name.length ? key->length : name.length;
    int order = common > 0 ? memcmp(key->name, name.bytes, common) : 0;
    return order != 0 ? order : (key->length > name.length) - (key->length < name.length);
}

/* Positive where the key comes after the other in a ranking: it is nearer to the beginning here. */
static int compare(const struct reserved_key *key, struct text name, int db, int64_t most)
{
    if (key->most != most)
        return key->most < most ? 1 : -1;
    int order = compare_names(key, name);
    return order != 0 ? order : (key->db > db) - (key->db < db);
}

static void grow(struct reserved_type *kept)
{
    if (kept->count < kept->capacity)
        return;
    kept->capacity = kept->capacity > 0 ? kept->capacity * 2 : CAPACITY_LEAST;
    kept->keys = realloc(kept->keys, kept->capacity * sizeof(*kept->keys));
    if (!kept->keys)
        abort();
}

bool reserve_add(struct reserve *reserve, int db, const struct scan_key *key, int64_t most)
{
    struct reserved_type *kept = &reserve->types[key->type];
    size_t first = 0, end = kept->count, cost = cost_of(key->name.length);
    if (key->name.length > RANKED_NAME_MAX || cost > RESERVE_BYTES_MAX - reserve->bytes)
        return false;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = compare(&kept->keys[middle], key->name, db, most);
        if (order == 0) {
            kept->keys[middle].bytes = key->bytes;
            return true;
        }
        if (order > 0)
            first = middle + 1;
        else
            end = middle;
    }
    grow(kept);
    memmove(&kept->keys[first + 1], &kept->keys[first],
            (kept->count - first) * sizeof(kept->keys[0]));
    kept->keys[first] = (struct reserved_key){.name = text_copy(key->name.bytes, key->name.length),
                                              .length = key->name.length,
                                              .most = most,
                                              .bytes = key->bytes,
                                              .db = db};
    kept->count++;
    reserve->bytes += cost;
    return true;
}

static bool admits(const struct ranking *ranking, const struct reserved_key *key)
{
    const struct scan_key view = {.name = {key->name, key->length}};
    return ranking_admits(ranking, key->db, &view, key->most);
}

void reserve_trim(struct reserve *reserve, const struct ranking rankings[SCAN_KEY_TYPE_COUNT])
{
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        struct reserved_type *kept = &reserve->types[type];
        size_t dropped = 0;
        while (dropped < kept->count && !admits(&rankings[type], &kept->keys[dropped])) {
            reserve->bytes -= cost_of(kept->keys[dropped].length);
            free(kept->keys[dropped++].name);
        }
        kept->count -= dropped;
        if (dropped > 0)
            memmove(kept->keys, &kept->keys[dropped], kept->count * sizeof(kept->keys[0]));
    }
}

static size_t count_above(const struct ranking *ranking, int64_t score)
{
    int above = 0;
    while (above < ranking->count && ranking->places[above].score > score)
        above++;
    return (size_t)above;
}

/* Those of the database that fewer keys are ahead of than there are places: longer ones, and ones
 * that may be longer; of other databases as well, unless these wait for longer. */
static void choose(const struct reserved_type *kept, const struct ranking *ranking, int db,
                   bool others_count, struct choice *ret_choice)
{
    size_t ahead = 0, places = (size_t)ranking->capacity;
    assert(ranking->capacity <= RECALLED_MAX);
    ret_choice->count = 0;
    for (size_t i = kept->count; i-- > 0;) {
        const struct reserved_key *key = &kept->keys[i];
        if (ahead >= places || count_above(ranking, key->most) + ahead >= places)
            break;
        if (key->db == db)
            ret_choice->places[ret_choice->count++] = i;
        ahead += key->db == db || others_count;
    }
}

static void move(struct reserve *reserve, int type, const struct choice *choice,
                 struct scan_batch *batch)
{
    struct reserved_type *kept = &reserve->types[type];
    for (size_t i = 0; i < choice->count; i++) {
        struct reserved_key *from = &kept->keys[choice->places[i]];
        struct scan_key *key = scan_batch_add(batch, (struct text){from->name, from->length});
        key->type = (enum scan_key_type)type;
        key->bytes = from->bytes;
        key->wanted = true;
        reserve->bytes -= cost_of(from->length);
        free(from->name);
        kept->count--;
        memmove(from, from + 1, (kept->count - choice->places[i]) * sizeof(*from));
    }
}

static bool recall(struct reserve *reserve, const struct choice choices[SCAN_KEY_TYPE_COUNT],
                   int db, struct scan_batch *batch)
{
    size_t count = 0, bytes = 0;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        count += choices[type].count;
        for (size_t i = 0; i < choices[type].count; i++)
            bytes += reserve->types[type].keys[choices[type].places[i]].length;
    }
    if (count == 0)
        return false;
    scan_batch_begin(batch, db, count, bytes);
    batch->recalled = true;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        move(reserve, type, &choices[type], batch);
    return true;
}

bool reserve_recall(struct reserve *reserve, const struct ranking rankings[SCAN_KEY_TYPE_COUNT],
                    struct scan_batch *batch)
{
    struct choice choices[SCAN_KEY_TYPE_COUNT];
    const struct reserved_key *best = NULL;
    reserve_trim(reserve, rankings);
    for (int type = 0; !best && type < SCAN_KEY_TYPE_COUNT; type++) {
        const struct reserved_type *kept = &reserve->types[type];
        best = kept->count > 0 ? &kept->keys[kept->count - 1] : NULL;
    }
    if (!best)
        return false;
    int db = best->db;
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++)
        choose(&reserve->types[type], &rankings[type], db, true, &choices[type]);
    return recall(reserve, choices, db, batch);
}

bool reserve_recall_some(struct reserve *reserve,
                         const struct ranking rankings[SCAN_KEY_TYPE_COUNT], int db,
                         struct scan_batch *batch)
{
    struct choice choices[SCAN_KEY_TYPE_COUNT] = {0};
    size_t most = 0;
    int heaviest = 0;
    reserve_trim(reserve, rankings);
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        choose(&reserve->types[type], &rankings[type], db, false, &choices[type]);
        if (choices[type].count > 0 && reserve->types[type].count > most) {
            most = reserve->types[type].count;
            heaviest = type;
        }
    }
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        if (type != heaviest)
            choices[type].count = 0;
    }
    return recall(reserve, choices, db, batch);
}

void reserve_write(const struct reserve *reserve, struct json_writer *json)
{
    char digits[2 * RANKED_NAME_MAX + 1];
    for (int type = 0; type < SCAN_KEY_TYPE_COUNT; type++) {
        const struct reserved_type *kept = &reserve->types[type];
        for (size_t i = 0; i < kept->count; i++) {
            const struct reserved_key *key = &kept->keys[i];
            text_format_hex((const unsigned char *)key->name, key->length, digits);
            json_writer_text(json, digits, 2 * key->length);
            json_writer_number(json, type);
            json_writer_number(json, key->db);
            json_writer_number(json, key->most);
            json_writer_number(json, key->bytes);
        }
    }
}

static bool read_number(const json_t *array, size_t place, int64_t most, int64_t *ret_number)
{
    const json_t *number = json_array_get(array, place);
    if (!json_is_integer(number) || json_integer_value(number) < 0 ||
        json_integer_value(number) > most)
        return false;
    *ret_number = json_integer_value(number);
    return true;
}

static bool read_key(struct reserve *reserve, const json_t *array, size_t place)
{
    char bytes[RANKED_NAME_MAX];
    const json_t *name = json_array_get(array, place);
    int64_t type, db, most;
    struct scan_key key = {.name = {bytes, json_string_length(name) / 2}};
    if (!json_is_string(name) || json_string_length(name) % 2 != 0 ||
        key.name.length > sizeof(bytes) ||
        text_parse_hex(json_string_value(name), (unsigned char *)bytes, key.name.length) < 0 ||
        !read_number(array, place + 1, SCAN_KEY_TYPE_COUNT - 1, &type) ||
        !read_number(array, place + 2, INT32_MAX, &db) ||
        !read_number(array, place + 3, INT64_MAX, &most) ||
        !read_number(array, place + 4, INT64_MAX, &key.bytes))
        return false;
    key.type = (enum scan_key_type)type;
    return reserve_add(reserve, (int)db, &key, most);
}

bool reserve_read(struct reserve *reserve, const json_t *array)
{
    enum { FIELDS = 5 };
    if (!json_is_array(array) || json_array_size(array) % FIELDS != 0)
        return false;
    for (size_t i = 0; i < json_array_size(array); i += FIELDS) {
        if (!read_key(reserve, array, i))
            return false;
    }
    return true;
}
