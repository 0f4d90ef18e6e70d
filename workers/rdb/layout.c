#include "layout.h"

#include <stddef.h>

enum { VALKEY_FIRST = 80000 };

/* clang-format off */
#define UNTIL_6_2 .table_bytes = 96, .hash_moves = 2, .quicklist_node = 32

#define ALL_ALLOCATED \
    .strings_allocated = true, .blobs_allocated = true, .embedded_allocated = true

#define SINCE_7_0 \
    ALL_ALLOCATED, .quicklist_node = 40, \
    .skiplist_levels = 32, .stream_reserves = true, .stream = 80, .stream_group = 40

static const struct layout redis[] = {
    {.since = 0, UNTIL_6_2, .table = LAYOUT_TABLE_OBJECTS, .string_header = 8},
    {.since = 30000, UNTIL_6_2, .table = LAYOUT_TABLE_OBJECTS, .string_header = 8},
    {.since = 30200, UNTIL_6_2, .table = LAYOUT_TABLE_OBJECTS},
    {.since = 40000, UNTIL_6_2, .table = LAYOUT_TABLE_DICT},
    {.since = 50000, UNTIL_6_2, .key = LAYOUT_KEY_ASKED, .table = LAYOUT_TABLE_DICT, .skiplist_levels = 64, .stream_group = 32, .stream_consumer = 24},
    {.since = 60000, UNTIL_6_2, .key = LAYOUT_KEY_ASKED, .table = LAYOUT_TABLE_DICT, .skiplist_levels = 32, .stream_group = 32, .stream_consumer = 24},
    {.since = 60200, UNTIL_6_2, .key = LAYOUT_KEY_ALLOCATED, .table = LAYOUT_TABLE_DICT,
     .strings_allocated = true, .skiplist_levels = 32,
     .stream_reserves = true, .stream = 48, .stream_group = 32, .stream_consumer = 24},
    {.since = 70000, SINCE_7_0, .key = LAYOUT_KEY_ALLOCATED, .table = LAYOUT_TABLE_DICT,
     .table_bytes = 56, .hash_moves = 2, .stream_consumer = 24},
    {.since = 70200, SINCE_7_0, .key = LAYOUT_KEY_ALLOCATED, .table = LAYOUT_TABLE_DICT,
     .table_bytes = 56, .hash_moves = 1, .stream_consumer = 32},
    {.since = 70400, SINCE_7_0, .key = LAYOUT_KEY_ALLOCATED, .table = LAYOUT_TABLE_FIELDS,
     .table_bytes = 56, .hash_moves = 1, .stream_consumer = 32},
    {.since = 80000, SINCE_7_0, .key = LAYOUT_KEY_ALLOCATED, .table = LAYOUT_TABLE_FIELDS,
     .table_bytes = 56, .hash_moves = 2, .stream_consumer = 32},
    {.since = 80200, SINCE_7_0, .key = LAYOUT_KEY_IN_OBJECT, .table = LAYOUT_TABLE_FIELDS,
     .table_bytes = 56, .hash_moves = 2, .stream_consumer = 32, .short_ranked_entry = true},
};

static const struct layout valkey[] = {
    {.since = VALKEY_FIRST, SINCE_7_0, .key = LAYOUT_KEY_IN_ENTRY, .table = LAYOUT_TABLE_KEYS,
     .table_bytes = 56, .hash_moves = 1, .stream_consumer = 32},
    {.since = 80100, SINCE_7_0, .key = LAYOUT_KEY_OMITTED, .table = LAYOUT_TABLE_BUCKETS,
     .table_bytes = 72, .hash_moves = 1, .stream_consumer = 32, .radix_allocated = true},
    {.since = 90000, SINCE_7_0, .key = LAYOUT_KEY_OMITTED, .table = LAYOUT_TABLE_BUCKETS,
     .table_bytes = 80, .hash_moves = 1, .stream_consumer = 32, .radix_allocated = true,
     .keeps_times = true},
    {.since = 90100, SINCE_7_0, .key = LAYOUT_KEY_IN_OBJECT, .table = LAYOUT_TABLE_BUCKETS,
     .table_bytes = 80, .hash_moves = 1, .stream_consumer = 32, .radix_allocated = true,
     .keeps_times = true, .embeds_in_pointer = true, .node_embeds = true},
};
/* clang-format on */

static const struct layout *newest(const struct layout *rows, size_t count, int version)
{
    const struct layout *found = rows;
    for (size_t i = 1; i < count && rows[i].since <= version; i++)
        found = &rows[i];
    return found;
}

const struct layout *layout_of(int version, bool is_valkey)
{
    if (is_valkey && version >= VALKEY_FIRST)
        return newest(valkey, sizeof(valkey) / sizeof(*valkey), version);
    return newest(redis, sizeof(redis) / sizeof(*redis), version);
}
