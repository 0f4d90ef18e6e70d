/* Bytes in, replies out: hiredis' parser over our own bounded memory. */
#ifndef REDIS_REPLY_READER_H
#define REDIS_REPLY_READER_H

#include "redis/reply.h"
#include "reply_arena.h"

struct reply_reader {
    struct redisReader *parser;
    struct reply_arena arena;
    struct redis_reply root;
    struct redis_memory *memory;
    size_t input_held;   /* of it, for what has come and is not read */
    const char *refusal; /* why memory was not given, or null */
};

void reply_reader_init(struct reply_reader *reader, struct redis_memory *memory);
void reply_reader_release(struct reply_reader *reader);

/* Takes bytes as they came from the server. */
int reply_reader_feed(struct reply_reader *reader, const char *bytes, size_t length,
                      struct error *err);

/* Whether all that was fed has been read as replies. */
bool reply_reader_is_empty(const struct reply_reader *reader);

/* Returns 1 and a reply that lives until the next call, 0 where more bytes are needed, or -1
 * (ERROR_REDIS_PROTOCOL), after which the reader is of no more use. */
int reply_reader_next(struct reply_reader *reader, const struct redis_reply **ret_reply,
                      struct error *err);

#endif
