/* The servers' objectComputeSize over what a value's bytes tell. */
#include "footprint.h"

#include "element_size.h"
#include "layout.h"
#include "table_size.h"

enum {
    POINTER = 8,
    LIST = 48, /* before 3.2: a list and a node of it */
    LIST_NODE = 24,
    QUICKLIST = 40,
    SORTED_SET = 16,
    SKIPLIST = 32,
    SKIPLIST_NODE = 24,
    SKIPLIST_LEVEL = 16,
    STREAM_PENDING = 24,
    STREAM_RESERVED = 4096,
    RADIX_NODE_THUMB = 4 + 30 * POINTER,
    COMPRESSED_HEADER = 8,
    COMPRESSED_LEAST = 48, /* bytes of a node that is worth it */
    LISTPACK_WITH_TIME = 32,
    VERSION_LIST_AS_LISTPACK = 70200
};

/* What packed values may have: elements (set-max-intset-entries and its like), and bytes each. */
enum {
    INTSET_ENTRIES = 512,
    HASH_ENTRIES = 512,
    SMALL_ENTRIES = 128, /* sets that are no intsets, sorted sets */
    PACKED_VALUE = 64,
    VERSION_HASH_PRESIZED = 70000,
    VERSION_SETS_PRESIZED = 70200 /* where they are no intsets */
};

/* Of Redis; Valkey began with 7.2. */
static bool is_since(const struct footprint *f, int version)
{
    return f->server.valkey || f->server.version >= version;
}

static void add(struct footprint *f, uint64_t bytes)
{
    f->bytes = size_sum(f->bytes, bytes);
}

void footprint_begin(struct footprint *f, const struct footprint_server *server,
                     enum footprint_form form, size_t name_length, bool has_expiry)
{
    *f = (struct footprint){.server = *server,
                            .layout = layout_of(server->version, server->valkey),
                            .form = form,
                            .name_length = name_length,
                            .has_expiry = has_expiry};
}

void footprint_text(struct footprint *f, uint64_t length, enum footprint_text_form form)
{
    f->text_length = length;
    f->text_form = form;
}

static void measure(struct footprint *f, uint64_t length)
{
    f->longest = length > f->longest ? length : f->longest;
}

void footprint_element(struct footprint *f, uint64_t length, bool is_integer)
{
    f->elements++;
    f->has_words |= !is_integer;
    measure(f, length);
    bool object_alone = is_integer && f->layout->table == LAYOUT_TABLE_OBJECTS;
    uint64_t text = object_alone ? 0 : size_of_text(f, length);
    if (f->form == FOOTPRINT_LINKED_LIST)
        add(f, size_sum(text, size_of_struct(f, LIST_NODE) + size_of_object(f)));
    else
        add(f, size_sum(text, size_of_member(f)));
}

void footprint_field(struct footprint *f, uint64_t name_length, uint64_t value_length, bool has_ttl)
{
    f->elements++;
    f->fields_with_time += has_ttl;
    measure(f, name_length > value_length ? name_length : value_length);
    add(f, size_of_field(f, name_length, value_length, has_ttl));
}

void footprint_member(struct footprint *f, uint64_t length)
{
    f->elements++;
    measure(f, length);
    if (!f->node_parts || length != f->node_text) {
        f->node_text = length;
        f->node_parts = size_of_ranked(f, length);
    }
    uint64_t parts = size_sum(f->part_of_byte, f->node_parts);
    add(f, parts / SIZE_FRACTION);
    f->part_of_byte = parts % SIZE_FRACTION;
}

static uint64_t blob(const struct footprint *f, uint64_t bytes)
{
    return f->layout->blobs_allocated ? size_allocated(f, bytes) : bytes;
}

void footprint_block(struct footprint *f, uint64_t bytes, bool plain, uint64_t compressed_bytes)
{
    bool compressed = compressed_bytes > 0;
    f->last_tells = !compressed && !plain && bytes >= COMPRESSED_LEAST;
    if (!f->nodes)
        f->first_tells = f->last_tells;
    f->nodes++;
    f->nodes_plain += plain;
    f->nodes_compressed += compressed;
    uint64_t kept = blob(f, bytes);
    uint64_t header = f->layout->blobs_allocated ? COMPRESSED_HEADER : 0;
    uint64_t squeezed = compressed ? blob(f, size_sum(compressed_bytes, header)) : kept;
    f->compressed_bytes = size_sum(f->compressed_bytes, squeezed);
    add(f, kept);
}

void footprint_stream_block(struct footprint *f, const uint8_t id[FOOTPRINT_STREAM_ID],
                            uint64_t bytes)
{
    radix_add(&f->stream, f->server.allocator, id);
    f->nodes++;
    f->last_node_asked = bytes;
    f->last_node = blob(f, bytes);
    add(f, f->last_node);
}

static uint64_t tree_bytes(const struct footprint *f, const struct radix *radix)
{
    if (f->layout->radix_allocated)
        return radix_bytes(radix, f->server.allocator, radix == &f->stream);
    uint64_t nodes = radix->nodes ? radix->nodes : 1;
    return radix->keys * RADIX_KEY + nodes * RADIX_NODE_THUMB;
}

static void close_consumer(struct footprint *f)
{
    if (f->in_consumer)
        add(f, tree_bytes(f, &f->consumer));
    f->in_consumer = false;
    f->consumer = (struct radix){0};
}

static void close_group(struct footprint *f)
{
    close_consumer(f);
    if (f->in_group)
        add(f, tree_bytes(f, &f->group) + f->group.keys * STREAM_PENDING);
    f->in_group = false;
    f->group = (struct radix){0};
}

void footprint_stream_group(struct footprint *f, uint64_t name_length)
{
    (void)name_length;
    close_group(f);
    f->in_group = true;
    add(f, size_of_struct(f, f->layout->stream_group));
}

void footprint_stream_pending(struct footprint *f, const uint8_t id[FOOTPRINT_STREAM_ID])
{
    radix_add(&f->group, f->server.allocator, id);
}

void footprint_stream_consumer(struct footprint *f, uint64_t name_length)
{
    close_consumer(f);
    f->in_consumer = true;
    add(f, size_sum(name_length, size_of_struct(f, f->layout->stream_consumer)));
}

void footprint_stream_consumer_pending(struct footprint *f, const uint8_t id[FOOTPRINT_STREAM_ID])
{
    radix_add(&f->consumer, f->server.allocator, id);
}

/* Elements for which its table was made, if that was when there were too many to pack. */
static uint64_t born(const struct footprint *f)
{
    bool small = f->longest <= PACKED_VALUE, presized = is_since(f, VERSION_SETS_PRESIZED);
    if (f->form == FOOTPRINT_HASHTABLE_HASH)
        return small && is_since(f, VERSION_HASH_PRESIZED) ? HASH_ENTRIES + 1 : 0;
    if (f->form == FOOTPRINT_HASHTABLE_SET && !f->has_words)
        return INTSET_ENTRIES + 1;
    return small && presized ? SMALL_ENTRIES + 1 : 0;
}

/* Slots moved by an insertion: sorted sets look first. */
static struct table_growth growth_of(const struct footprint *f)
{
    int moves = 1;
    if (f->form == FOOTPRINT_SKIPLIST)
        moves = 2;
    else if (f->form == FOOTPRINT_HASHTABLE_HASH)
        moves = f->layout->hash_moves;
    return (struct table_growth){moves, born(f)};
}

static uint64_t table_bytes(const struct footprint *f)
{
    enum { BUCKET = 64, ENTRY_OF_CHAIN = 16 };
    uint64_t table = size_of_struct(f, f->layout->table_bytes);
    if (f->layout->table == LAYOUT_TABLE_BUCKETS)
        return table + table_buckets(f->elements, growth_of(f)) * BUCKET;
    uint64_t slots = table_dict_slots(f->elements, growth_of(f)) * size_of_struct(f, POINTER);
    if (f->layout->table != LAYOUT_TABLE_KEYS || f->form != FOOTPRINT_HASHTABLE_SET)
        return size_sum(table, slots);
    uint64_t chained = f->elements - table_dict_used(f->elements);
    return table + slots + chained * ENTRY_OF_CHAIN;
}

/* Times of fields are kept beside the table, in a vector while they are few. */
static uint64_t times_bytes(const struct footprint *f)
{
    if (!f->layout->keeps_times)
        return 0;
    uint64_t times = f->fields_with_time < 2 ? 0 : POINTER + f->fields_with_time * POINTER;
    return POINTER + (times ? size_allocated(f, times) : 0);
}

static uint64_t skiplist_bytes(const struct footprint *f)
{
    uint64_t table = table_bytes(f);
    if (!f->layout->skiplist_levels)
        return size_of_struct(f, SORTED_SET) + table - size_of_struct(f, f->layout->table_bytes);
    uint64_t levels = f->layout->skiplist_levels * (uint64_t)SKIPLIST_LEVEL;
    if (f->layout->node_embeds)
        return SORTED_SET + SKIPLIST_LEVEL + levels + table;
    return size_of_struct(f, SORTED_SET + SKIPLIST) + table +
           size_allocated(f, size_of_struct(f, SKIPLIST_NODE + levels));
}

static uint64_t quicklist_bytes(const struct footprint *f)
{
    bool compressed = f->nodes_compressed && f->first_tells && f->last_tells;
    uint64_t nodes = compressed ? f->compressed_bytes : f->bytes;
    if (is_since(f, VERSION_LIST_AS_LISTPACK) && f->nodes == 1 && !f->nodes_plain)
        return nodes;
    uint64_t structs = QUICKLIST + f->nodes * f->layout->quicklist_node;
    return size_sum(nodes, size_of_struct(f, structs));
}

static uint64_t stream_bytes(struct footprint *f)
{
    close_group(f);
    uint64_t bytes = size_sum(f->bytes, size_of_struct(f, f->layout->stream));
    if (f->layout->stream_reserves && f->nodes && f->last_node_asked < STREAM_RESERVED)
        bytes += blob(f, STREAM_RESERVED) - f->last_node;
    return size_sum(bytes, tree_bytes(f, &f->stream));
}

static uint64_t value_bytes(struct footprint *f)
{
    switch (f->form) {
    case FOOTPRINT_HASHTABLE_SET:
        return size_sum(f->bytes, table_bytes(f));
    case FOOTPRINT_HASHTABLE_HASH:
        return size_sum(f->bytes, table_bytes(f) + times_bytes(f));
    case FOOTPRINT_SKIPLIST:
        return size_sum(f->bytes, skiplist_bytes(f));
    case FOOTPRINT_QUICKLIST:
        return quicklist_bytes(f);
    case FOOTPRINT_STREAM:
        return stream_bytes(f);
    case FOOTPRINT_LINKED_LIST:
        return size_sum(f->bytes, size_of_struct(f, LIST));
    case FOOTPRINT_PACKED_HASH_TTL:
        return size_sum(f->bytes, size_allocated(f, LISTPACK_WITH_TIME));
    case FOOTPRINT_STRING:
    case FOOTPRINT_PACKED_LIST:
    case FOOTPRINT_INTSET:
        break;
    }
    return f->bytes;
}

int64_t footprint_end(struct footprint *f)
{
    return (int64_t)size_sum(size_of_key(f), value_bytes(f));
}
