/* A record of the reader into one of the insight. */
#include "offline/offline_insight.h"

#include <stdlib.h>

#include "insight/insight.h"

_Static_assert((int)RDB_STRING == (int)INSIGHT_STRING && (int)RDB_STREAM == (int)INSIGHT_STREAM &&
                   (int)RDB_MODULE == (int)INSIGHT_TYPES_BUILT_IN,
               "types have the same places");

enum { ENCODINGS_REMEMBERED = 16 };

/* Beyond it a time is none, and sums of times overflow. */
static const int64_t latest_s = (int64_t)1 << 40;

static const char no_layout[] = "what a value of this type takes in memory is not known";
static const char no_encoding[] = "the dump does not tell";
static const char no_usage[] =
    "the dump has neither idle times nor counters: the server evicts by neither";

struct offline_insight {
    struct insight *insight;
    int64_t began_ms;
    int db; /* of the last key */
    /* Encodings are constant texts of the reader, and few. */
    struct {
        const char *name;
        int place;
    } encodings[ENCODINGS_REMEMBERED];
    int encoding_count;
};

struct offline_insight *offline_insight_new(const struct scan_analysis_options *options,
                                            const char *source, int64_t began_ms)
{
    struct insight_setup setup = {.options = *options,
                                  .source = source,
                                  .prefixes_by_type = true,
                                  .top_kept = INSIGHT_MEMBERS_TOP};
    struct offline_insight *insight = calloc(1, sizeof(*insight));
    if (!insight)
        abort();
    setup.options.measures = ANALYSIS_BIT(ANALYSIS_MEASURE_COUNT) - 1;
    insight->insight = insight_new(&setup);
    insight->began_ms = began_ms;
    insight->db = -1;
    insight_add_held(insight->insight, 0, false);
    return insight;
}

void offline_insight_free(struct offline_insight *insight)
{
    if (!insight)
        return;
    insight_free(insight->insight);
    free(insight);
}

static int find_encoding(struct offline_insight *insight, const char *name)
{
    if (!name)
        return INSIGHT_UNKNOWN;
    for (int i = 0; i < insight->encoding_count; i++) {
        if (insight->encodings[i].name == name)
            return insight->encodings[i].place;
    }
    int place = insight_find_encoding(insight->insight, text_of(name));
    if (insight->encoding_count < ENCODINGS_REMEMBERED) {
        insight->encodings[insight->encoding_count].name = name;
        insight->encodings[insight->encoding_count++].place = place;
    }
    return place;
}

static int find_type(struct offline_insight *insight, const struct rdb_key *key)
{
    if (key->type != RDB_MODULE)
        return (int)key->type;
    int place = insight_find_type(insight->insight, text_of(key->type_name));
    return place >= 0 ? place : INSIGHT_TYPES_MAX - 1;
}

/* What is left of its time when the dump was made, or INSIGHT_PERSISTENT. */
static int64_t find_ttl(struct offline_insight *insight, const struct rdb_key *key,
                        const struct rdb_facts *facts)
{
    bool is_dated = facts->created_s > 0 && facts->created_s < latest_s;
    int64_t made_ms = is_dated ? facts->created_s * 1000 : insight->began_ms;
    if (key->expires_at_ms == -1)
        return INSIGHT_PERSISTENT;
    if (key->expires_at_ms > made_ms)
        return key->expires_at_ms - made_ms;
    insight_add_held(insight->insight, 1, false);
    return 0;
}

static void note_gaps(struct insight *insight, const struct insight_key *key)
{
    if (key->bytes < 0)
        insight_add_gap(insight, INSIGHT_GAP_MEMORY, no_layout, 1);
    if (key->encoding < 0)
        insight_add_gap(insight, INSIGHT_GAP_ENCODING, no_encoding, 1);
    if (key->idle_s < 0 && key->freq < 0)
        insight_add_gap(insight, INSIGHT_GAP_USAGE, no_usage, 1);
}

int offline_insight_add(struct offline_insight *insight, const struct rdb_key *key,
                        const struct rdb_facts *facts, struct error *err)
{
    const struct insight_key own = {.name = key->name,
                                    .name_length =
                                        key->name_length > key->name.length ? key->name_length : 0,
                                    .type = find_type(insight, key),
                                    .encoding = find_encoding(insight, key->encoding),
                                    .db = key->db,
                                    .freq = key->freq,
                                    .bytes = key->bytes,
                                    .size = key->size,
                                    .ttl_ms = find_ttl(insight, key, facts),
                                    .idle_s = key->idle_s};
    note_gaps(insight->insight, &own);
    insight_add(insight->insight, &own);
    if (key->db == insight->db)
        return 0;
    insight->db = key->db;
    if (insight_databases(insight->insight) > OFFLINE_DATABASES_MAX)
        return error_set(err, ERROR_RDB_FORMAT, "more than %d databases have keys",
                         OFFLINE_DATABASES_MAX);
    return 0;
}

int64_t offline_insight_keys(const struct offline_insight *insight)
{
    return insight_keys(insight->insight);
}

int64_t offline_insight_write(const struct offline_insight *insight, const struct rdb_facts *facts,
                              struct json_writer *json)
{
    const struct insight_origin origin = {.engine_version = facts->server_version,
                                          .rdb_version = facts->rdb_version,
                                          .created_s = facts->created_s,
                                          .used_memory = facts->used_memory,
                                          .replication_offset = facts->replication_offset};
    const struct insight_facts own = {
        .expired_released = INSIGHT_UNKNOWN, .memory_is = "estimate", .origin = &origin};
    return insight_write(insight->insight, &own, json);
}

void offline_insight_write_members(const struct offline_insight *insight, struct json_writer *json)
{
    insight_write_members(insight->insight, json);
}
