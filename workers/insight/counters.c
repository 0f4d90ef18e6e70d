/* Every key passes here, so nothing is searched that can be remembered: databases come in runs, and
 * names of types and encodings are few. */
#include "counters.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

const struct histogram_shape histogram_shapes[HISTOGRAM_COUNT] = {
    [HISTOGRAM_TTL] = {"ttl_histogram",
                       "from_s",
                       "to_s",
                       8,
                       {0, MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY}},
    [HISTOGRAM_SIZE] = {"size_histogram",
                        "from",
                        "to",
                        14,
                        {0, 64, 256, 1024, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22,
                         1 << 24, 1 << 26, 1 << 28, 1 << 30}},
    [HISTOGRAM_IDLE] = {"idle_histogram",
                        "from_s",
                        "to_s",
                        7,
                        {0, MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY}},
    [HISTOGRAM_FREQUENCY] =
        {"frequency_histogram", "from", "to", 9, {0, 1, 2, 5, 10, 20, 50, 100, 200}},
};

static const char *const built_in[INSIGHT_TYPES_BUILT_IN] = {
    [INSIGHT_STRING] = "string", [INSIGHT_LIST] = "list", [INSIGHT_SET] = "set",
    [INSIGHT_ZSET] = "zset",     [INSIGHT_HASH] = "hash", [INSIGHT_STREAM] = "stream",
};

static const char other[] = "other";

void key_sum_add(struct key_sum *sum, const struct insight_key *key)
{
    int64_t bytes = key->bytes > 0 ? key->bytes : 0;
    bool persistent = key->ttl_ms == INSIGHT_PERSISTENT;
    sum->keys++;
    sum->bytes += bytes;
    sum->persistent_keys += persistent;
    sum->persistent_bytes += persistent ? bytes : 0;
}

void key_sum_merge(struct key_sum *sum, const struct key_sum *more)
{
    sum->keys += more->keys;
    sum->bytes += more->bytes;
    sum->persistent_keys += more->persistent_keys;
    sum->persistent_bytes += more->persistent_bytes;
}

void key_count_add(struct key_count *count, const struct insight_key *key)
{
    count->keys++;
    count->bytes += key->bytes > 0 ? key->bytes : 0;
}

static void merge_count(struct key_count *count, const struct key_count *more)
{
    count->keys += more->keys;
    count->bytes += more->bytes;
}

int histogram_bucket(enum histogram_kind kind, int64_t value)
{
    const struct histogram_shape *shape = &histogram_shapes[kind];
    int bucket = 0;
    while (bucket + 1 < shape->buckets && value >= shape->borders[bucket + 1])
        bucket++;
    return bucket;
}

void counters_init(struct counters *counters)
{
    *counters = (struct counters){.type_count = INSIGHT_TYPES_BUILT_IN};
    counters->types = calloc(INSIGHT_TYPES_MAX, sizeof(*counters->types));
    if (!counters->types)
        abort();
    for (int i = 0; i < INSIGHT_TYPES_BUILT_IN; i++)
        memcpy(counters->types[i].name, built_in[i], strlen(built_in[i]));
    memcpy(counters->types[INSIGHT_TYPES_MAX - 1].name, other, sizeof(other));
    memcpy(counters->encodings[INSIGHT_ENCODINGS_MAX - 1], other, sizeof(other));
}

void counters_release(struct counters *counters)
{
    free(counters->types);
    free(counters->databases);
    *counters = (struct counters){0};
}

static bool is_word(const char *word, struct text name)
{
    return strncmp(word, name.bytes, name.length) == 0 && word[name.length] == '\0';
}

/* A word that could not be shown as it is is none. */
static bool is_kept(struct text name)
{
    return name.length > 0 && name.length <= INSIGHT_WORD_MAX &&
           !memchr(name.bytes, '\0', name.length) && text_is_utf8(name.bytes, name.length);
}

int counters_find_type(struct counters *counters, struct text name)
{
    if (!is_kept(name))
        return INSIGHT_TYPES_MAX - 1;
    for (int i = 0; i < counters->type_count; i++) {
        if (is_word(counters->types[i].name, name))
            return i;
    }
    if (counters->type_count == INSIGHT_TYPES_MAX - 1 || is_word(other, name))
        return INSIGHT_TYPES_MAX - 1;
    memcpy(counters->types[counters->type_count].name, name.bytes, name.length);
    return counters->type_count++;
}

int counters_find_encoding(struct counters *counters, struct text name)
{
    if (!is_kept(name))
        return INSIGHT_ENCODINGS_MAX - 1;
    for (int i = 0; i < counters->encoding_count; i++) {
        if (is_word(counters->encodings[i], name))
            return i;
    }
    if (counters->encoding_count == INSIGHT_ENCODINGS_MAX - 1 || is_word(other, name))
        return INSIGHT_ENCODINGS_MAX - 1;
    memcpy(counters->encodings[counters->encoding_count], name.bytes, name.length);
    return counters->encoding_count++;
}

static int find_place(const struct counters *counters, int db)
{
    int first = 0, end = counters->database_count;
    while (first < end) {
        int middle = first + (end - first) / 2;
        if (counters->databases[middle].db < db)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

struct database_counters *counters_find_database(struct counters *counters, int db)
{
    int place = find_place(counters, db);
    if (place < counters->database_count && counters->databases[place].db == db)
        return &counters->databases[place];
    if (counters->database_count == counters->database_capacity) {
        counters->database_capacity = 2 * counters->database_capacity + 4;
        counters->databases = realloc(counters->databases, (size_t)counters->database_capacity *
                                                               sizeof(*counters->databases));
        if (!counters->databases)
            abort();
    }
    memmove(&counters->databases[place + 1], &counters->databases[place],
            (size_t)(counters->database_count - place) * sizeof(*counters->databases));
    counters->database_count++;
    counters->databases[place] = (struct database_counters){.db = db};
    return &counters->databases[place];
}

static void add_to_type(struct type_counters *type, const struct insight_key *key)
{
    key_sum_add(&type->sum, key);
    if (key->encoding >= 0)
        key_count_add(&type->encodings[key->encoding], key);
    if (key->bytes > type->largest_bytes)
        type->largest_bytes = key->bytes;
    if (key->size < 0) {
        type->sizeless++;
        return;
    }
    type->elements += key->size;
    if (key->size > type->largest_size)
        type->largest_size = key->size;
}

static void add_to_histogram(struct counters *counters, enum histogram_kind kind, int64_t value,
                             const struct insight_key *key)
{
    if (value >= 0)
        key_count_add(&counters->histograms[kind][histogram_bucket(kind, value)], key);
}

void counters_add(struct counters *counters, const struct insight_key *key)
{
    const int64_t ttl_s = key->ttl_ms >= 0 ? key->ttl_ms / 1000 : -1;
    key_sum_add(&counters->total, key);
    counters->measured[ANALYSIS_MEMORY] += key->bytes >= 0;
    counters->measured[ANALYSIS_TTL] += key->ttl_ms != INSIGHT_UNKNOWN;
    counters->measured[ANALYSIS_ENCODING] += key->encoding >= 0;
    counters->measured[ANALYSIS_USAGE] += key->idle_s >= 0 || key->freq >= 0;
    add_to_type(&counters->types[key->type], key);
    key_sum_add(&counters_find_database(counters, key->db)->sum, key);
    add_to_histogram(counters, HISTOGRAM_TTL, ttl_s, key);
    add_to_histogram(counters, HISTOGRAM_SIZE, key->bytes, key);
    add_to_histogram(counters, HISTOGRAM_IDLE, key->idle_s, key);
    add_to_histogram(counters, HISTOGRAM_FREQUENCY, key->freq, key);
}

static void merge_type(struct counters *counters, const struct counters *more, int from)
{
    const struct type_counters *source = &more->types[from];
    struct type_counters *type =
        &counters->types[counters_find_type(counters, text_of(source->name))];
    key_sum_merge(&type->sum, &source->sum);
    type->elements += source->elements;
    type->sizeless += source->sizeless;
    if (source->largest_bytes > type->largest_bytes)
        type->largest_bytes = source->largest_bytes;
    if (source->largest_size > type->largest_size)
        type->largest_size = source->largest_size;
    for (int i = 0; i < INSIGHT_ENCODINGS_MAX; i++) {
        if (source->encodings[i].keys == 0)
            continue;
        int encoding = counters_find_encoding(counters, text_of(more->encodings[i]));
        merge_count(&type->encodings[encoding], &source->encodings[i]);
    }
}

void counters_merge(struct counters *counters, const struct counters *more)
{
    key_sum_merge(&counters->total, &more->total);
    for (int i = 0; i < ANALYSIS_MEASURE_COUNT; i++)
        counters->measured[i] += more->measured[i];
    for (int i = 0; i < INSIGHT_TYPES_MAX; i++) {
        if (more->types[i].sum.keys > 0)
            merge_type(counters, more, i);
    }
    for (int i = 0; i < more->database_count; i++) {
        const struct database_counters *database = &more->databases[i];
        key_sum_merge(&counters_find_database(counters, database->db)->sum, &database->sum);
    }
    for (int kind = 0; kind < HISTOGRAM_COUNT; kind++) {
        for (int i = 0; i < HISTOGRAM_BUCKETS_MAX; i++)
            merge_count(&counters->histograms[kind][i], &more->histograms[kind][i]);
    }
}
