/* The keys of one SCAN and the questions asked about them: one stage of questions at a time,
 * answered in the order in which they were asked. */
#ifndef SCAN_BATCH_H
#define SCAN_BATCH_H

#include "cursor.h"
#include "redis/connection.h"

/* The types in the order of the API's answers; others are neither asked about nor reported. */
enum scan_key_type {
    SCAN_KEY_STRING,
    SCAN_KEY_LIST,
    SCAN_KEY_SET,
    SCAN_KEY_ZSET,
    SCAN_KEY_HASH,
    SCAN_KEY_TYPE_COUNT,
    SCAN_KEY_OTHER = SCAN_KEY_TYPE_COUNT
};

enum { SCAN_SIZE_UNKNOWN = -1 };

/* What an analysis learns besides, as insight/insight.h has it. */
struct scan_measured {
    int64_t ttl_ms;
    int64_t idle_s;
    int freq;
    int type;
    int encoding;
    bool gone;   /* or moved to another node */
    bool denied; /* its type was not told */
};

/* What is learnt about a key from stage to stage. */
struct scan_key {
    struct text name;
    int64_t size;
    int64_t bytes; /* of memory; 0: not known */
    int64_t score; /* for the method: what it ranks by, where that is not the size */
    enum scan_key_type type;
    bool wanted; /* for the method: there is something left to ask */
    struct scan_measured measured;
};

enum { SCAN_COMMAND_WORDS_MAX = 2 };

/* A command about one key, whose name is its last word: `TYPE key`, `OBJECT FREQ key`. */
struct scan_command {
    const char *name; /* for messages */
    struct text words[SCAN_COMMAND_WORDS_MAX];
    int count;
};

#define SCAN_WORD(literal)                                                                         \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

struct scan_question {
    struct scan_key *key;
    const struct scan_command *command;
};

struct scan_batch {
    struct redis_connection *connection;
    int db;
    int stage;
    bool busy;
    char cursor[SCAN_CURSOR_DIGITS_MAX + 1]; /* for the driver: of the SCAN that gave the keys, */
    int64_t seen_before;                     /* and how many had been seen then */
    bool recalled; /* the keys are others, which the method had kept back */
    struct scan_key *keys;
    size_t count;
    size_t keys_capacity;
    struct scan_question *questions;
    size_t questions_capacity;
    size_t questions_each; /* for the driver: the most about a key in a stage; 0 is 1 */
    size_t asked;          /* in this stage */
    size_t answered;
    size_t repeated; /* of these, to be asked again */
    char *names;
    size_t names_length;
    size_t names_capacity;
    size_t held; /* on the connection's account of memory */
};

/* Empties the batch and makes room for that many keys whose names have that many bytes together. */
void scan_batch_begin(struct scan_batch *batch, int db, size_t keys, size_t bytes);

/* Adds a key of which only the name is known; the name is copied. */
struct scan_key *scan_batch_add(struct scan_batch *batch, struct text name);

/* Begins with the names given, which must all be strings.  Fails with ERROR_REDIS_PROTOCOL where
 * the connection's account of memory has no place for them. */
int scan_batch_fill(struct scan_batch *batch, int db, const struct redis_reply *names,
                    struct error *err);

/* Questions about a key are asked in this order; at most questions_each in a stage. */
int scan_batch_ask(struct scan_batch *batch, struct scan_key *key,
                   const struct scan_command *command, struct error *err);

/* Keeps the question that was answered last; scan_batch_ask_again asks all that were kept. */
void scan_batch_repeat(struct scan_batch *batch);
int scan_batch_ask_again(struct scan_batch *batch, struct error *err);

/* The batch may be filled again; memory of an unusual size is given back. */
void scan_batch_reset(struct scan_batch *batch);
void scan_batch_release(struct scan_batch *batch);

#endif
