/* The result of an analysis, front to back.  What is not known is left out. */
#include "document.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { VERSION = 1 };

static const int64_t stamps_end_s = 253402300800; /* year 10000, which has no stamp */

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

void document_write_keys(struct json_writer *json, int64_t keys, int64_t bytes, struct known known)
{
    json_writer_member_number(json, "keys", keys);
    if (known.bytes)
        json_writer_member_number(json, "bytes", bytes);
}

void document_write_persistent(struct json_writer *json, const struct key_sum *sum,
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
    document_write_keys(json, sum->keys, sum->bytes, known);
    document_write_persistent(json, sum, known);
}

void document_begin_list(struct json_writer *json, const char *name)
{
    json_writer_name(json, name);
    json_writer_begin_array(json);
}

static void write_gaps(struct json_writer *json, const struct insight *insight)
{
    document_begin_list(json, "not_measured");
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
    if (facts->expired_released < 0 && !insight->held_known)
        return;
    json_writer_name(json, "expired");
    json_writer_begin_object(json);
    if (facts->expired_released >= 0)
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
    document_begin_list(json, "encodings");
    for (int i = 0; i < INSIGHT_ENCODINGS_MAX; i++) {
        const struct key_count *encoding = &type->encodings[i];
        if (encoding->keys == 0)
            continue;
        json_writer_begin_object(json);
        json_writer_member_text(json, "encoding", counters->encodings[i]);
        document_write_keys(json, encoding->keys, encoding->bytes, known);
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
    document_write_keys(json, type->sum.keys, type->sum.bytes, known);
    if (has_elements(insight, place))
        json_writer_member_number(json, "elements", type->elements);
    document_write_persistent(json, &type->sum, known);
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

int document_list_types(const struct insight *insight, int ret_places[INSIGHT_TYPES_MAX])
{
    const struct counters *counters = &insight->counters;
    int count = 0, built_in = 0;
    for (int i = 0; i < counters->type_count; i++) {
        if (counters->types[i].sum.keys == 0)
            continue;
        ret_places[count++] = i;
        built_in += i < INSIGHT_TYPES_BUILT_IN;
    }
    qsort_r(ret_places + built_in, (size_t)(count - built_in), sizeof(ret_places[0]), compare_names,
            counters->types);
    if (counters->types[INSIGHT_TYPES_MAX - 1].sum.keys > 0)
        ret_places[count++] = INSIGHT_TYPES_MAX - 1;
    return count;
}

static void write_types(struct json_writer *json, const struct insight *insight, struct known known)
{
    int places[INSIGHT_TYPES_MAX], count = document_list_types(insight, places);
    document_begin_list(json, "types");
    for (int i = 0; i < count; i++)
        write_type(json, insight, places[i], known);
    json_writer_end_array(json);
}

static void write_databases(struct json_writer *json, const struct insight *insight,
                            struct known known)
{
    const struct counters *counters = &insight->counters;
    document_begin_list(json, "databases");
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
    document_begin_list(json, "shards");
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
        document_begin_list(json, shape->name);
        for (int i = 0; i < shape->buckets; i++) {
            const struct key_count *bucket = &insight->counters.histograms[kind][i];
            json_writer_begin_object(json);
            json_writer_member_number(json, shape->from, shape->borders[i]);
            if (i + 1 < shape->buckets)
                json_writer_member_number(json, shape->to, shape->borders[i + 1]);
            document_write_keys(json, bucket->keys, bucket->bytes, known);
            json_writer_end_object(json);
        }
        json_writer_end_array(json);
    }
}

static void write_origin(struct json_writer *json, const struct insight_origin *origin)
{
    char created_at[CLOCK_ISO_LENGTH + 1];
    json_writer_name(json, "origin");
    json_writer_begin_object(json);
    if (origin->engine_version[0])
        json_writer_member_text(json, "engine_version", origin->engine_version);
    json_writer_member_number(json, "rdb_version", origin->rdb_version);
    if (origin->created_s > 0 && origin->created_s < stamps_end_s) {
        clock_format_iso(origin->created_s * 1000, created_at);
        json_writer_member_text(json, "created_at", created_at);
    }
    if (origin->used_memory >= 0)
        json_writer_member_number(json, "used_memory", origin->used_memory);
    if (origin->replication_offset >= 0)
        json_writer_member_number(json, "replication_offset", origin->replication_offset);
    json_writer_end_object(json);
}

static void write_head(struct json_writer *json, const struct document *document)
{
    const struct insight *insight = document->insight;
    const struct insight_facts *facts = document->facts;
    json_writer_member_text(json, "source", insight->setup.source);
    json_writer_member_number(json, "version", VERSION);
    if (facts->origin)
        write_origin(json, facts->origin);
    json_writer_name(json, "measures");
    analysis_measures_write(json, insight->setup.options.measures);
    write_gaps(json, insight);
    if (facts->memory_is)
        json_writer_member_text(json, "memory_is", facts->memory_is);
    json_writer_member_number(json, "name_kept", insight->leaders.name_most);
    document_write_keys(json, insight->counters.total.keys, insight->counters.total.bytes,
                        document->known);
    write_elements(json, insight);
    document_write_persistent(json, &insight->counters.total, document->known);
    write_expired(json, insight, facts);
}

int64_t insight_write(const struct insight *insight, const struct insight_facts *facts,
                      struct json_writer *json)
{
    const struct document document = {insight, facts, known_of(insight)};
    size_t begun = json->length, most = facts->most > 0 ? facts->most : INSIGHT_DOCUMENT_MAX;
    json_writer_begin_object(json);
    write_head(json, &document);
    write_types(json, insight, document.known);
    write_databases(json, insight, document.known);
    write_shards(json, insight, facts, document.known);
    write_histograms(json, insight, document.known);
    size_t used = json->length - begun;
    int64_t written = document_write_lists(&document, used < most ? most - used : 0, json);
    json_writer_end_object(json);
    return written;
}
