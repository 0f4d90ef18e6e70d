/* What a reply says about itself when it is not the one that was wanted. */
#include "redis/reply.h"

#include <string.h>

enum { QUOTED_MAX = 300 };

bool redis_reply_is_error(const struct redis_reply *reply, const char *code)
{
    size_t length = strlen(code);
    return reply->kind == REDIS_ERROR && reply->text.length >= length &&
           memcmp(reply->text.bytes, code, length) == 0 &&
           (reply->text.length == length || reply->text.bytes[length] == ' ');
}

/* Printable ASCII only: the text goes to logs, databases and terminals. */
static void quote(struct text text, char ret_quoted[QUOTED_MAX + 1])
{
    size_t length = text.length < QUOTED_MAX ? text.length : QUOTED_MAX;
    for (size_t i = 0; i < length; i++)
        ret_quoted[i] = text.bytes[i] >= ' ' && text.bytes[i] <= '~' ? text.bytes[i] : '?';
    ret_quoted[length] = '\0';
}

static bool is_unready(const struct redis_reply *reply)
{
    return redis_reply_is_error(reply, "LOADING") || redis_reply_is_error(reply, "MASTERDOWN") ||
           redis_reply_is_error(reply, "CLUSTERDOWN");
}

int redis_reply_unexpected(const struct redis_reply *reply, const char *command, struct error *err)
{
    static const char *const kinds[] = {"a status", "an error", "an integer",
                                        "a string", "nil",      "an array"};
    char quoted[QUOTED_MAX + 1];
    if (reply->kind != REDIS_ERROR)
        return error_set(err, ERROR_REDIS_PROTOCOL, "%s: unexpected reply: %s", command,
                         kinds[reply->kind]);
    quote(reply->text, quoted);
    return error_set(err, is_unready(reply) ? ERROR_REDIS_UNREADY : ERROR_REDIS_REFUSED, "%s: %s",
                     command, quoted);
}
