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

/* Fails with ERROR_REDIS_REFUSED where the reply is an error, which is quoted after the command's
 * name, with ERROR_REDIS_UNREADY where that error says that the server cannot answer now but may
 * later (LOADING, MASTERDOWN, CLUSTERDOWN), and otherwise with ERROR_REDIS_PROTOCOL, as a reply of
 * a kind that the command does not have. */
int redis_reply_unexpected(const struct redis_reply *reply, const char *command, struct error *err);

#endif
