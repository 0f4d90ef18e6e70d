/* What the keys of a data set add up to: sums by type, encoding, database and shard, histograms,
 * the largest keys and the heaviest prefixes of names, in memory that does not grow with their
 * number.
 *
 * It is fed with records of keys, wherever these are read from, and writes the result of an
 * analysis (openapi/ext-v1.yaml).  Two of them that have seen different keys are merged into one
 * that has seen all.  A key that is given twice, as SCAN may do, is counted twice and ranked once,
 * as it was the last time.  Plain values, one thread. */
#ifndef INSIGHT_INSIGHT_H
#define INSIGHT_INSIGHT_H

#include <jansson.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "model/analysis_options.h"

struct insight;

/* Types as TYPE names them; modules' get the places that follow. */
enum insight_type {
    INSIGHT_STRING,
    INSIGHT_LIST,
    INSIGHT_SET,
    INSIGHT_ZSET,
    INSIGHT_HASH,
    INSIGHT_STREAM,
    INSIGHT_TYPES_BUILT_IN
};

enum {
    INSIGHT_MODULE_TYPES_MAX = 32, /* then "other" */
    INSIGHT_TYPES_MAX = INSIGHT_TYPES_BUILT_IN + INSIGHT_MODULE_TYPES_MAX + 1,
    INSIGHT_ENCODINGS_MAX = 32, /* the last of which is "other" */
    INSIGHT_WORD_MAX = 63,      /* of a type's or encoding's name; longer ones are "other" */
    INSIGHT_REASON_MAX = 255,
    INSIGHT_SHARD_NAME_MAX = 511
};

enum { INSIGHT_UNKNOWN = -1, INSIGHT_PERSISTENT = -2 /* it has no time to live */ };

/* A key; what is not known of it is INSIGHT_UNKNOWN. */
struct insight_key {
    struct text name;   /* read during the call only */
    size_t name_length; /* of all of it, where `name` is only its beginning; 0: it is all there */
    int type;           /* as insight_find_type says; never unknown */
    int encoding;       /* as insight_find_encoding says */
    int db;
    int freq;       /* of the LFU counter, 0 to 255 */
    int64_t bytes;  /* of memory */
    int64_t size;   /* bytes of a string, elements of another; unknown of modules' */
    int64_t ttl_ms; /* that are left, or INSIGHT_PERSISTENT */
    int64_t idle_s;
};

/* What may not have been measured of keys. */
enum insight_gap {
    INSIGHT_GAP_MEMORY, /* as enum analysis_measure */
    INSIGHT_GAP_TTL,
    INSIGHT_GAP_ENCODING,
    INSIGHT_GAP_USAGE,
    INSIGHT_GAP_TYPE, /* the key as a whole is not counted */
    INSIGHT_GAP_SIZE,
    INSIGHT_GAP_COUNT
};

/* Bytes of all names that rankings keep together.  It is enough for whole ones of RANKED_NAME_MAX
 * up to 658 keys per ranking; where there are more, less of each name is kept (key_name.h), and
 * with ANALYSIS_TOP_MAX 269 bytes.  How keys are ranked by their figures is the same. */
enum { INSIGHT_NAMES_MAX = 18 << 20 };

struct insight_setup {
    struct scan_analysis_options options;
    const char *source; /* `scan`; valid for as long as the insight is */

    /* Sizes are told of those keys only that have the most memory of their type: insight_next_sizes
     * names them at the end. */
    bool sizes_of_heaviest;

    /* The heaviest prefixes of each built-in type are told as well.  They are not saved. */
    bool prefixes_by_type;

    /* Keys per ranking that are kept, where these are more than options.top, as many as the
     * document has; insight_write_members tells of them. */
    int top_kept;

    /* The slot of a cluster that keeps the key; null: there is no cluster. */
    int (*slot_of)(struct text name);
};

/* Bytes that an insight of such options has at most, whatever the names are; without
 * prefixes_by_type, which is as much again as six of a depth. */
size_t insight_size_most(const struct scan_analysis_options *options);

struct insight *insight_new(const struct insight_setup *setup);
void insight_free(struct insight *insight);

/* The place of a type: "none" has none, which is -1. */
int insight_find_type(struct insight *insight, struct text name);
int insight_find_encoding(struct insight *insight, struct text name);

void insight_add(struct insight *insight, const struct insight_key *key);

/* Keys that were counted, and databases that have some of them. */
int64_t insight_keys(const struct insight *insight);
int insight_databases(const struct insight *insight);

/* Whether a key of that type and size could take a place by size; one of a size that is the least,
 * and of any before all places are taken, can. */
bool insight_admits_size(const struct insight *insight, int type, int64_t size);

/* So many keys more of which that is not known, and why; the first reason stays. */
void insight_add_gap(struct insight *insight, enum insight_gap gap, const char *reason,
                     int64_t keys);

/* Keys that have expired and are still held. */
void insight_add_held(struct insight *insight, int64_t keys, bool estimated);

/* With sizes_of_heaviest, after the last key: names at most `most` keys of one database whose sizes
 * are to be told, each key once; false where none is left.  Names are valid until one is added. */
struct insight_sizeless {
    struct text name;
    int type;
};
size_t insight_next_sizes(struct insight *insight, int *ret_db, struct insight_sizeless *ret_keys,
                          size_t most);
void insight_set_size(struct insight *insight, int db, struct text name, int64_t size);

/* Takes in what another of the same setup has seen, as of another shard. */
void insight_merge(struct insight *insight, const struct insight *other);

/* Where a dump is from, as it says itself. */
struct insight_origin {
    const char *engine_version; /* empty: it does not say */
    int rdb_version;
    int64_t created_s;   /* Unix time; 0 or less: it does not say */
    int64_t used_memory; /* of the server, in bytes; INSIGHT_UNKNOWN: left out */
    int64_t replication_offset;
};

/* Bytes that a document has at most, as many as are recorded of a result. */
enum { INSIGHT_DOCUMENT_MAX = 8 * 1024 * 1024 };

/* What the document says beside what was counted. */
struct insight_facts {
    size_t most;           /* bytes of the document; 0: INSIGHT_DOCUMENT_MAX */
    const char *memory_is; /* how bytes came about; null: left out, they were measured */
    const struct insight_origin *origin; /* of a dump; null: left out */
    int64_t expired_released;            /* INSIGHT_UNKNOWN: left out */
    /* Writes the name of the shard that keeps a slot; null: there is no cluster. */
    void (*name_shard)(const void *argument, int slot, char ret_name[INSIGHT_SHARD_NAME_MAX + 1]);
    const void *argument;
};

/* Writes the document, an object; returns how many entries largest_by_bytes has.  Where it would be
 * longer than facts->most, rankings and prefixes are cut and `left_out` says how many entries that
 * took; sums and histograms are always whole. */
int64_t insight_write(const struct insight *insight, const struct insight_facts *facts,
                      struct json_writer *json);

/* What an offline analysis is said to have found by the DCS v2 API (ShowOfflineKeyAnalysisTask),
 * for an insight with prefixes_by_type and INSIGHT_MEMBERS_TOP keys: writes largest_key_prefixes,
 * largest_keys, total_bytes, total_num, type_bytes and type_num as members of an object that the
 * caller has begun, or will put around them.  Of both lists at most as much as goes into
 * INSIGHT_MEMBERS_MAX bytes; an integer beyond 2^31 - 1 is 2147483647. */
enum { INSIGHT_MEMBERS_TOP = 500, INSIGHT_MEMBERS_MAX = 4 * 1024 * 1024 };
void insight_write_members(const struct insight *insight, struct json_writer *json);

/* For checkpoints: writes the members of an object that the caller has begun, in about `most` bytes
 * where that can be had by leaving out prefixes.  The bounds of what is left stay true.  Rankings
 * are saved whole: where json->most is less than they take, the text is of no use. */
void insight_save(const struct insight *insight, size_t most, struct json_writer *json);

/* Takes up what was saved, into one that has seen nothing, and its way of telling sizes.  False
 * where it is none of such options, and with prefixes_by_type; the insight may then have a part of
 * it. */
bool insight_load(struct insight *insight, const json_t *saved);

#endif
