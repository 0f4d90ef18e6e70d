/* What an analysis of a keyspace measures and how it sums up, as tenants ask for it. */
#ifndef MODEL_ANALYSIS_OPTIONS_H
#define MODEL_ANALYSIS_OPTIONS_H

#include <jansson.h>

#include "base/error.h"
#include "base/json_writer.h"

/* Beside types and lengths, which are always measured. */
enum analysis_measure {
    ANALYSIS_MEMORY,   /* MEMORY USAGE */
    ANALYSIS_TTL,      /* PTTL */
    ANALYSIS_ENCODING, /* OBJECT ENCODING */
    ANALYSIS_USAGE,    /* OBJECT FREQ under an LFU policy, else OBJECT IDLETIME */
    ANALYSIS_MEASURE_COUNT
};

enum {
    ANALYSIS_SEPARATORS_MAX = 8,
    ANALYSIS_DEPTH_MAX = 16,
    ANALYSIS_DEPTH_DEFAULT = 8,
    ANALYSIS_TOP_MAX = 10000,
    ANALYSIS_TOP_DEFAULT = 100,
    ANALYSIS_TOP_OFFLINE = 500 /* the default of an offline analysis */
};

struct scan_analysis_options {
    unsigned measures;                            /* ANALYSIS_BIT of each */
    char separators[ANALYSIS_SEPARATORS_MAX + 1]; /* different ASCII punctuation characters */
    int prefix_depth;                             /* 1 to ANALYSIS_DEPTH_MAX */
    int top;                                      /* keys per ranking, 1 to ANALYSIS_TOP_MAX */
};

#define ANALYSIS_BIT(measure) (1U << (measure))

extern const char *const analysis_measure_names[ANALYSIS_MEASURE_COUNT];

/* The defaults: memory and ttl, ":", 8, 100. */
void analysis_options_init(struct scan_analysis_options *ret_options);
/* Those of an offline analysis, which measures everything: ":", 8, 500. */
void analysis_options_init_offline(struct scan_analysis_options *ret_options);

/* Reads the members that are there over what the options have already; null is no object and
 * changes nothing.  Fails with ERROR_INVALID_PARAMETER, which names the member, also for one that
 * is not known. */
int analysis_options_read(json_t *object, struct scan_analysis_options *options, struct error *err);

/* Parts of it, as command lines have them: names with commas between, and the characters.  Return
 * -1 where the text is none. */
int analysis_measures_parse(const char *names, unsigned *ret_measures);
int analysis_separators_parse(const char *text, size_t length,
                              char ret_separators[ANALYSIS_SEPARATORS_MAX + 1]);

/* Writes all members of an object that the caller has begun. */
void analysis_options_write(struct json_writer *json, const struct scan_analysis_options *options);

/* The value of `measures`: an array of names in the order of the enum. */
void analysis_measures_write(struct json_writer *json, unsigned measures);

#endif
