/* What a reply says about itself when it is not the one that was wanted. */
#include "redis/reply.h"

#include <string.h>
#include <strings.h>

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

struct refusal {
    const char *beginning;
    enum error_code code;
    const char *meaning;
};

static const struct refusal refusals[] = {
#define X(beginning, code, meaning) {beginning, ERROR_##code, meaning},
#include "redis/refusal.def"
#undef X
};

/* Servers differ in the case of their words. */
static bool begins_with(struct text text, const char *beginning)
{
    size_t length = strlen(beginning);
    return text.length >= length && strncasecmp(text.bytes, beginning, length) == 0;
}

static const struct refusal *find_refusal(const struct redis_reply *reply)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (strchr(refusals[i].beginning, ' ')
                ? reply->kind == REDIS_ERROR && begins_with(reply->text, refusals[i].beginning)
                : redis_reply_is_error(reply, refusals[i].beginning))
            return &refusals[i];
    }
    return NULL;
}

bool redis_reply_passes(const struct redis_reply *reply)
{
    const struct refusal *refusal = find_refusal(reply);
    return refusal && refusal->code == ERROR_REDIS_UNREADY;
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
    const struct refusal *refusal = find_refusal(reply);
    if (!refusal)
        return error_set(err, ERROR_REDIS_REFUSED, "%s: %s", command, quoted);
    return error_set(err, refusal->code, "%s: %s (%s)", command, quoted, refusal->meaning);
}
