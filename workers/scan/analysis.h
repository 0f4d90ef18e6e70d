/* The state of an analysis on one node, for the files that ask and that take answers. */
#ifndef SCAN_ANALYSIS_H
#define SCAN_ANALYSIS_H

#include "insight/insight.h"
#include "key_bytes.h"
#include "method.h"
#include "pacer.h"

/* Stages of a batch. */
enum { ANALYSIS_STAGE_MEASURE, ANALYSIS_STAGE_TYPE, ANALYSIS_STAGE_LENGTH, ANALYSIS_STAGE_END };

/* Of which keys lengths are asked.  Where a length counts as a use of the key (before CLIENT
 * NO-TOUCH) it is asked only where it can matter, and where uses decide what is evicted at the end
 * only, of those with the most memory. */
enum analysis_lengths {
    LENGTHS_OF_ALL,
    LENGTHS_OF_CANDIDATES, /* that could take a place in their type's ranking, by their memory */
    LENGTHS_OF_HEAVIEST,
    LENGTHS_OF_NONE
};

/* Batches that were begun, the oldest first. */
struct open_batch {
    const struct scan_batch *batch;
    bool done;
};

struct analysis {
    struct insight *insight;
    unsigned measures; /* that were wanted */
    unsigned asked;    /* and are still asked for: refused ones are not */
    bool lfu;
    bool no_touch, memory, counters_matter; /* of the server */
    bool length_refused[INSIGHT_TYPES_BUILT_IN];
    enum analysis_lengths lengths;
    struct key_layout layout;
    bool no_ttl; /* no key has a time to live, as INFO says */
    int64_t sampled_ms;
    int64_t sizeless; /* keys whose lengths were not asked for the counters' sake */
    int64_t touched;
    size_t saved_most;
    char reasons[INSIGHT_GAP_COUNT][INSIGHT_REASON_MAX + 1];
    struct open_batch open[PACER_WINDOW_MOST + 1];
    int open_count;
};

extern const struct scan_command analysis_ttl_command, analysis_idle_command, analysis_freq_command;

/* STRLEN, LLEN and so on, of a built-in type. */
const struct scan_command *analysis_length_command(int type);

/* Where MEMORY USAGE is refused lengths may have to be asked otherwise. */
void analysis_choose_lengths(struct analysis *analysis);

/* The method's. */
int analysis_answer(void *state, struct scan_batch *batch, struct scan_key *key,
                    const struct scan_command *command, const struct redis_reply *reply,
                    struct error *err);

#endif
