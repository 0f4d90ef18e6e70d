/* A reply as it came, RESP2.  It belongs to the connection and lives until the connection's next
 * reply is asked for; nothing is freed by hand. */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include "base/error.h"
#include "base/text.h"

enum redis_reply_kind {
    REDIS_STATUS,
    REDIS_ERROR,
    REDIS_INTEGER,
    REDIS_STRING,
    REDIS_NIL,
    REDIS_ARRAY
};

struct redis_reply {
    enum redis_reply_kind kind;
    union {
        int64_t integer;
        struct text text; /* status, error (without its '-') and string */
        struct {
            const struct redis_reply *elements;
            size_t count;
        };
    };
};

static inline bool redis_reply_is(const struct redis_reply *reply, enum redis_reply_kind kind,
                                  struct text text)
{
    return reply->kind == kind && text_equals(reply->text, text);
}

/* Whether it is an error whose first word is the code given, such as `WRONGTYPE`. */
bool redis_reply_is_error(const struct redis_reply *reply, const char *code);

/* Whether it is an error that passes by itself (LOADING, BUSY and their like, redis/refusal.def):
 * what changes nothing, such as SCAN with the same cursor, may be asked again (redis/retry.h). */
bool redis_reply_passes(const struct redis_reply *reply);

/* Fails with ERROR_REDIS_REFUSED where the reply is an error, which is quoted after the command's
 * name and followed by what it means where that is known, with ERROR_REDIS_UNREADY where that error
 * passes by itself, and otherwise with ERROR_REDIS_PROTOCOL, as a reply of a kind that the command
 * does not have. */
int redis_reply_unexpected(const struct redis_reply *reply, const char *command, struct error *err);

#endif
