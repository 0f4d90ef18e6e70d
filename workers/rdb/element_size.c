#include "element_size.h"

enum {
    OBJECT = 16,
    OBJECT_SMALL = 12, /* of servers of 32 bits, as ENTRY_SMALL */
    ENTRY = 24,
    ENTRY_SMALL = 16,
    POINTER = 8,
    TIME = 8,
    HEADER_8 = 3, /* of strings of up to 255 bytes */
    FINAL = 1,
    KEY_WITH_TIME = 128, /* keys this long always have room for their time */
    FIELD_EMBEDS = 128,
    FIELD_TIME = 16,
    FIELD_FLAGS = 2,
    NODE = 24,
    NODE_EMBEDDING = 16,
    NODE_LEVEL = 16,
    LEVELS_WEIGHED = 8
};

static const uint64_t most = (uint64_t)1 << 62;

uint64_t size_sum(uint64_t a, uint64_t b)
{
    uint64_t result = 0;
    return __builtin_add_overflow(a, b, &result) || result > most ? most : result;
}

uint64_t size_of_struct(const struct footprint *f, uint64_t bytes)
{
    return f->server.bits == 32 ? bytes / 2 : bytes;
}

uint64_t size_allocated(const struct footprint *f, uint64_t bytes)
{
    return allocator_size(f->server.allocator, bytes);
}

uint64_t size_of_text_asked(uint64_t length)
{
    uint64_t header = 17;
    if (length < 32)
        header = length ? 1 : HEADER_8;
    else if (length < 256)
        header = HEADER_8;
    else if (length < 65536)
        header = 5;
    else if (length < UINT64_C(1) << 32)
        header = 9;
    return size_sum(length, header + FINAL);
}

static uint64_t text_asked(const struct footprint *f, uint64_t length)
{
    if (f->layout->string_header)
        return size_sum(length, f->layout->string_header + (uint64_t)FINAL);
    return size_of_text_asked(length);
}

uint64_t size_of_text(const struct footprint *f, uint64_t length)
{
    uint64_t asked = text_asked(f, length);
    return f->layout->strings_allocated ? size_allocated(f, asked) : asked;
}

uint64_t size_of_object(const struct footprint *f)
{
    return f->server.bits == 32 ? OBJECT_SMALL : OBJECT;
}

uint64_t size_of_entry(const struct footprint *f)
{
    return f->server.bits == 32 ? ENTRY_SMALL : ENTRY;
}

uint64_t size_of_member(const struct footprint *f)
{
    switch (f->layout->table) {
    case LAYOUT_TABLE_OBJECTS:
        return size_of_entry(f) + size_of_object(f);
    case LAYOUT_TABLE_DICT:
    case LAYOUT_TABLE_FIELDS:
        return size_of_entry(f);
    case LAYOUT_TABLE_KEYS:
    case LAYOUT_TABLE_BUCKETS:
        break;
    }
    return 0;
}

/* A string of its own kind: no header of five bytes, and room for the time in front. */
static uint64_t timed_name(const struct footprint *f, uint64_t length, bool has_ttl)
{
    uint64_t header = 9;
    if (length < 32)
        header = 1;
    else if (length < 65536)
        header = 3;
    uint64_t asked = size_sum(length, header + FINAL);
    return size_allocated(f, size_sum(asked, has_ttl ? FIELD_TIME + FIELD_FLAGS : 0));
}

/* Name and value in one piece while that is small. */
static uint64_t field_in_bucket(const struct footprint *f, uint64_t name, uint64_t value,
                                bool has_ttl)
{
    uint64_t short_header = size_of_text_asked(name);
    uint64_t long_header = name < 32 ? name + HEADER_8 + FINAL : short_header;
    uint64_t time = has_ttl ? TIME : 0;
    uint64_t together =
        size_sum(has_ttl ? long_header : short_header, size_sum(value, HEADER_8 + FINAL + time));
    if (together <= FIELD_EMBEDS)
        return size_allocated(f, together);
    return size_sum(size_allocated(f, size_sum(long_header, POINTER + time)),
                    size_of_text(f, value));
}

uint64_t size_of_field(const struct footprint *f, uint64_t name, uint64_t value, bool has_ttl)
{
    uint64_t texts = size_sum(size_of_text(f, name), size_of_text(f, value));
    switch (f->layout->table) {
    case LAYOUT_TABLE_OBJECTS:
        return size_sum(texts, size_of_entry(f) + 2 * size_of_object(f));
    case LAYOUT_TABLE_DICT:
    case LAYOUT_TABLE_KEYS:
        return size_sum(texts, size_of_entry(f));
    case LAYOUT_TABLE_FIELDS:
        return size_sum(size_sum(timed_name(f, name, has_ttl), size_of_text(f, value)),
                        size_of_entry(f));
    case LAYOUT_TABLE_BUCKETS:
        break;
    }
    return field_in_bucket(f, name, value, has_ttl);
}

/* Three of four nodes have one level, three of four of the others two, and so on. */
static uint64_t expected_node(const struct footprint *f, uint64_t base)
{
    uint64_t bytes = 0, left = SIZE_FRACTION;
    for (uint64_t level = 1; level <= LEVELS_WEIGHED; level++) {
        uint64_t share = level == LEVELS_WEIGHED ? left : left / 4 * 3;
        left -= share;
        uint64_t node = size_of_struct(f, level * NODE_LEVEL);
        bytes += share * size_allocated(f, base + node);
    }
    return bytes;
}

uint64_t size_of_ranked(const struct footprint *f, uint64_t length)
{
    const uint64_t longest = UINT64_C(1) << 40; /* parts of it have to fit */
    uint64_t text = length < longest ? length : longest;
    if (f->layout->node_embeds)
        return expected_node(f, NODE_EMBEDDING + 1 + size_of_text_asked(text));
    uint64_t whole = size_of_text(f, text);
    if (f->layout->table != LAYOUT_TABLE_BUCKETS)
        whole += size_of_entry(f) - (f->layout->short_ranked_entry ? POINTER : 0);
    if (f->layout->table == LAYOUT_TABLE_OBJECTS)
        whole += size_of_object(f);
    return expected_node(f, size_of_struct(f, NODE)) + whole * SIZE_FRACTION;
}

/* The object with the key's name in it. */
static uint64_t object_with_key(const struct footprint *f, uint64_t base)
{
    bool time = f->has_expiry || f->name_length >= KEY_WITH_TIME;
    uint64_t asked = size_sum(size_of_text_asked(f->name_length), base + 1);
    return size_allocated(f, size_sum(asked, time ? TIME : 0));
}

static uint64_t key_apart(const struct footprint *f)
{
    uint64_t asked = size_of_text_asked(f->name_length);
    switch (f->layout->key) {
    case LAYOUT_KEY_ARGUMENT:
        if (f->name_length < 32)
            asked = f->name_length + HEADER_8 + FINAL;
        return size_sum(asked, size_of_entry(f));
    case LAYOUT_KEY_ASKED:
        return size_sum(asked, size_of_entry(f));
    case LAYOUT_KEY_ALLOCATED:
        return size_sum(size_allocated(f, asked), size_of_entry(f));
    case LAYOUT_KEY_IN_ENTRY:
        return size_allocated(f, size_sum(asked, size_of_entry(f) - POINTER + 1));
    case LAYOUT_KEY_OMITTED:
    case LAYOUT_KEY_IN_OBJECT:
        break;
    }
    return 0;
}

static uint64_t embedded_bytes(const struct footprint *f)
{
    uint64_t value = size_sum(f->text_length, HEADER_8 + FINAL);
    if (f->layout->embeds_in_pointer) {
        uint64_t base = OBJECT - POINTER + (value < POINTER ? POINTER : value);
        uint64_t time = f->has_expiry ? TIME : 0;
        return size_allocated(f, size_sum(size_of_text_asked(f->name_length), base + 1 + time));
    }
    if (f->layout->key == LAYOUT_KEY_OMITTED || f->layout->key == LAYOUT_KEY_IN_OBJECT)
        return object_with_key(f, OBJECT + value);
    if (f->layout->embedded_allocated)
        return size_sum(key_apart(f), size_allocated(f, size_of_object(f) + value));
    return size_sum(key_apart(f), size_of_object(f) + f->text_length + 2);
}

uint64_t size_of_key(const struct footprint *f)
{
    bool text = f->form == FOOTPRINT_STRING && f->text_form != FOOTPRINT_INTEGER;
    if (text && f->text_form == FOOTPRINT_EMBEDDED)
        return embedded_bytes(f);
    uint64_t object =
        f->layout->key == LAYOUT_KEY_IN_OBJECT ? object_with_key(f, OBJECT) : size_of_object(f);
    uint64_t value = text ? size_of_text(f, f->text_length) : 0;
    return size_sum(key_apart(f), size_sum(object, value));
}
