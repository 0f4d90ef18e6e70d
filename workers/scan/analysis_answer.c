/* What a server says about a key.  What it refuses is a gap with a reason and no failure, but of
 * TYPE: without types there is no analysis.
 *
 * A user may be allowed the command and not the key (ACL key patterns): then only that key is a
 * gap.  Otherwise the command is not asked any more. */
#include "analysis.h"

#include <stdio.h>
#include <string.h>

#include "key_bytes.h"
#include "key_size.h"
#include "redis/slots.h"

enum { FREQ_MAX = 255, PTTL_PERSISTENT = -1, PTTL_GONE = -2 };

const struct scan_command analysis_ttl_command = {"PTTL", {SCAN_WORD("PTTL")}, 1};
const struct scan_command analysis_idle_command = {
    "OBJECT IDLETIME", {SCAN_WORD("OBJECT"), SCAN_WORD("IDLETIME")}, 2};
const struct scan_command analysis_freq_command = {
    "OBJECT FREQ", {SCAN_WORD("OBJECT"), SCAN_WORD("FREQ")}, 2};

static const struct scan_command stream_length_command = {"XLEN", {SCAN_WORD("XLEN")}, 1};

/* A row per question. */
struct answered {
    const struct scan_command *command;
    enum insight_gap gap;
    int (*take)(struct analysis *analysis, struct scan_key *key, const struct redis_reply *reply,
                struct error *err);
};

const struct scan_command *analysis_length_command(int type)
{
    return type == INSIGHT_STREAM ? &stream_length_command
                                  : key_length_command((enum scan_key_type)type);
}

/* `NOPERM No permissions to access a key` (7.0), `... to access one of the keys ...` (6.0). */
static bool is_about_the_key(const struct redis_reply *reply)
{
    static const char words[] = "permissions to access";
    return redis_reply_is_error(reply, "NOPERM") &&
           memmem(reply->text.bytes, reply->text.length, words, sizeof(words) - 1);
}

static int take_refusal(struct analysis *analysis, const struct answered *row,
                        const struct redis_reply *reply, struct error *err)
{
    struct error refusal = {0};
    redis_reply_unexpected(reply, row->command->name, &refusal);
    if (refusal.code != ERROR_REDIS_REFUSED) {
        *err = refusal;
        return -1;
    }
    char *reason = analysis->reasons[row->gap];
    if (!reason[0])
        snprintf(reason, sizeof(analysis->reasons[0]), "%.*s", INSIGHT_REASON_MAX, refusal.text);
    if (is_about_the_key(reply))
        return 0;
    if (row->gap < (int)ANALYSIS_MEASURE_COUNT)
        analysis->asked &= ~ANALYSIS_BIT(row->gap);
    if (row->gap == INSIGHT_GAP_MEMORY) {
        analysis->memory = false;
        analysis_choose_lengths(analysis);
    }
    return 0;
}

static int take_bytes(struct analysis *analysis, struct scan_key *key,
                      const struct redis_reply *reply, struct error *err)
{
    (void)analysis;
    if (key_take_bytes(key, reply, err) < 0)
        return -1;
    key->measured.gone = key->measured.gone || key->bytes == 0;
    return 0;
}

static int take_number(const struct scan_command *command, const struct redis_reply *reply,
                       int64_t least, int64_t most, int64_t *ret_number, struct error *err)
{
    if (reply->kind != REDIS_INTEGER)
        return redis_reply_unexpected(reply, command->name, err);
    if (reply->integer < least || reply->integer > most)
        return error_set(err, ERROR_REDIS_PROTOCOL, "%s: %lld", command->name,
                         (long long)reply->integer);
    *ret_number = reply->integer;
    return 0;
}

static int take_ttl(struct analysis *analysis, struct scan_key *key,
                    const struct redis_reply *reply, struct error *err)
{
    int64_t ttl = 0;
    (void)analysis;
    if (take_number(&analysis_ttl_command, reply, PTTL_GONE, INT64_MAX, &ttl, err) < 0)
        return -1;
    key->measured.gone = key->measured.gone || ttl == PTTL_GONE;
    key->measured.ttl_ms = ttl == PTTL_PERSISTENT ? INSIGHT_PERSISTENT : ttl;
    return 0;
}

static int take_idle(struct analysis *analysis, struct scan_key *key,
                     const struct redis_reply *reply, struct error *err)
{
    (void)analysis;
    return take_number(&analysis_idle_command, reply, 0, INT64_MAX, &key->measured.idle_s, err);
}

static int take_freq(struct analysis *analysis, struct scan_key *key,
                     const struct redis_reply *reply, struct error *err)
{
    int64_t freq = 0;
    (void)analysis;
    if (take_number(&analysis_freq_command, reply, 0, FREQ_MAX, &freq, err) < 0)
        return -1;
    key->measured.freq = (int)freq;
    return 0;
}

/* Encodings that values of one type alone have; modules' values say `raw`. */
static int type_of_encoding(struct text encoding)
{
    static const struct {
        struct text name;
        int type;
    } rows[] = {
        {SCAN_WORD("embstr"), INSIGHT_STRING},  {SCAN_WORD("int"), INSIGHT_STRING},
        {SCAN_WORD("quicklist"), INSIGHT_LIST}, {SCAN_WORD("intset"), INSIGHT_SET},
        {SCAN_WORD("skiplist"), INSIGHT_ZSET},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (text_equals(encoding, rows[i].name))
            return rows[i].type;
    }
    return INSIGHT_UNKNOWN;
}

static int take_encoding(struct analysis *analysis, struct scan_key *key,
                         const struct redis_reply *reply, struct error *err)
{
    if (reply->kind != REDIS_STRING && reply->kind != REDIS_STATUS)
        return redis_reply_unexpected(reply, key_encoding_command.name, err);
    key->measured.encoding = insight_find_encoding(analysis->insight, reply->text);
    key->measured.type = type_of_encoding(reply->text);
    return 0;
}

/* TYPE is asked again of what has become something else meanwhile, so the last answer counts. */
static int take_type(struct analysis *analysis, struct scan_key *key,
                     const struct redis_reply *reply, struct error *err)
{
    if (reply->kind != REDIS_STATUS)
        return redis_reply_unexpected(reply, key_type_command.name, err);
    key->measured.type = insight_find_type(analysis->insight, reply->text);
    key->measured.gone = key->measured.gone || key->measured.type < 0;
    return 0;
}

/* Of the built-in types only a string and a stream can be empty. */
static int take_length(struct analysis *analysis, struct scan_key *key,
                       const struct redis_reply *reply, struct error *err)
{
    int type = key->measured.type;
    if (redis_reply_is_error(reply, "WRONGTYPE"))
        return 0;
    if (reply->kind == REDIS_ERROR) {
        const struct answered row = {analysis_length_command(type), INSIGHT_GAP_SIZE, NULL};
        if (!is_about_the_key(reply))
            analysis->length_refused[type] = true;
        return take_refusal(analysis, &row, reply, err);
    }
    if (take_number(analysis_length_command(type), reply, 0, INT64_MAX, &key->size, err) < 0)
        return -1;
    key->measured.gone =
        key->measured.gone || (key->size == 0 && type != INSIGHT_STRING && type != INSIGHT_STREAM);
    return 0;
}

static const struct answered rows[] = {
    {&analysis_idle_command, INSIGHT_GAP_USAGE, take_idle},
    {&analysis_freq_command, INSIGHT_GAP_USAGE, take_freq},
    {&key_encoding_command, INSIGHT_GAP_ENCODING, take_encoding},
    {&key_bytes_command, INSIGHT_GAP_MEMORY, take_bytes},
    {&analysis_ttl_command, INSIGHT_GAP_TTL, take_ttl},
    {&key_type_command, INSIGHT_GAP_TYPE, take_type},
};

static int take_by_row(struct analysis *analysis, struct scan_key *key,
                       const struct scan_command *command, const struct redis_reply *reply,
                       struct error *err)
{
    const struct answered *row = rows;
    while (row->command != command)
        row++;
    if (reply->kind != REDIS_ERROR)
        return row->take(analysis, key, reply, err);
    if (command == &key_type_command) {
        if (!is_about_the_key(reply))
            return redis_reply_unexpected(reply, command->name, err);
        key->measured.denied = true;
    }
    return take_refusal(analysis, row, reply, err);
}

int analysis_answer(void *state, struct scan_batch *batch, struct scan_key *key,
                    const struct scan_command *command, const struct redis_reply *reply,
                    struct error *err)
{
    if (reply->kind == REDIS_NIL || redis_reply_is_redirect(reply)) {
        key->measured.gone = true;
        return 0;
    }
    return batch->stage == ANALYSIS_STAGE_LENGTH ? take_length(state, key, reply, err)
                                                 : take_by_row(state, key, command, reply, err);
}
