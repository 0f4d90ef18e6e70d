#include "fuzz_replies.h"

#include <assert.h>
#include <stdlib.h>

#include "connection_internal.h"
#include "redis/memory.h"
#include "reply_reader.h"

struct redis_connection {
    struct redis_memory memory;
    struct reply_reader reader;
    int owed; /* replies to what was asked */
};

struct redis_connection *fuzz_replies_open(struct text bytes)
{
    struct redis_connection *connection = calloc(1, sizeof(*connection));
    struct error err = {0};
    if (!connection)
        abort();
    redis_memory_init(&connection->memory);
    reply_reader_init(&connection->reader, &connection->memory);
    if (bytes.length > 0)
        (void)reply_reader_feed(&connection->reader, bytes.bytes, bytes.length, &err);
    return connection;
}

void redis_connection_free(struct redis_connection *connection)
{
    if (!connection)
        return;
    reply_reader_release(&connection->reader);
    free(connection);
}

int redis_connection_append(struct redis_connection *connection, const struct text *words,
                            int count, struct error *err)
{
    size_t length = 0;
    (void)err;
    for (int i = 0; i < count; i++)
        length += words[i].length;
    assert(count > 0 && length < REDIS_OUTPUT_BYTES_MAX);
    connection->owed++;
    return 0;
}

int redis_connection_next(struct redis_connection *connection, const struct redis_reply **ret_reply,
                          struct error *err)
{
    assert(connection->owed > 0);
    int found = reply_reader_next(&connection->reader, ret_reply, err);
    if (found == 0)
        return error_set(err, ERROR_REDIS_CONNECTION, "the bytes ended");
    connection->owed--;
    return found < 0 ? -1 : 0;
}

int redis_connection_call(struct redis_connection *connection, const struct text *words, int count,
                          const struct redis_reply **ret_reply, struct error *err)
{
    assert(connection->owed == 0);
    if (redis_connection_append(connection, words, count, err) < 0)
        return -1;
    return redis_connection_next(connection, ret_reply, err);
}

int redis_connection_unexpected(const struct redis_connection *connection,
                                const struct redis_reply *reply, const char *command,
                                struct error *err)
{
    (void)connection;
    return redis_reply_unexpected(reply, command, err);
}

const char *redis_connection_name(const struct redis_connection *connection)
{
    (void)connection;
    return "10.0.0.9:6379";
}

bool redis_connection_touches_nothing(const struct redis_connection *connection)
{
    (void)connection;
    return false;
}

size_t redis_connection_unsent(const struct redis_connection *connection)
{
    (void)connection;
    return 0;
}

void redis_connection_flush(struct redis_connection *connection)
{
    (void)connection;
}

/* Nothing that is fuzzed opens one by itself. */
int redis_connection_open(const struct redis_target *target, struct redis_interrupt interrupt,
                          struct redis_connection **ret_connection, struct error *err)
{
    (void)target;
    (void)interrupt;
    *ret_connection = NULL;
    return error_set(err, ERROR_REDIS_CONNECTION, "not opened");
}

void connection_cleanse(struct redis_connection *connection)
{
    (void)connection;
}

void connection_set_no_touch(struct redis_connection *connection)
{
    (void)connection;
}
