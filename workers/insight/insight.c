/* One record into all that it counts for. */
#include "insight_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one server may say together, so that sums over all nodes of a cluster do not overflow: a
 * figure beyond it is no memory's. */
enum { LARGEST_BITS = 50 };
static const int64_t largest = (int64_t)1 << LARGEST_BITS;

const char *const insight_gap_names[INSIGHT_GAP_COUNT] = {
    [INSIGHT_GAP_MEMORY] = "memory",     [INSIGHT_GAP_TTL] = "ttl",
    [INSIGHT_GAP_ENCODING] = "encoding", [INSIGHT_GAP_USAGE] = "usage",
    [INSIGHT_GAP_TYPE] = "type",         [INSIGHT_GAP_SIZE] = "size",
};

struct insight *insight_new(const struct insight_setup *setup)
{
    struct insight *insight = calloc(1, sizeof(*insight));
    if (!insight)
        abort();
    insight->setup = *setup;
    counters_init(&insight->counters);
    leaders_init(&insight->leaders, setup);
    prefixes_init(&insight->prefixes, &setup->options);
    if (setup->prefixes_by_type)
        prefixes_keep_types(&insight->prefixes, INSIGHT_TYPES_BUILT_IN);
    return insight;
}

size_t insight_size_most(const struct scan_analysis_options *options)
{
    return sizeof(struct insight) + leaders_size_most((uint32_t)options->top) +
           (size_t)options->prefix_depth * prefix_sketch_size_most();
}

void insight_free(struct insight *insight)
{
    if (!insight)
        return;
    counters_release(&insight->counters);
    leaders_release(&insight->leaders);
    prefixes_release(&insight->prefixes);
    free(insight->shards);
    free(insight);
}

int insight_find_type(struct insight *insight, struct text name)
{
    return text_equals(name, TEXT("none")) ? -1 : counters_find_type(&insight->counters, name);
}

int insight_find_encoding(struct insight *insight, struct text name)
{
    return counters_find_encoding(&insight->counters, name);
}

static int64_t bounded(int64_t value, int64_t sum)
{
    return value > largest - sum ? largest - sum : value;
}

static void sample_slot(struct insight *insight, struct text name)
{
    struct shard_sum *own = &insight->own;
    if (insight->setup.slot_of && own->slot_count < SHARD_SAMPLES)
        own->slots[own->slot_count++] = insight->setup.slot_of(name);
}

void insight_add(struct insight *insight, const struct insight_key *key)
{
    struct counters *counters = &insight->counters;
    struct insight_key own = *key;
    own.bytes = bounded(key->bytes, counters->total.bytes);
    own.size = bounded(key->size, counters->types[key->type].elements);
    sample_slot(insight, key->name);
    counters_add(counters, &own);
    uint64_t hash = prefixes_add(&insight->prefixes, key->type, key->name,
                                 own.bytes > 0 ? own.bytes : 0, key->ttl_ms == INSIGHT_PERSISTENT);
    leaders_offer(&insight->leaders, hash, &own);
}

int64_t insight_keys(const struct insight *insight)
{
    return insight->counters.total.keys;
}

int insight_databases(const struct insight *insight)
{
    return insight->counters.database_count;
}

bool insight_admits_size(const struct insight *insight, int type, int64_t size)
{
    if (type >= INSIGHT_TYPES_BUILT_IN)
        return false;
    const struct leaders *leaders = &insight->leaders;
    const struct ranking_heap *heap = &leaders->heaps[LEADERS_BY_SIZE + type];
    return heap->count < leaders->top || size >= leaders->pool[heap->items[0]].size;
}

void insight_add_gap(struct insight *insight, enum insight_gap gap, const char *reason,
                     int64_t keys)
{
    struct gap *kept = &insight->gaps[gap];
    kept->keys += keys;
    if (!kept->reason[0])
        snprintf(kept->reason, sizeof(kept->reason), "%s", reason);
}

void insight_add_held(struct insight *insight, int64_t keys, bool estimated)
{
    insight->held = keys > largest - insight->held ? largest : insight->held + keys;
    insight->held_known = true;
    insight->held_estimated = insight->held_estimated || estimated;
}

/* One whose name is not kept whole cannot be asked about. */
static bool is_sizeless(const struct leader *leader)
{
    return leader->name && !leader->asked && leader->places[1] && leader->size < 0 &&
           leader->kept == leader->length;
}

size_t insight_next_sizes(struct insight *insight, int *ret_db, struct insight_sizeless *ret_keys,
                          size_t most)
{
    struct leaders *leaders = &insight->leaders;
    size_t count = 0;
    for (uint32_t i = 0; i < leaders->pool_count && count < most; i++) {
        struct leader *leader = &leaders->pool[i];
        if (!is_sizeless(leader) || (count > 0 && leader->db != *ret_db))
            continue;
        *ret_db = leader->db;
        leader->asked = true;
        ret_keys[count++] = (struct insight_sizeless){{leader->name, leader->length}, leader->type};
    }
    return count;
}

void insight_set_size(struct insight *insight, int db, struct text name, int64_t size)
{
    struct leaders *leaders = &insight->leaders;
    struct leader *leader =
        leaders_find(leaders, prefixes_hash(&insight->prefixes, name), db, name);
    if (leader)
        leader->size = size;
}

struct shard_sum insight_own_shard(const struct insight *insight)
{
    struct shard_sum own = insight->own;
    own.sum = insight->counters.total;
    for (int i = 0; i < insight->shard_count; i++) {
        own.sum.keys -= insight->shards[i].sum.keys;
        own.sum.bytes -= insight->shards[i].sum.bytes;
        own.sum.persistent_keys -= insight->shards[i].sum.persistent_keys;
        own.sum.persistent_bytes -= insight->shards[i].sum.persistent_bytes;
    }
    return own;
}

bool insight_add_shard(struct insight *insight, const struct shard_sum *shard)
{
    if (insight->shard_count == SHARDS_MAX)
        return false;
    insight->shards =
        realloc(insight->shards, ((size_t)insight->shard_count + 1) * sizeof(*insight->shards));
    if (!insight->shards)
        abort();
    insight->shards[insight->shard_count++] = *shard;
    return true;
}

static void merge_shards(struct insight *insight, const struct insight *other)
{
    const struct shard_sum own = insight_own_shard(other);
    for (int i = 0; i < other->shard_count; i++)
        insight_add_shard(insight, &other->shards[i]);
    if (own.sum.keys > 0)
        insight_add_shard(insight, &own);
}

/* The places of the other's types and encodings are not the same here. */
static void merge_leaders(struct insight *insight, const struct insight *other)
{
    const struct leaders *leaders = &other->leaders;
    struct counters *counters = &insight->counters;
    for (uint32_t i = 0; i < leaders->pool_count; i++) {
        const struct leader *leader = &leaders->pool[i];
        if (!leader->name)
            continue;
        int type = counters_find_type(counters, text_of(other->counters.types[leader->type].name));
        int encoding = leader->encoding < 0
                           ? INSIGHT_UNKNOWN
                           : counters_find_encoding(
                                 counters, text_of(other->counters.encodings[leader->encoding]));
        leaders_offer_leader(&insight->leaders, leader, type, encoding);
    }
}

void insight_merge(struct insight *insight, const struct insight *other)
{
    merge_shards(insight, other);
    counters_merge(&insight->counters, &other->counters);
    merge_leaders(insight, other);
    prefixes_merge(&insight->prefixes, &other->prefixes);
    for (int gap = 0; gap < INSIGHT_GAP_COUNT; gap++) {
        if (other->gaps[gap].keys > 0)
            insight_add_gap(insight, (enum insight_gap)gap, other->gaps[gap].reason,
                            other->gaps[gap].keys);
    }
    if (other->held_known)
        insight_add_held(insight, other->held, other->held_estimated);
}
