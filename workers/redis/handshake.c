/* A password must not come back in an error's text: servers quote the arguments of a command that
 * they do not know (AUTH can be renamed), and anything may answer at the address. */
#include "handshake.h"

#include <stdio.h>
#include <string.h>

#include "connection_internal.h"

enum { CODE_MAX = 32, FEW_BYTES = 8 };

/* Names whoever runs MONITOR or CLIENT LIST can recognise, and options that servers from 7.0
 * and 7.2 on have; a refusal changes nothing but their comfort. */
static const char *const courtesies[][3] = {
    {"CLIENT", "SETNAME", "dcs-scan"},
    {"CLIENT", "NO-EVICT", "ON"},
    {"CLIENT", "NO-TOUCH", "ON"},
};
enum { COURTESY_NO_TOUCH = 2 };
enum { COURTESY_COUNT = sizeof(courtesies) / sizeof(courtesies[0]), COURTESY_WORDS = 3 };

/* Whether the text may hold the password or, as servers cut arguments, its beginning. */
static bool holds(struct text text, const char *password)
{
    size_t length = strlen(password);
    if (length > FEW_BYTES)
        length = FEW_BYTES;
    return text.length >= length && memmem(text.bytes, text.length, password, length);
}

static int refuse_auth(const struct redis_connection *connection, const struct redis_reply *reply,
                       const char *password, bool user, struct error *err)
{
    struct redis_reply shown = *reply;
    /* What servers before Redis 6 say of a second argument. */
    if (user && reply->kind == REDIS_ERROR &&
        memmem(reply->text.bytes, reply->text.length, "wrong number of arguments", 25))
        return error_set(err, ERROR_REDIS_REFUSED,
                         "%s: AUTH: the server knows no users, as before Redis 6: leave the "
                         "user's name out",
                         redis_connection_name(connection));
    if (reply->kind == REDIS_ERROR && holds(reply->text, password))
        shown.text = TEXT("refused in words that cannot be shown");
    return redis_connection_unexpected(connection, &shown, "AUTH", err);
}

static int authenticate(struct redis_connection *connection, const struct redis_target *target,
                        struct error *err)
{
    const struct redis_reply *reply;
    struct text words[3] = {TEXT("AUTH")};
    int count = 1;
    if (target->username)
        words[count++] = text_of(target->username);
    words[count++] = text_of(target->password);
    int status = redis_connection_call(connection, words, count, &reply, err);
    connection_cleanse(connection);
    if (status < 0)
        return -1;
    return redis_reply_is(reply, REDIS_STATUS, TEXT("OK"))
               ? 0
               : refuse_auth(connection, reply, target->password, target->username != NULL, err);
}

static int send_courtesies(struct redis_connection *connection, struct error *err)
{
    for (int i = 0; i < COURTESY_COUNT; i++) {
        struct text words[COURTESY_WORDS];
        for (int j = 0; j < COURTESY_WORDS; j++)
            words[j] = text_of(courtesies[i][j]);
        if (redis_connection_append(connection, words, COURTESY_WORDS, err) < 0)
            return -1;
    }
    return 0;
}

/* A server that turns connections away (protected mode, too many clients) answers the first command
 * with an error and closes: the error is the reason, the end is not. */
static int be_courteous(struct redis_connection *connection, struct error *err)
{
    const struct redis_reply *reply;
    struct error refusal = {0};
    if (send_courtesies(connection, err) < 0)
        return -1;
    for (int i = 0; i < COURTESY_COUNT; i++) {
        if (redis_connection_next(connection, &reply, err) < 0) {
            if (refusal.code != ERROR_NONE && err->code == ERROR_REDIS_CONNECTION)
                *err = refusal;
            return -1;
        }
        if (redis_reply_is_error(reply, "NOAUTH"))
            return redis_connection_unexpected(connection, reply, "CLIENT SETNAME", err);
        if (reply->kind == REDIS_ERROR)
            redis_connection_unexpected(connection, reply, "turned away", &refusal);
        else if (i == COURTESY_NO_TOUCH)
            connection_set_no_touch(connection);
    }
    return 0;
}

int handshake_run(struct redis_connection *connection, const struct redis_target *target,
                  struct error *err)
{
    if (target->password && authenticate(connection, target, err) < 0)
        return -1;
    return be_courteous(connection, err);
}
