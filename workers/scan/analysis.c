/* An analysis of the whole keyspace: all that is asked about a key goes in one stage, so that a
 * batch costs two round trips at most and the server finds the key in its cache.
 *
 * What a question leaves alone is asked first: idle times and counters of use before all others.
 * MEMORY USAGE looks at five elements of a value, as every server does by default; no value is
 * read.  Where encodings are asked for they tell most types as well, and TYPE is asked of the rest
 * only.  Where INFO says that no key has a time to live none is asked for; that is looked at again
 * every few seconds.
 *
 * A batch's keys are counted together when the batch is through, so that a checkpoint never has a
 * part of it. */
#include "analysis.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "key_bytes.h"
#include "key_size.h"
#include "model/scan_task_store.h"
#include "redis/abilities.h"
#include "redis/slots.h"
#include "saved.h"
#include "shard_map.h"
#include "snapshot.h"

enum { QUESTIONS_EACH = 5, SIZES_ASKED_MOST = 100, SAMPLE_MS = 2000, STALE_WHOLE = 10000 };

_Static_assert((int)INSIGHT_DOCUMENT_MAX == SCAN_TASK_RESULT_MAX, "what is found can be recorded");
_Static_assert((int)INSIGHT_STRING == (int)SCAN_KEY_STRING &&
                   (int)INSIGHT_HASH == (int)SCAN_KEY_HASH,
               "types have the same places");

static const char too_old[] = "the server has no MEMORY USAGE: it is older than 4.0";
static const char counts_as_use[] =
    "before Redis 7.2 a length counts as a use of the key, and this server evicts by use";

static bool asks(const struct analysis *analysis, enum analysis_measure measure)
{
    return analysis->asked & ANALYSIS_BIT(measure);
}

void analysis_choose_lengths(struct analysis *analysis)
{
    if (analysis->no_touch)
        analysis->lengths = LENGTHS_OF_ALL;
    else if (analysis->memory)
        analysis->lengths = analysis->counters_matter ? LENGTHS_OF_HEAVIEST : LENGTHS_OF_CANDIDATES;
    else
        analysis->lengths = analysis->counters_matter ? LENGTHS_OF_NONE : LENGTHS_OF_ALL;
}

static int slot_of(struct text name)
{
    return redis_key_slot(name);
}

/* A replica's counters decide nothing. */
static bool counters_matter(const struct redis_probe *probe)
{
    return probe->role == REDIS_ROLE_MASTER && redis_probe_evicts_by_use(probe);
}

static void *analysis_new(const struct scan_server *server)
{
    struct insight_setup setup = {.source = "scan", .slot_of = server->cluster ? slot_of : NULL};
    struct analysis *analysis = calloc(1, sizeof(*analysis));
    if (!analysis)
        abort();
    analysis_options_init(&setup.options);
    if (server->analysis)
        setup.options = *server->analysis;
    analysis->measures = analysis->asked = setup.options.measures;
    analysis->lfu = redis_probe_is_lfu(server->probe);
    analysis->no_touch = server->no_touch;
    analysis->counters_matter = counters_matter(server->probe);
    analysis->saved_most = server->saved_most;
    analysis->layout = key_layout_of(server->probe);
    analysis->memory =
        asks(analysis, ANALYSIS_MEMORY) && redis_probe_has(server->probe, REDIS_HAS_MEMORY_USAGE);
    if (asks(analysis, ANALYSIS_MEMORY) && !analysis->memory) {
        analysis->asked &= ~ANALYSIS_BIT(ANALYSIS_MEMORY);
        memcpy(analysis->reasons[INSIGHT_GAP_MEMORY], too_old, sizeof(too_old));
    }
    analysis_choose_lengths(analysis);
    setup.sizes_of_heaviest = analysis->lengths == LENGTHS_OF_HEAVIEST;
    analysis->insight = insight_new(&setup);
    return analysis;
}

static void analysis_free(void *state)
{
    struct analysis *analysis = state;
    insight_free(analysis->insight);
    free(analysis);
}

static int analysis_begin(void *state, struct scan_source *source,
                          const struct scan_snapshot *before, bool *ret_careful, struct error *err)
{
    struct analysis *analysis = state;
    (void)source;
    (void)ret_careful;
    (void)err;
    analysis->no_ttl = before->expires == 0;
    analysis->sampled_ms = clock_monotonic_ms();
    return 0;
}

static int analysis_watch(void *state, struct scan_source *source, bool *hurry, struct error *err)
{
    struct analysis *analysis = state;
    SCOPED(scan_snapshot_release) struct scan_snapshot now = {0};
    (void)hurry;
    if (!analysis->no_ttl || !asks(analysis, ANALYSIS_TTL) ||
        clock_monotonic_ms() - analysis->sampled_ms < SAMPLE_MS)
        return 0;
    source->commands++;
    if (scan_snapshot_take(source->connection, source->interrupt, source->database, &now, err) < 0)
        return -1;
    analysis->sampled_ms = clock_monotonic_ms();
    analysis->no_ttl = now.expires == 0;
    return 0;
}

/* Batches. */

static void open_batch(struct analysis *analysis, const struct scan_batch *batch)
{
    assert(analysis->open_count <= PACER_WINDOW_MOST);
    analysis->open[analysis->open_count++] = (struct open_batch){.batch = batch};
}

static void close_batch(struct analysis *analysis, const struct scan_batch *batch)
{
    int done = 0;
    for (int i = 0; i < analysis->open_count; i++) {
        if (analysis->open[i].batch == batch)
            analysis->open[i].done = true;
    }
    while (done < analysis->open_count && analysis->open[done].done)
        done++;
    analysis->open_count -= done;
    memmove(&analysis->open[0], &analysis->open[done],
            (size_t)analysis->open_count * sizeof(analysis->open[0]));
}

static bool analysis_is_settled(const void *state)
{
    const struct analysis *analysis = state;
    for (int i = 0; i < analysis->open_count; i++) {
        if (analysis->open[i].done)
            return false;
    }
    return true;
}

/* Asking. */

static int ask_measures(struct analysis *analysis, struct scan_batch *batch, struct scan_key *key,
                        struct error *err)
{
    bool encoding = asks(analysis, ANALYSIS_ENCODING);
    key->size = SCAN_SIZE_UNKNOWN;
    key->measured = (struct scan_measured){.ttl_ms = INSIGHT_UNKNOWN,
                                           .idle_s = INSIGHT_UNKNOWN,
                                           .freq = INSIGHT_UNKNOWN,
                                           .type = INSIGHT_UNKNOWN,
                                           .encoding = INSIGHT_UNKNOWN};
    const struct scan_command *questions[QUESTIONS_EACH];
    int count = 0;
    if (asks(analysis, ANALYSIS_USAGE))
        questions[count++] = analysis->lfu ? &analysis_freq_command : &analysis_idle_command;
    if (encoding)
        questions[count++] = &key_encoding_command;
    if (asks(analysis, ANALYSIS_MEMORY))
        questions[count++] = &key_bytes_command;
    if (asks(analysis, ANALYSIS_TTL)) {
        if (analysis->no_ttl)
            key->measured.ttl_ms = INSIGHT_PERSISTENT;
        else
            questions[count++] = &analysis_ttl_command;
    }
    if (!encoding)
        questions[count++] = &key_type_command;
    for (int i = 0; i < count; i++) {
        if (scan_batch_ask(batch, key, questions[i], err) < 0)
            return -1;
    }
    return 0;
}

static int ask_type(struct scan_batch *batch, struct scan_key *key, struct error *err)
{
    const struct scan_measured *measured = &key->measured;
    if (measured->gone || measured->denied || measured->type >= 0)
        return 0;
    return scan_batch_ask(batch, key, &key_type_command, err);
}

/* Nothing is known of how many entries a stream's memory may hold. */
static int64_t length_most(const struct analysis *analysis, const struct scan_key *key)
{
    if (key->bytes == 0 || key->measured.type == INSIGHT_STREAM)
        return INT64_MAX;
    return key_length_most_of(&analysis->layout, (enum scan_key_type)key->measured.type, key->bytes,
                              key->name.length);
}

static bool is_to_measure(struct analysis *analysis, const struct scan_batch *batch,
                          const struct scan_key *key)
{
    const struct scan_measured *measured = &key->measured;
    if (measured->gone || measured->denied || measured->type >= INSIGHT_TYPES_BUILT_IN ||
        measured->type < 0 || analysis->length_refused[measured->type])
        return false;
    if (batch->recalled || analysis->lengths == LENGTHS_OF_ALL)
        return true;
    if (analysis->lengths == LENGTHS_OF_CANDIDATES)
        return insight_admits_size(analysis->insight, measured->type, length_most(analysis, key));
    analysis->sizeless++;
    return false;
}

static int ask_length(struct analysis *analysis, struct scan_batch *batch, struct scan_key *key,
                      struct error *err)
{
    if (!is_to_measure(analysis, batch, key))
        return 0;
    analysis->touched += !analysis->no_touch;
    return scan_batch_ask(batch, key, analysis_length_command(key->measured.type), err);
}

static int ask_stage(struct analysis *analysis, struct scan_batch *batch, struct error *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct scan_key *key = &batch->keys[i];
        int status = batch->stage == ANALYSIS_STAGE_MEASURE
                         ? ask_measures(analysis, batch, key, err)
                     : batch->stage == ANALYSIS_STAGE_TYPE ? ask_type(batch, key, err)
                                                           : ask_length(analysis, batch, key, err);
        if (status < 0)
            return -1;
    }
    return 0;
}

/* What was wanted of a key and is not known. */
static void note_gaps(struct analysis *analysis, const struct insight_key *key)
{
    const bool known[ANALYSIS_MEASURE_COUNT] = {
        [ANALYSIS_MEMORY] = key->bytes >= 0,
        [ANALYSIS_TTL] = key->ttl_ms != INSIGHT_UNKNOWN,
        [ANALYSIS_ENCODING] = key->encoding >= 0,
        [ANALYSIS_USAGE] = key->idle_s >= 0 || key->freq >= 0,
    };
    for (int i = 0; i < ANALYSIS_MEASURE_COUNT; i++) {
        if (analysis->measures & ANALYSIS_BIT(i) && !known[i])
            insight_add_gap(analysis->insight, (enum insight_gap)i, analysis->reasons[i], 1);
    }
    if (key->size < 0 && key->type < INSIGHT_TYPES_BUILT_IN &&
        analysis->reasons[INSIGHT_GAP_SIZE][0])
        insight_add_gap(analysis->insight, INSIGHT_GAP_SIZE, analysis->reasons[INSIGHT_GAP_SIZE],
                        1);
}

static void count_key(struct analysis *analysis, int db, const struct scan_key *key)
{
    const struct scan_measured *measured = &key->measured;
    const struct insight_key own = {.name = key->name,
                                    .type = measured->type,
                                    .encoding = measured->encoding,
                                    .db = db,
                                    .freq = measured->freq,
                                    .bytes = key->bytes > 0 ? key->bytes : INSIGHT_UNKNOWN,
                                    .size = key->size,
                                    .ttl_ms = measured->ttl_ms,
                                    .idle_s = measured->idle_s};
    if (measured->denied)
        insight_add_gap(analysis->insight, INSIGHT_GAP_TYPE, analysis->reasons[INSIGHT_GAP_TYPE],
                        1);
    if (measured->gone || measured->denied)
        return;
    note_gaps(analysis, &own);
    insight_add(analysis->insight, &own);
}

static void take_batch(struct analysis *analysis, const struct scan_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct scan_key *key = &batch->keys[i];
        if (!batch->recalled) {
            count_key(analysis, batch->db, key);
        } else if (!key->measured.gone && key->size >= 0) {
            insight_set_size(analysis->insight, batch->db, key->name, key->size);
            analysis->sizeless--;
        }
    }
    close_batch(analysis, batch);
}

static int analysis_ask(void *state, struct scan_batch *batch, struct error *err)
{
    struct analysis *analysis = state;
    if (batch->stage == ANALYSIS_STAGE_MEASURE)
        open_batch(analysis, batch);
    for (; batch->stage < ANALYSIS_STAGE_END; batch->stage++) {
        if (ask_stage(analysis, batch, err) < 0)
            return -1;
        if (batch->asked > 0)
            return 0;
    }
    take_batch(analysis, batch);
    return 0;
}

/* What was put off to the end: the lengths of those that have the most memory. */
static bool analysis_revisit(void *state, bool more, struct scan_batch *batch)
{
    struct analysis *analysis = state;
    struct insight_sizeless keys[SIZES_ASKED_MOST];
    size_t bytes = 0;
    int db = 0;
    if (more || analysis->lengths != LENGTHS_OF_HEAVIEST)
        return false;
    size_t count = insight_next_sizes(analysis->insight, &db, keys, SIZES_ASKED_MOST);
    for (size_t i = 0; i < count; i++)
        bytes += keys[i].name.length;
    if (count == 0)
        return false;
    scan_batch_begin(batch, db, count, bytes);
    batch->recalled = true;
    batch->stage = ANALYSIS_STAGE_LENGTH;
    for (size_t i = 0; i < count; i++) {
        struct scan_key *key = scan_batch_add(batch, keys[i].name);
        key->size = SCAN_SIZE_UNKNOWN;
        key->measured.type = keys[i].type;
    }
    return true;
}

/* On a master what it guesses to be stale of what has a time to live; a replica counts keys that
 * have expired and does not show them. */
static void note_held(struct analysis *analysis, const struct scan_snapshot *before,
                      const struct scan_snapshot *after)
{
    if (before->server.role == REDIS_ROLE_MASTER) {
        if (before->stale >= 0)
            insight_add_held(analysis->insight,
                             (int64_t)((double)before->expires * before->stale / STALE_WHOLE),
                             true);
        return;
    }
    int64_t hidden = after->keys - insight_keys(analysis->insight);
    insight_add_held(analysis->insight, hidden > 0 ? hidden : 0, false);
}

static int analysis_end(void *state, const struct scan_snapshot *before,
                        const struct scan_snapshot *after, struct scan_outcome *outcome,
                        struct error *err)
{
    struct analysis *analysis = state;
    (void)outcome;
    (void)err;
    note_held(analysis, before, after);
    if (analysis->sizeless > 0)
        insight_add_gap(analysis->insight, INSIGHT_GAP_SIZE, counts_as_use, analysis->sizeless);
    analysis->sizeless = 0;
    return 0;
}

static void analysis_merge(void *state, const void *other)
{
    struct analysis *analysis = state;
    const struct analysis *later = other;
    analysis->touched += later->touched;
    insight_merge(analysis->insight, later->insight);
}

static void name_shard(const void *argument, int slot, char ret_name[INSIGHT_SHARD_NAME_MAX + 1])
{
    _Static_assert((int)ENDPOINT_TEXT_MAX <= (int)INSIGHT_SHARD_NAME_MAX, "a name has room");
    shard_map_format(argument, slot, ret_name);
}

static void analysis_finish(void *state, const struct shard_map *map, struct scan_outcome *outcome)
{
    struct analysis *analysis = state;
    const struct insight_facts facts = {.expired_released = outcome->expired_released,
                                        .name_shard = map ? name_shard : NULL,
                                        .argument = map};
    struct json_writer writer;
    json_writer_init(&writer);
    outcome->num = insight_write(analysis->insight, &facts, &writer);
    outcome->cost.touched = analysis->touched;
    outcome->keys = json_writer_take(&writer, &outcome->keys_length);
    json_writer_release(&writer);
}

static void analysis_save(const void *state, struct json_writer *json)
{
    const struct analysis *analysis = state;
    json_writer_member_number(json, "touched", analysis->touched);
    json_writer_member_number(json, "sizeless", analysis->sizeless);
    insight_save(analysis->insight, analysis->saved_most, json);
}

/* Sizes of the heaviest only and sizes of all do not add up on one node; the sum over a cluster has
 * never begun and takes either. */
static bool analysis_load(void *state, const json_t *saved)
{
    struct analysis *analysis = state;
    bool heaviest = json_is_true(json_object_get(saved, "heaviest"));
    if (analysis->sampled_ms > 0 && heaviest != (analysis->lengths == LENGTHS_OF_HEAVIEST))
        return false;
    return saved_integer(saved, "touched", 0, INT64_MAX / 2, &analysis->touched) &&
           saved_integer(saved, "sizeless", 0, INT64_MAX / 2, &analysis->sizeless) &&
           insight_load(analysis->insight, saved);
}

static int64_t analysis_touched(const void *state)
{
    return ((const struct analysis *)state)->touched;
}

const struct scan_method scan_method_analysis = {
    .questions_each = QUESTIONS_EACH,
    .new = analysis_new,
    .free = analysis_free,
    .begin = analysis_begin,
    .watch = analysis_watch,
    .end = analysis_end,
    .ask = analysis_ask,
    .answer = analysis_answer,
    .revisit = analysis_revisit,
    .touched = analysis_touched,
    .merge = analysis_merge,
    .save = analysis_save,
    .is_settled = analysis_is_settled,
    .load = analysis_load,
    .finish = analysis_finish,
};
