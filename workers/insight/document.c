/* The result of an analysis, front to back.  What is not known is left out. */
#include "insight_internal.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

/* What of a sum is known. */
struct known {
    bool bytes, ttl;
};

static struct known known_of(const struct insight *insight)
{
    const struct counters *counters = &insight->counters;
    bool none = counters->total.keys == 0;
    return (struct known){
        .bytes = insight_measures(insight, ANALYSIS_MEMORY) &&
                 (none || counters->measured[ANALYSIS_MEMORY] > 0),
        .ttl = insight_measures(insight, ANALYSIS_TTL) &&
               (none || counters->measured[ANALYSIS_TTL] > 0),
    };
}

static void write_keys(struct json_writer *json, int64_t keys, int64_t bytes, struct known known)
{
    json_writer_member_number(json, "keys", keys);
    if (known.bytes)
        json_writer_member_number(json, "bytes", bytes);
}

static void write_persistent(struct json_writer *json, const struct key_sum *sum,
                             struct known known)
{
    if (!known.ttl)
        return;
    json_writer_member_number(json, "keys_without_ttl", sum->persistent_keys);
    if (known.bytes)
        json_writer_member_number(json, "bytes_without_ttl", sum->persistent_bytes);
}

static void write_sum(struct json_writer *json, const struct key_sum *sum, struct known known)
{
    write_keys(json, sum->keys, sum->bytes, known);
    write_persistent(json, sum, known);
}

static void begin_list(struct json_writer *json, const char *name)
{
    json_writer_name(json, name);
    json_writer_begin_array(json);
}

static void write_gaps(struct json_writer *json, const struct insight *insight)
{
    begin_list(json, "not_measured");
    for (int i = 0; i < INSIGHT_GAP_COUNT; i++) {
        const struct gap *gap = &insight->gaps[i];
        if (gap->keys == 0)
            continue;
        json_writer_begin_object(json);
        json_writer_member_text(json, "measure", insight_gap_names[i]);
        json_writer_member_text(json, "reason", gap->reason);
        json_writer_member_number(json, "keys", gap->keys);
        json_writer_end_object(json);
    }
    json_writer_end_array(json);
}

/* Lengths of strings are bytes, and no elements. */
static bool has_elements(const struct insight *insight, int type)
{
    return type > INSIGHT_STRING && type < INSIGHT_TYPES_BUILT_IN &&
           insight->counters.types[type].sizeless == 0;
}

static void write_elements(struct json_writer *json, const struct insight *insight)
{
    int64_t elements = 0;
    for (int type = INSIGHT_LIST; type < INSIGHT_TYPES_BUILT_IN; type++) {
        if (!has_elements(insight, type))
            return;
        elements += insight->counters.types[type].elements;
    }
    json_writer_member_number(json, "elements", elements);
}

static void write_expired(struct json_writer *json, const struct insight *insight,
                          const struct insight_facts *facts)
{
    if (facts->expired_released < 0)
        return;
    json_writer_name(json, "expired");
    json_writer_begin_object(json);
    json_writer_member_number(json, "released", facts->expired_released);
    if (insight->held_known) {
        json_writer_member_number(json, "held", insight->held);
        json_writer_member_text(json, "held_is", insight->held_estimated ? "estimate" : "counted");
    }
    json_writer_end_object(json);
}

static void write_encodings(struct json_writer *json, const struct counters *counters,
                            const struct type_counters *type, struct known known)
{
    begin_list(json, "encodings");
    for (int i = 0; i < INSIGHT_ENCODINGS_MAX; i++) {
        const struct key_count *encoding = &type->encodings[i];
        if (encoding->keys == 0)
            continue;
        json_writer_begin_object(json);
        json_writer_member_text(json, "encoding", counters->encodings[i]);
        write_keys(json, encoding->keys, encoding->bytes, known);
        json_writer_end_object(json);
    }
    json_writer_end_array(json);
}

static void write_type(struct json_writer *json, const struct insight *insight, int place,
                       struct known known)
{
    const struct counters *counters = &insight->counters;
    const struct type_counters *type = &counters->types[place];
    json_writer_begin_object(json);
    json_writer_member_text(json, "type", type->name);
    write_keys(json, type->sum.keys, type->sum.bytes, known);
    if (has_elements(insight, place))
        json_writer_member_number(json, "elements", type->elements);
    write_persistent(json, &type->sum, known);
    if (known.bytes)
        json_writer_member_number(json, "largest_bytes", type->largest_bytes);
    if (type->largest_size > 0 || type->sizeless == 0)
        json_writer_member_number(json, "largest_size", type->largest_size);
    if (insight_measures(insight, ANALYSIS_ENCODING))
        write_encodings(json, counters, type, known);
    json_writer_end_object(json);
}

static int compare_names(const void *a, const void *b, void *argument)
{
    const struct type_counters *types = argument;
    return strcmp(types[*(const int *)a].name, types[*(const int *)b].name);
}

/* Built-in types in their order, modules' by name, the rest at the end. */
static void write_types(struct json_writer *json, const struct insight *insight, struct known known)
{
    const struct counters *counters = &insight->counters;
    int places[INSIGHT_TYPES_MAX], count = 0;
    for (int i = 0; i < counters->type_count; i++)
        places[count++] = i;
    qsort_r(places + INSIGHT_TYPES_BUILT_IN, (size_t)(count - INSIGHT_TYPES_BUILT_IN),
            sizeof(places[0]), compare_names, counters->types);
    places[count++] = INSIGHT_TYPES_MAX - 1;
    begin_list(json, "types");
    for (int i = 0; i < count; i++) {
        if (counters->types[places[i]].sum.keys > 0)
            write_type(json, insight, places[i], known);
    }
    json_writer_end_array(json);
}

static void write_databases(struct json_writer *json, const struct insight *insight,
                            struct known known)
{
    const struct counters *counters = &insight->counters;
    begin_list(json, "databases");
    for (int i = 0; i < counters->database_count; i++) {
        if (counters->databases[i].sum.keys == 0)
            continue;
        json_writer_begin_object(json);
        json_writer_member_number(json, "db", counters->databases[i].db);
        write_sum(json, &counters->databases[i].sum, known);
        json_writer_end_object(json);
    }
    json_writer_end_array(json);
}

struct named_shard {
    char name[INSIGHT_SHARD_NAME_MAX + 1];
    struct key_sum sum;
};

/* The name that most of the samples have. */
static void name_shard(const struct insight_facts *facts, const struct shard_sum *shard,
                       char ret_name[INSIGHT_SHARD_NAME_MAX + 1])
{
    char names[SHARD_SAMPLES][INSIGHT_SHARD_NAME_MAX + 1];
    int best = 0, most = 0;
    for (int i = 0; i < shard->slot_count; i++) {
        int same = 0;
        facts->name_shard(facts->argument, shard->slots[i], names[i]);
        for (int other = 0; other <= i; other++)
            same += strcmp(names[other], names[i]) == 0;
        if (same > most) {
            most = same;
            best = i;
        }
    }
    if (most > 0)
        memcpy(ret_name, names[best], sizeof(names[best]));
    else
        ret_name[0] = '\0';
}

static int compare_shards(const void *a, const void *b)
{
    return strcmp(((const struct named_shard *)a)->name, ((const struct named_shard *)b)->name);
}

/* A shard that was read in parts is told once. */
static struct named_shard *list_shards(const struct insight *insight,
                                       const struct insight_facts *facts, size_t *ret_count)
{
    const struct shard_sum own = insight_own_shard(insight);
    size_t count = 0, kept = 0;
    struct named_shard *shards = calloc((size_t)insight->shard_count + 1, sizeof(*shards));
    if (!shards)
        abort();
    for (int i = 0; i <= insight->shard_count; i++) {
        const struct shard_sum *shard = i < insight->shard_count ? &insight->shards[i] : &own;
        if (shard->sum.keys == 0)
            continue;
        name_shard(facts, shard, shards[count].name);
        shards[count++].sum = shard->sum;
    }
    qsort(shards, count, sizeof(*shards), compare_shards);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && strcmp(shards[kept - 1].name, shards[i].name) == 0)
            key_sum_merge(&shards[kept - 1].sum, &shards[i].sum);
        else
            shards[kept++] = shards[i];
    }
    *ret_count = kept;
    return shards;
}

static void write_shards(struct json_writer *json, const struct insight *insight,
                         const struct insight_facts *facts, struct known known)
{
    size_t count;
    if (!facts->name_shard)
        return;
    struct named_shard *shards = list_shards(insight, facts, &count);
    begin_list(json, "shards");
    for (size_t i = 0; i < count; i++) {
        json_writer_begin_object(json);
        json_writer_member_text(json, "shard", shards[i].name);
        write_sum(json, &shards[i].sum, known);
        json_writer_end_object(json);
    }
    json_writer_end_array(json);
    free(shards);
}

static bool is_told(const struct insight *insight, enum histogram_kind kind, struct known known)
{
    bool has_keys = false;
    for (int i = 0; i < HISTOGRAM_BUCKETS_MAX; i++)
        has_keys = has_keys || insight->counters.histograms[kind][i].keys > 0;
    return kind == HISTOGRAM_TTL ? known.ttl : kind == HISTOGRAM_SIZE ? known.bytes : has_keys;
}

static void write_histograms(struct json_writer *json, const struct insight *insight,
                             struct known known)
{
    for (int kind = 0; kind < HISTOGRAM_COUNT; kind++) {
        const struct histogram_shape *shape = &histogram_shapes[kind];
        if (!is_told(insight, (enum histogram_kind)kind, known))
            continue;
        begin_list(json, shape->name);
        for (int i = 0; i < shape->buckets; i++) {
            const struct key_count *bucket = &insight->counters.histograms[kind][i];
            json_writer_begin_object(json);
            json_writer_member_number(json, shape->from, shape->borders[i]);
            if (i + 1 < shape->buckets)
                json_writer_member_number(json, shape->to, shape->borders[i + 1]);
            write_keys(json, bucket->keys, bucket->bytes, known);
            json_writer_end_object(json);
        }
        json_writer_end_array(json);
    }
}

static void write_size(struct json_writer *json, const struct leader *leader)
{
    if (leader->size < 0)
        return;
    json_writer_member_number(json, "size", leader->size);
    json_writer_member_text(json, "unit", leader->type == INSIGHT_STRING ? "byte" : "count");
}

static void write_measures(struct json_writer *json, const struct insight *insight,
                           const struct leader *leader)
{
    if (leader->ttl_ms >= 0)
        json_writer_member_number(json, "ttl_ms", leader->ttl_ms);
    if (leader->encoding >= 0)
        json_writer_member_text(json, "encoding", insight->counters.encodings[leader->encoding]);
    if (leader->idle_s >= 0)
        json_writer_member_number(json, "idle_s", leader->idle_s);
    if (leader->freq >= 0)
        json_writer_member_number(json, "freq", leader->freq);
}

static void write_leader(struct json_writer *json, const struct insight *insight,
                         const struct leader *leader, const struct insight_facts *facts)
{
    const struct kept_name name = leader_name(leader);
    json_writer_begin_object(json);
    json_writer_name(json, "name");
    key_name_write(json, &name, leader->utf8);
    if (!leader->utf8)
        json_writer_member_boolean(json, "binary", true);
    if (name.kept < name.length)
        json_writer_member_boolean(json, "name_cut", true);
    json_writer_member_text(json, "type", insight->counters.types[leader->type].name);
    json_writer_member_number(json, "db", leader->db);
    if (facts->name_shard) {
        char shard[INSIGHT_SHARD_NAME_MAX + 1];
        facts->name_shard(facts->argument, leader->slot, shard);
        json_writer_member_text(json, "shard", shard);
    }
    if (leader->bytes >= 0)
        json_writer_member_number(json, "bytes", leader->bytes);
    write_size(json, leader);
    write_measures(json, insight, leader);
    json_writer_end_object(json);
}

/* In a ranking by size none is told whose size is not known. */
static int64_t write_ranking(struct json_writer *json, const struct insight *insight, int ranking,
                             const struct insight_facts *facts)
{
    uint32_t count;
    int64_t written = 0;
    const struct leader **leaders = leaders_sort(&insight->leaders, ranking, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (ranking != LEADERS_BY_BYTES && leaders[i]->size < 0)
            continue;
        write_leader(json, insight, leaders[i], facts);
        written++;
    }
    free(leaders);
    return written;
}

static void write_prefix(struct json_writer *json, const struct prefix_item *item,
                         struct known known)
{
    const struct prefix_entry *entry = &item->entry;
    const struct kept_name name = kept_name_of(item->prefix);
    bool utf8 = text_is_utf8(item->prefix.bytes, item->prefix.length);
    json_writer_begin_object(json);
    json_writer_name(json, "prefix");
    key_name_write(json, &name, utf8);
    if (!utf8)
        json_writer_member_boolean(json, "binary", true);
    json_writer_member_number(json, "depth", item->depth);
    json_writer_member_number(json, "keys",
                              entry->counts[PREFIX_KEYS] + entry->errors[PREFIX_KEYS]);
    json_writer_member_number(json, "keys_error", entry->errors[PREFIX_KEYS]);
    if (known.bytes) {
        json_writer_member_number(json, "bytes",
                                  entry->counts[PREFIX_BYTES] + entry->errors[PREFIX_BYTES]);
        json_writer_member_number(json, "bytes_error", entry->errors[PREFIX_BYTES]);
    }
    /* What was missed may have had no time to live either. */
    const struct key_sum persistent = {
        .persistent_keys = entry->persistent[PREFIX_KEYS] + entry->errors[PREFIX_KEYS],
        .persistent_bytes = entry->persistent[PREFIX_BYTES] + entry->errors[PREFIX_BYTES]};
    write_persistent(json, &persistent, known);
    json_writer_end_object(json);
}

static void write_prefixes(struct json_writer *json, const struct insight *insight,
                           struct known known)
{
    size_t count;
    const struct prefixes *prefixes = &insight->prefixes;
    struct prefix_item *items = prefixes_choose(prefixes, &count);
    json_writer_name(json, "prefixes");
    json_writer_begin_object(json);
    json_writer_member_text(json, "separators", prefixes->separators);
    json_writer_member_number(json, "depth", prefixes->depth);
    json_writer_member_number(json, "capacity", prefixes_capacity(prefixes));
    json_writer_member_boolean(json, "exact", prefixes_are_exact(prefixes));
    begin_list(json, "items");
    for (size_t i = 0; i < count; i++)
        write_prefix(json, &items[i], known);
    json_writer_end_array(json);
    json_writer_end_object(json);
    free(items);
}

static void write_head(struct json_writer *json, const struct insight *insight,
                       const struct insight_facts *facts, struct known known)
{
    json_writer_member_text(json, "source", insight->setup.source);
    json_writer_member_number(json, "version", VERSION);
    json_writer_name(json, "measures");
    analysis_measures_write(json, insight->setup.options.measures);
    write_gaps(json, insight);
    write_keys(json, insight->counters.total.keys, insight->counters.total.bytes, known);
    write_elements(json, insight);
    write_persistent(json, &insight->counters.total, known);
    write_expired(json, insight, facts);
}

int64_t insight_write(const struct insight *insight, const struct insight_facts *facts,
                      struct json_writer *json)
{
    const struct known known = known_of(insight);
    json_writer_begin_object(json);
    write_head(json, insight, facts, known);
    write_types(json, insight, known);
    write_databases(json, insight, known);
    write_shards(json, insight, facts, known);
    write_histograms(json, insight, known);
    begin_list(json, "largest_by_bytes");
    int64_t written = write_ranking(json, insight, LEADERS_BY_BYTES, facts);
    json_writer_end_array(json);
    begin_list(json, "largest_by_size");
    for (int type = 0; type < INSIGHT_TYPES_BUILT_IN; type++)
        write_ranking(json, insight, LEADERS_BY_SIZE + type, facts);
    json_writer_end_array(json);
    write_prefixes(json, insight, known);
    json_writer_end_object(json);
    return written;
}
