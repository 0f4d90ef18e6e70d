/* Rankings cannot be cut and stay true; prefixes can, and take what room is left. */
#include "insight_internal.h"

#include <stdlib.h>
#include <string.h>

#include "insight/saved_value.h"

enum { PREFIXES_LEAST = 1 << 14 /* bytes */ };

static const int64_t most_count = INT64_MAX / 8192;

static void write_sum(struct json_writer *json, const struct key_sum *sum)
{
    json_writer_number(json, sum->keys);
    json_writer_number(json, sum->bytes);
    json_writer_number(json, sum->persistent_keys);
    json_writer_number(json, sum->persistent_bytes);
}

enum { SUM_NUMBERS = 4 };

static bool read_sum(const json_t *saved, size_t place, struct key_sum *sum)
{
    return saved_integer_at(saved, place, 0, most_count, &sum->keys) &&
           saved_integer_at(saved, place + 1, 0, most_count, &sum->bytes) &&
           saved_integer_at(saved, place + 2, 0, sum->keys, &sum->persistent_keys) &&
           saved_integer_at(saved, place + 3, 0, sum->bytes, &sum->persistent_bytes);
}

static void write_word(struct json_writer *json, const char *word)
{
    json_writer_text(json, word, strlen(word));
}

/* Of an encoding: its place, and what was counted. */
static void write_type(struct json_writer *json, const struct type_counters *type)
{
    json_writer_begin_array(json);
    write_word(json, type->name);
    write_sum(json, &type->sum);
    json_writer_number(json, type->elements);
    json_writer_number(json, type->sizeless);
    json_writer_number(json, type->largest_bytes);
    json_writer_number(json, type->largest_size);
    for (int i = 0; i < INSIGHT_ENCODINGS_MAX; i++) {
        if (type->encodings[i].keys == 0)
            continue;
        json_writer_number(json, i);
        json_writer_number(json, type->encodings[i].keys);
        json_writer_number(json, type->encodings[i].bytes);
    }
    json_writer_end_array(json);
}

/* All names, as leaders tell them by their places. */
static void write_words(struct json_writer *json, const struct counters *counters)
{
    json_writer_name(json, "encodings");
    json_writer_begin_array(json);
    for (int i = 0; i < counters->encoding_count; i++)
        write_word(json, counters->encodings[i]);
    json_writer_end_array(json);
    json_writer_name(json, "types");
    json_writer_begin_array(json);
    for (int i = 0; i < counters->type_count; i++)
        write_type(json, &counters->types[i]);
    write_type(json, &counters->types[INSIGHT_TYPES_MAX - 1]);
    json_writer_end_array(json);
}

static void write_databases(struct json_writer *json, const struct counters *counters)
{
    json_writer_name(json, "databases");
    json_writer_begin_array(json);
    for (int i = 0; i < counters->database_count; i++) {
        json_writer_number(json, counters->databases[i].db);
        write_sum(json, &counters->databases[i].sum);
    }
    json_writer_end_array(json);
}

static void write_counters(struct json_writer *json, const struct counters *counters)
{
    json_writer_name(json, "total");
    json_writer_begin_array(json);
    write_sum(json, &counters->total);
    for (int i = 0; i < ANALYSIS_MEASURE_COUNT; i++)
        json_writer_number(json, counters->measured[i]);
    json_writer_end_array(json);
    write_words(json, counters);
    write_databases(json, counters);
    json_writer_name(json, "histograms");
    json_writer_begin_array(json);
    for (int kind = 0; kind < HISTOGRAM_COUNT; kind++) {
        for (int i = 0; i < HISTOGRAM_BUCKETS_MAX; i++) {
            json_writer_number(json, counters->histograms[kind][i].keys);
            json_writer_number(json, counters->histograms[kind][i].bytes);
        }
    }
    json_writer_end_array(json);
}

static void write_shard(struct json_writer *json, const struct shard_sum *shard)
{
    json_writer_begin_array(json);
    write_sum(json, &shard->sum);
    for (int i = 0; i < shard->slot_count; i++)
        json_writer_number(json, shard->slots[i]);
    json_writer_end_array(json);
}

static void write_rest(struct json_writer *json, const struct insight *insight)
{
    const struct shard_sum own = insight_own_shard(insight);
    json_writer_name(json, "shards");
    json_writer_begin_array(json);
    for (int i = 0; i < insight->shard_count; i++)
        write_shard(json, &insight->shards[i]);
    if (own.slot_count > 0)
        write_shard(json, &own);
    json_writer_end_array(json);
    json_writer_name(json, "gaps");
    json_writer_begin_array(json);
    for (int gap = 0; gap < INSIGHT_GAP_COUNT; gap++) {
        json_writer_number(json, insight->gaps[gap].keys);
        write_word(json, insight->gaps[gap].reason);
    }
    json_writer_end_array(json);
    if (!insight->held_known)
        return;
    json_writer_member_number(json, "held", insight->held);
    json_writer_member_boolean(json, "held_estimated", insight->held_estimated);
}

void insight_save(const struct insight *insight, size_t most, struct json_writer *json)
{
    size_t begun = json->length;
    json_writer_name(json, "options");
    json_writer_begin_object(json);
    analysis_options_write(json, &insight->setup.options);
    json_writer_end_object(json);
    json_writer_member_boolean(json, "heaviest", insight->setup.sizes_of_heaviest);
    write_counters(json, &insight->counters);
    write_rest(json, insight);
    json_writer_name(json, "leaders");
    leaders_write(&insight->leaders, json);
    if (json->is_overlong)
        return;
    json_writer_name(json, "prefixes");
    size_t length = json->length - begun;
    prefixes_write(&insight->prefixes,
                   length + PREFIXES_LEAST < most ? most - length : PREFIXES_LEAST, json);
}

static bool is_word_at(const json_t *saved, size_t place, struct text *ret_word)
{
    const json_t *word = json_array_get(saved, place);
    *ret_word = (struct text){json_string_value(word), json_string_length(word)};
    return json_is_string(word);
}

static bool read_encodings(const json_t *saved, struct counters *counters)
{
    if (!json_is_array(saved) || json_array_size(saved) >= INSIGHT_ENCODINGS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(saved); i++) {
        struct text word;
        if (!is_word_at(saved, i, &word) || counters_find_encoding(counters, word) != (int)i)
            return false;
    }
    return true;
}

static bool read_type_encodings(const json_t *saved, size_t place, int encoding_count,
                                struct type_counters *type)
{
    for (; place < json_array_size(saved); place += 3) {
        int64_t encoding;
        if (!saved_integer_at(saved, place, 0, INSIGHT_ENCODINGS_MAX - 1, &encoding) ||
            (encoding >= encoding_count && encoding != INSIGHT_ENCODINGS_MAX - 1) ||
            !saved_integer_at(saved, place + 1, 0, most_count, &type->encodings[encoding].keys) ||
            !saved_integer_at(saved, place + 2, 0, most_count, &type->encodings[encoding].bytes))
            return false;
    }
    return true;
}

/* The names are in the order of their places; the last is "other". */
static bool read_type(const json_t *saved, int place, struct counters *counters)
{
    enum { ELEMENTS = 1 + SUM_NUMBERS, SIZELESS, LARGEST_BYTES, LARGEST_SIZE, ENCODINGS };
    struct text name;
    if (!is_word_at(saved, 0, &name) || counters_find_type(counters, name) != place)
        return false;
    struct type_counters *type = &counters->types[place];
    return read_sum(saved, 1, &type->sum) &&
           saved_integer_at(saved, ELEMENTS, 0, most_count, &type->elements) &&
           saved_integer_at(saved, SIZELESS, 0, most_count, &type->sizeless) &&
           saved_integer_at(saved, LARGEST_BYTES, 0, INT64_MAX, &type->largest_bytes) &&
           saved_integer_at(saved, LARGEST_SIZE, 0, INT64_MAX, &type->largest_size) &&
           read_type_encodings(saved, ENCODINGS, counters->encoding_count, type);
}

static bool read_types(const json_t *saved, struct counters *counters)
{
    size_t count = json_array_size(saved);
    if (!json_is_array(saved) || count <= INSIGHT_TYPES_BUILT_IN || count > INSIGHT_TYPES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        int place = i + 1 < count ? (int)i : INSIGHT_TYPES_MAX - 1;
        if (!read_type(json_array_get(saved, i), place, counters))
            return false;
    }
    return true;
}

static bool read_databases(const json_t *saved, struct counters *counters)
{
    enum { DATABASES_MAX = 1 << 16 };
    if (!json_is_array(saved) || json_array_size(saved) / (1 + SUM_NUMBERS) > DATABASES_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(saved); i += 1 + SUM_NUMBERS) {
        int64_t db;
        if (!saved_integer_at(saved, i, 0, INT32_MAX, &db) ||
            !read_sum(saved, i + 1, &counters_find_database(counters, (int)db)->sum))
            return false;
    }
    return true;
}

static bool read_histograms(const json_t *saved, struct counters *counters)
{
    size_t place = 0;
    for (int kind = 0; kind < HISTOGRAM_COUNT; kind++) {
        for (int i = 0; i < HISTOGRAM_BUCKETS_MAX; i++, place += 2) {
            struct key_count *bucket = &counters->histograms[kind][i];
            if (!saved_integer_at(saved, place, 0, most_count, &bucket->keys) ||
                !saved_integer_at(saved, place + 1, 0, most_count, &bucket->bytes))
                return false;
        }
    }
    return true;
}

static bool read_counters(const json_t *saved, struct counters *counters)
{
    const json_t *total = json_object_get(saved, "total");
    if (!read_sum(total, 0, &counters->total))
        return false;
    for (size_t i = 0; i < ANALYSIS_MEASURE_COUNT; i++) {
        if (!saved_integer_at(total, SUM_NUMBERS + i, 0, counters->total.keys,
                              &counters->measured[i]))
            return false;
    }
    return read_encodings(json_object_get(saved, "encodings"), counters) &&
           read_types(json_object_get(saved, "types"), counters) &&
           read_databases(json_object_get(saved, "databases"), counters) &&
           read_histograms(json_object_get(saved, "histograms"), counters);
}

static bool read_shards(const json_t *saved, struct insight *insight)
{
    enum { SLOT_MAX = 16383 };
    struct key_sum left = insight->counters.total;
    if (!json_is_array(saved))
        return false;
    for (size_t i = 0; i < json_array_size(saved); i++) {
        const json_t *item = json_array_get(saved, i);
        size_t slots = json_array_size(item) - SUM_NUMBERS;
        struct shard_sum shard = {.slot_count = (int)slots};
        if (!read_sum(item, 0, &shard.sum) || slots > SHARD_SAMPLES)
            return false;
        for (size_t slot = 0; slot < slots; slot++) {
            int64_t number;
            if (!saved_integer_at(item, SUM_NUMBERS + slot, 0, SLOT_MAX, &number))
                return false;
            shard.slots[slot] = (int)number;
        }
        left.keys -= shard.sum.keys;
        left.bytes -= shard.sum.bytes;
        left.persistent_keys -= shard.sum.persistent_keys;
        left.persistent_bytes -= shard.sum.persistent_bytes;
        if (left.keys < 0 || left.bytes < 0 || left.persistent_keys < 0 ||
            left.persistent_bytes < 0 || !insight_add_shard(insight, &shard))
            return false;
    }
    return true;
}

static bool read_gaps(const json_t *saved, struct insight *insight)
{
    for (size_t gap = 0; gap < INSIGHT_GAP_COUNT; gap++) {
        struct gap *kept = &insight->gaps[gap];
        struct text reason;
        if (!saved_integer_at(saved, 2 * gap, 0, most_count, &kept->keys) ||
            !is_word_at(saved, 2 * gap + 1, &reason) || reason.length > INSIGHT_REASON_MAX)
            return false;
        memcpy(kept->reason, reason.bytes, reason.length + 1);
    }
    return true;
}

static bool read_held(const json_t *saved, struct insight *insight)
{
    if (!json_object_get(saved, "held"))
        return true;
    insight->held_known = true;
    insight->held_estimated = json_is_true(json_object_get(saved, "held_estimated"));
    return saved_integer(saved, "held", 0, most_count, &insight->held);
}

static bool is_of_setup(const json_t *saved, const struct insight_setup *setup)
{
    struct scan_analysis_options options;
    struct error err = {0};
    analysis_options_init(&options);
    return analysis_options_read(json_object_get(saved, "options"), &options, &err) == 0 &&
           options.measures == setup->options.measures && options.top == setup->options.top &&
           options.prefix_depth == setup->options.prefix_depth &&
           strcmp(options.separators, setup->options.separators) == 0 &&
           json_is_boolean(json_object_get(saved, "heaviest"));
}

static uint64_t hash_of(const void *argument, struct text name)
{
    return prefixes_hash(argument, name);
}

bool insight_load(struct insight *insight, const json_t *saved)
{
    if (insight->setup.prefixes_by_type || !is_of_setup(saved, &insight->setup))
        return false;
    insight->setup.sizes_of_heaviest = json_is_true(json_object_get(saved, "heaviest"));
    insight->leaders.by_bytes_only = insight->setup.sizes_of_heaviest;
    return read_counters(saved, &insight->counters) &&
           read_shards(json_object_get(saved, "shards"), insight) &&
           read_gaps(json_object_get(saved, "gaps"), insight) && read_held(saved, insight) &&
           leaders_read(&insight->leaders, json_object_get(saved, "leaders"),
                        insight->counters.type_count, insight->counters.encoding_count, hash_of,
                        &insight->prefixes) &&
           prefixes_read(&insight->prefixes, json_object_get(saved, "prefixes"));
}
