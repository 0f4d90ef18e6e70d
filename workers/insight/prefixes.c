/* All places of a name are hashed before the first is looked up, so that the tables' lines are on
 * their way meanwhile. */
#include "prefixes.h"

#include <stdlib.h>
#include <string.h>

#include "insight/saved_value.h"
#include "name_hash.h"

/* Where a name's prefixes end, and the hashes up to there and of all of it. */
struct split {
    size_t ends[ANALYSIS_DEPTH_MAX];
    uint64_t hashes[ANALYSIS_DEPTH_MAX];
    int depth;
    uint64_t hash;
};

void prefixes_init(struct prefixes *prefixes, const struct scan_analysis_options *options)
{
    *prefixes = (struct prefixes){.depth = options->prefix_depth};
    memcpy(prefixes->separators, options->separators, sizeof(prefixes->separators));
    for (const char *c = prefixes->separators; *c; c++)
        prefixes->ends[(unsigned char)*c] = true;
}

void prefixes_release(struct prefixes *prefixes)
{
    for (int i = 0; i < ANALYSIS_DEPTH_MAX; i++)
        prefix_sketch_release(&prefixes->sketches[i]);
    for (int i = 0; i < prefixes->type_count; i++)
        prefix_sketch_release(&prefixes->types[i]);
    free(prefixes->types);
}

void prefixes_keep_types(struct prefixes *prefixes, int count)
{
    prefixes->types = calloc((size_t)count, sizeof(*prefixes->types));
    if (!prefixes->types)
        abort();
    prefixes->type_count = count;
}

static void split(const struct prefixes *prefixes, struct text name, struct split *ret_split)
{
    size_t most = name.length < PREFIX_LENGTH_MAX ? name.length : PREFIX_LENGTH_MAX, begin = 0;
    uint64_t hash = name_hash_begin();
    int depth = 0;
    for (size_t i = 0; i < most && depth < prefixes->depth; i++) {
        if (!prefixes->ends[(unsigned char)name.bytes[i]])
            continue;
        hash = name_hash_add(hash, name.bytes + begin, i + 1 - begin);
        begin = i + 1;
        ret_split->ends[depth] = begin;
        ret_split->hashes[depth++] = hash;
        prefix_sketch_prefetch(&prefixes->sketches[depth - 1], hash);
    }
    ret_split->depth = depth;
    ret_split->hash = name_hash_add(hash, name.bytes + begin, name.length - begin);
}

static struct prefix_sketch *begun(struct prefix_sketch *sketch)
{
    if (!sketch->entries)
        prefix_sketch_init(sketch);
    return sketch;
}

uint64_t prefixes_add(struct prefixes *prefixes, int type, struct text name, int64_t bytes,
                      bool persistent)
{
    struct split parts;
    struct prefix_sketch *of_type = type < prefixes->type_count ? &prefixes->types[type] : NULL;
    split(prefixes, name, &parts);
    for (int i = 0; of_type && i < parts.depth; i++)
        prefix_sketch_prefetch(of_type, parts.hashes[i]);
    for (int i = 0; i < parts.depth; i++) {
        struct text prefix = {name.bytes, parts.ends[i]};
        prefix_sketch_add(begun(&prefixes->sketches[i]), parts.hashes[i], prefix, bytes,
                          persistent);
        if (of_type)
            prefix_sketch_add(begun(of_type), parts.hashes[i], prefix, bytes, persistent);
    }
    return parts.hash;
}

uint64_t prefixes_hash(const struct prefixes *prefixes, struct text name)
{
    struct split parts;
    split(prefixes, name, &parts);
    return parts.hash;
}

void prefixes_merge(struct prefixes *prefixes, const struct prefixes *other)
{
    for (int i = 0; i < prefixes->depth; i++) {
        if (other->sketches[i].entries)
            prefix_sketch_merge(begun(&prefixes->sketches[i]), &other->sketches[i]);
    }
    for (int i = 0; i < prefixes->type_count; i++) {
        if (other->types[i].entries)
            prefix_sketch_merge(begun(&prefixes->types[i]), &other->types[i]);
    }
}

int prefixes_capacity(const struct prefixes *prefixes)
{
    int capacity = PREFIX_CAPACITY;
    for (int i = 0; i < prefixes->depth; i++) {
        const struct prefix_sketch *sketch = &prefixes->sketches[i];
        if (sketch->entries && sketch->capacity < capacity)
            capacity = sketch->capacity;
    }
    return capacity;
}

bool prefixes_are_exact(const struct prefixes *prefixes)
{
    for (int i = 0; i < prefixes->depth; i++) {
        if (!prefix_sketch_is_exact(&prefixes->sketches[i]))
            return false;
    }
    return true;
}

enum { NUMBERS = 6, NUMBER_BYTES = 20, ENTRY_BYTES = 16 + NUMBERS * NUMBER_BYTES };

static bool is_kept(const struct prefix_sketch *sketch, const struct prefix_entry *entry,
                    const int64_t rises[PREFIX_WEIGHTS])
{
    return prefix_sketch_left(sketch, entry, PREFIX_KEYS) > rises[PREFIX_KEYS] ||
           prefix_sketch_left(sketch, entry, PREFIX_BYTES) > rises[PREFIX_BYTES];
}

/* At most: numbers are mostly shorter. */
static size_t size_at(const struct prefix_sketch *sketch, int capacity)
{
    int64_t rises[PREFIX_WEIGHTS];
    size_t size = ENTRY_BYTES;
    prefix_sketch_rises(sketch, capacity, rises);
    for (uint32_t i = 0; i < sketch->count; i++) {
        if (is_kept(sketch, &sketch->entries[i], rises))
            size += ENTRY_BYTES + 2 * sketch->entries[i].length;
    }
    return size;
}

static int capacity_for(const struct prefixes *prefixes, size_t most)
{
    int capacity = 2 * PREFIX_ENTRIES_MAX; /* which cuts nothing */
    for (; capacity > PREFIX_CAPACITY_LEAST; capacity /= 2) {
        size_t size = 0;
        for (int i = 0; i < prefixes->depth; i++) {
            if (prefixes->sketches[i].entries)
                size += size_at(&prefixes->sketches[i], capacity);
        }
        if (size <= most)
            break;
    }
    return capacity;
}

static void write_entry(struct json_writer *json, const struct prefix_sketch *sketch,
                        const struct prefix_entry *entry)
{
    char digits[2 * PREFIX_LENGTH_MAX + 1];
    struct text text = prefix_sketch_text(sketch, entry);
    text_format_hex((const unsigned char *)text.bytes, text.length, digits);
    json_writer_text(json, digits, 2 * text.length);
    for (int weight = 0; weight < PREFIX_WEIGHTS; weight++) {
        json_writer_number(json, entry->counts[weight]);
        json_writer_number(json, entry->errors[weight]);
        json_writer_number(json, entry->persistent[weight]);
    }
}

static void write_sketch(struct json_writer *json, const struct prefix_sketch *sketch, int capacity)
{
    int64_t rises[PREFIX_WEIGHTS];
    prefix_sketch_rises(sketch, capacity, rises);
    bool cut = rises[PREFIX_KEYS] > 0 || rises[PREFIX_BYTES] > 0;
    json_writer_number(json, cut && capacity < sketch->capacity ? capacity : sketch->capacity);
    for (int weight = 0; weight < PREFIX_WEIGHTS; weight++)
        json_writer_number(json, sketch->floors[weight] + rises[weight]);
    for (uint32_t i = 0; i < sketch->count; i++) {
        if (is_kept(sketch, &sketch->entries[i], rises))
            write_entry(json, sketch, &sketch->entries[i]);
    }
}

void prefixes_write(const struct prefixes *prefixes, size_t most, struct json_writer *json)
{
    int capacity = capacity_for(prefixes, most);
    json_writer_begin_array(json);
    for (int i = 0; i < prefixes->depth; i++) {
        json_writer_begin_array(json);
        if (prefixes->sketches[i].entries)
            write_sketch(json, &prefixes->sketches[i], capacity);
        json_writer_end_array(json);
    }
    json_writer_end_array(json);
}

/* It ends after as many separators as its depth, and the last byte is one. */
static bool is_prefix(const struct prefixes *prefixes, struct text prefix, int depth,
                      struct split *ret_split)
{
    split(prefixes, prefix, ret_split);
    return ret_split->depth == depth && ret_split->ends[depth - 1] == prefix.length;
}

static bool read_entry(struct prefixes *prefixes, int depth, const json_t *saved, size_t place)
{
    char bytes[PREFIX_LENGTH_MAX];
    struct prefix_sketch *sketch = &prefixes->sketches[depth - 1];
    struct prefix_entry entry = {0};
    struct text prefix = {bytes, 0};
    struct split parts;
    if (!saved_bytes_at(saved, place, sizeof(bytes), bytes, &prefix.length) ||
        !is_prefix(prefixes, prefix, depth, &parts))
        return false;
    for (int weight = 0; weight < PREFIX_WEIGHTS; weight++) {
        size_t first = place + 1 + 3 * (size_t)weight;
        if (!saved_integer_at(saved, first, 0, INT64_MAX / 4, &entry.counts[weight]) ||
            !saved_integer_at(saved, first + 1, 0, sketch->floors[weight], &entry.errors[weight]) ||
            !saved_integer_at(saved, first + 2, 0, entry.counts[weight], &entry.persistent[weight]))
            return false;
    }
    return prefix_sketch_restore(sketch, parts.hashes[depth - 1], prefix, &entry);
}

static bool read_sketch(struct prefixes *prefixes, int depth, const json_t *saved)
{
    enum { HEAD = 3 };
    int64_t capacity;
    if (!json_is_array(saved))
        return false;
    if (json_array_size(saved) == 0)
        return true;
    struct prefix_sketch *sketch = begun(&prefixes->sketches[depth - 1]);
    if (!saved_integer_at(saved, 0, PREFIX_CAPACITY_LEAST, PREFIX_CAPACITY, &capacity) ||
        !saved_integer_at(saved, 1, 0, INT64_MAX / 4, &sketch->floors[PREFIX_KEYS]) ||
        !saved_integer_at(saved, 2, 0, INT64_MAX / 4, &sketch->floors[PREFIX_BYTES]))
        return false;
    sketch->capacity = (int)capacity;
    for (size_t place = HEAD; place < json_array_size(saved); place += NUMBERS + 1) {
        if (!read_entry(prefixes, depth, saved, place))
            return false;
    }
    return true;
}

bool prefixes_read(struct prefixes *prefixes, const json_t *saved)
{
    if (!json_is_array(saved) || json_array_size(saved) != (size_t)prefixes->depth)
        return false;
    for (int depth = 1; depth <= prefixes->depth; depth++) {
        if (!read_sketch(prefixes, depth, json_array_get(saved, (size_t)depth - 1)))
            return false;
    }
    return true;
}
