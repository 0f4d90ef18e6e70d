/* Sums over keys, and histograms of what is measured of them. */
#ifndef INSIGHT_COUNTERS_H
#define INSIGHT_COUNTERS_H

#include "insight/insight.h"

struct key_sum {
    int64_t keys;
    int64_t bytes;
    int64_t persistent_keys; /* without a time to live */
    int64_t persistent_bytes;
};

void key_sum_add(struct key_sum *sum, const struct insight_key *key);
void key_sum_merge(struct key_sum *sum, const struct key_sum *other);

/* A number of keys and of bytes: of a bucket, or an encoding. */
struct key_count {
    int64_t keys;
    int64_t bytes;
};

void key_count_add(struct key_count *count, const struct insight_key *key);

enum histogram_kind {
    HISTOGRAM_TTL,
    HISTOGRAM_SIZE,
    HISTOGRAM_IDLE,
    HISTOGRAM_FREQUENCY,
    HISTOGRAM_COUNT
};

enum { HISTOGRAM_BUCKETS_MAX = 14 };

/* A bucket begins at its border and ends before the next one's; the last has no end. */
struct histogram_shape {
    const char *name, *from, *to; /* members of the document */
    int buckets;
    int64_t borders[HISTOGRAM_BUCKETS_MAX];
};

extern const struct histogram_shape histogram_shapes[HISTOGRAM_COUNT];

/* The bucket of a value that is not negative. */
int histogram_bucket(enum histogram_kind kind, int64_t value);

struct type_counters {
    char name[INSIGHT_WORD_MAX + 1];
    struct key_sum sum;
    int64_t elements;
    int64_t sizeless; /* keys whose size is not known */
    int64_t largest_bytes, largest_size;
    struct key_count encodings[INSIGHT_ENCODINGS_MAX];
};

struct database_counters {
    int db;
    struct key_sum sum;
};

struct counters {
    struct key_sum total;
    int64_t measured[ANALYSIS_MEASURE_COUNT]; /* keys of which it is known */
    struct type_counters *types;              /* INSIGHT_TYPES_MAX; the last is "other" */
    int type_count;                           /* without "other" */
    char encodings[INSIGHT_ENCODINGS_MAX][INSIGHT_WORD_MAX + 1]; /* the last is "other" */
    int encoding_count;                                          /* without "other" */
    struct database_counters *databases;                         /* by number */
    int database_count, database_capacity;
    struct key_count histograms[HISTOGRAM_COUNT][HISTOGRAM_BUCKETS_MAX];
};

void counters_init(struct counters *counters);
void counters_release(struct counters *counters);

/* The place of a name, which is added where it is new. */
int counters_find_type(struct counters *counters, struct text name);
int counters_find_encoding(struct counters *counters, struct text name);

/* Never null. */
struct database_counters *counters_find_database(struct counters *counters, int db);

void counters_add(struct counters *counters, const struct insight_key *key);
void counters_merge(struct counters *counters, const struct counters *other);

#endif
