/* The connection: an output buffer, a stream and a reader.  Bytes are read only when the reader
 * holds no whole reply, so that what is held of replies is bounded by one reply and one read. */
#include "redis/connection.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "connection_internal.h"
#include "handshake.h"
#include "output.h"
#include "reply_reader.h"
#include "stream.h"

enum { READ_SIZE = 64 << 10 };

struct redis_connection {
    char name[ENDPOINT_TEXT_MAX + 1];
    struct stream stream;
    struct redis_memory own, *memory; /* the account of the task, or its own */
    struct output output;
    struct reply_reader reader;
    struct error broken;  /* of a write; what was answered before is read first */
    bool heard;           /* something was received */
    int64_t opening_ends; /* monotonic ms, 0 once open */
    int timeout_ms;       /* for one reply */
    bool no_touch;
    char input[READ_SIZE];
};

/* TLS' record of an alert (RFC 8446, section 5.1), which a TLS server sends to who speaks plainly.
 */
static bool is_alert(const char *bytes, ptrdiff_t length)
{
    return length >= 2 && bytes[0] == 0x15 && bytes[1] == 0x03;
}

/* A port that expects TLS closes on a plain command without a word. */
static void explain_silence(const struct redis_connection *connection,
                            const struct redis_target *target, struct error *err)
{
    struct error bare = *err;
    if (target->tls || connection->heard || err->code != ERROR_REDIS_CONNECTION)
        return;
    error_clear(err);
    error_set(err, bare.code, "%s before it said anything: does the port expect TLS?", bare.text);
}

int redis_connection_open(const struct redis_target *target, struct redis_interrupt interrupt,
                          struct redis_connection **ret_connection, struct error *err)
{
    struct redis_connection *connection = malloc(sizeof(*connection));
    if (!connection)
        abort();
    memset(connection, 0, offsetof(struct redis_connection, input));
    endpoint_format(&target->endpoint, connection->name);
    redis_memory_init(&connection->own);
    connection->memory = target->memory ? target->memory : &connection->own;
    output_init(&connection->output, connection->memory);
    reply_reader_init(&connection->reader, connection->memory);
    connection->timeout_ms = target->connect_timeout_ms;
    connection->opening_ends = clock_monotonic_ms() + target->connect_timeout_ms;
    if (stream_open(&connection->stream, target, interrupt, connection->opening_ends, err) < 0) {
        error_prefix(err, "%s", connection->name);
        goto out;
    }
    if (handshake_run(connection, target, err) < 0) {
        explain_silence(connection, target, err);
        goto out;
    }
    connection->timeout_ms = target->reply_timeout_ms;
    connection->opening_ends = 0;
    *ret_connection = connection;
    return 0;
out:
    redis_connection_free(connection);
    return -1;
}

void redis_connection_free(struct redis_connection *connection)
{
    if (!connection)
        return;
    stream_release(&connection->stream);
    output_release(&connection->output);
    reply_reader_release(&connection->reader);
    free(connection);
}

const char *redis_connection_name(const struct redis_connection *connection)
{
    return connection->name;
}

int redis_connection_append(struct redis_connection *connection, const struct text *words,
                            int count, struct error *err)
{
    if (output_command(&connection->output, words, count) == 0)
        return 0;
    return error_set(err, ERROR_REDIS_PROTOCOL,
                     "%s: more than %d MiB of replies and questions are held", connection->name,
                     REDIS_MEMORY_MAX >> 20);
}

struct redis_memory *redis_connection_memory(struct redis_connection *connection)
{
    return connection->memory;
}

size_t redis_connection_unsent(const struct redis_connection *connection)
{
    return output_unsent(&connection->output);
}

void redis_connection_flush(struct redis_connection *connection)
{
    struct output *output = &connection->output;
    while (output_unsent(output) > 0 && connection->broken.code == ERROR_NONE) {
        ptrdiff_t moved = stream_write(&connection->stream, output->bytes + output->start,
                                       output_unsent(output), &connection->broken);
        if (moved <= 0)
            return;
        output_sent(output, (size_t)moved);
    }
}

/* Returns 1, 0 where the deadline has passed, or -1. */
static int wait_for_input(struct redis_connection *connection, int64_t deadline, struct error *err)
{
    if (connection->broken.code != ERROR_NONE) {
        *err = connection->broken;
        return -1;
    }
    bool to_write = redis_connection_unsent(connection) > 0 || connection->stream.read_wants_write;
    return stream_wait(&connection->stream, true, to_write, deadline, err);
}

/* Reads once, or waits until that is worth while. */
static int fill(struct redis_connection *connection, int64_t deadline, struct error *err)
{
    redis_connection_flush(connection);
    ptrdiff_t moved =
        stream_read(&connection->stream, connection->input, sizeof(connection->input), err);
    if (moved < 0)
        return -1;
    if (moved == 0) {
        int ready = wait_for_input(connection, deadline, err);
        if (ready == 0)
            return error_set(err, ERROR_REDIS_TIMEOUT, "no reply within %d ms",
                             connection->timeout_ms);
        return ready < 0 ? -1 : 0;
    }
    bool first = !connection->heard;
    connection->heard = true;
    if (first && is_alert(connection->input, moved))
        return error_set(err, ERROR_REDIS_CONNECTION, "the port expects TLS");
    if (reply_reader_feed(&connection->reader, connection->input, (size_t)moved, err) < 0)
        return -1;
    /* The deadline is for waits: what comes without one is soon too large. */
    return stream_check(&connection->stream, clock_monotonic_ms(), err);
}

int redis_connection_next(struct redis_connection *connection, const struct redis_reply **ret_reply,
                          struct error *err)
{
    int64_t deadline = 0;
    for (;;) {
        int found = reply_reader_next(&connection->reader, ret_reply, err);
        if (found > 0)
            return 0;
        if (deadline == 0)
            deadline = connection->opening_ends ? connection->opening_ends
                                                : clock_monotonic_ms() + connection->timeout_ms;
        if (found < 0 || fill(connection, deadline, err) < 0)
            return error_prefix(err, "%s", connection->name);
    }
}

int redis_connection_call(struct redis_connection *connection, const struct text *words, int count,
                          const struct redis_reply **ret_reply, struct error *err)
{
    if (redis_connection_append(connection, words, count, err) < 0)
        return -1;
    return redis_connection_next(connection, ret_reply, err);
}

int redis_connection_unexpected(const struct redis_connection *connection,
                                const struct redis_reply *reply, const char *command,
                                struct error *err)
{
    redis_reply_unexpected(reply, command, err);
    return error_prefix(err, "%s", connection->name);
}

void connection_cleanse(struct redis_connection *connection)
{
    output_cleanse(&connection->output);
}

void connection_set_no_touch(struct redis_connection *connection)
{
    connection->no_touch = true;
}

bool redis_connection_touches_nothing(const struct redis_connection *connection)
{
    return connection->no_touch;
}

bool connection_is_quiet(const struct redis_connection *connection)
{
    return output_unsent(&connection->output) == 0 && reply_reader_is_empty(&connection->reader);
}

int connection_reply_timeout_ms(const struct redis_connection *connection)
{
    return connection->timeout_ms;
}

ptrdiff_t connection_read(struct redis_connection *connection, char *ret_bytes, size_t size,
                          int64_t deadline, struct error *err)
{
    for (;;) {
        redis_connection_flush(connection);
        ptrdiff_t moved = stream_read(&connection->stream, ret_bytes, size, err);
        if (moved > 0 && stream_check(&connection->stream, clock_monotonic_ms(), err) < 0)
            return -1;
        if (moved != 0)
            return moved;
        int ready = wait_for_input(connection, deadline, err);
        if (ready <= 0)
            return ready;
    }
}

void connection_set_receive_buffer(struct redis_connection *connection, int64_t bytes)
{
    stream_set_receive_buffer(&connection->stream, bytes < INT_MAX ? (int)bytes : INT_MAX);
}
