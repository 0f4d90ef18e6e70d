/* A few lines, then bytes.  What a server sends before the RDB is read here and not by the parser
 * of replies, which knows no newlines between them and would keep what follows.
 *
 * An RDB of unknown length ends with a mark of forty bytes that the server has chosen: so many are
 * always held back, until they are the mark or more has come. */
#include "redis/full_sync.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "connection_internal.h"

enum { MARK_LENGTH = 40, INPUT_SIZE = 64 << 10, NO_LENGTH = -1, NO_OFFSET = -1 };
_Static_assert((int)INPUT_SIZE > (int)REDIS_SYNC_LINE_MAX, "a line has room");

struct redis_full_sync {
    struct redis_connection *connection;
    int64_t offset; /* of the server's stream */
    int64_t length; /* NO_LENGTH: until the mark */
    char mark[MARK_LENGTH];
    int64_t given;
    int newlines;
    size_t start, end; /* of the input that was not taken */
    char input[INPUT_SIZE];
};

static int fail(const struct redis_full_sync *sync, const char *what, struct error *err)
{
    return error_set(err, ERROR_REDIS_PROTOCOL, "%s: PSYNC: %s",
                     redis_connection_name(sync->connection), what);
}

/* Reads more behind what is held. */
static int fill(struct redis_full_sync *sync, int64_t silence_ms, struct error *err)
{
    if (sync->start > 0)
        memmove(sync->input, sync->input + sync->start, sync->end - sync->start);
    sync->end -= sync->start;
    sync->start = 0;
    ptrdiff_t moved =
        connection_read(sync->connection, sync->input + sync->end, INPUT_SIZE - sync->end,
                        clock_monotonic_ms() + silence_ms, err);
    if (moved < 0)
        return -1;
    if (moved == 0)
        return error_set(err, ERROR_REDIS_TIMEOUT, "not a byte for %lld ms", (long long)silence_ms);
    sync->end += (size_t)moved;
    return 0;
}

/* Fails at whom it waits for. */
static int wait_for_more(struct redis_full_sync *sync, struct error *err)
{
    int silence_ms = connection_reply_timeout_ms(sync->connection) * REDIS_SYNC_PATIENCE;
    if (fill(sync, silence_ms, err) == 0)
        return 0;
    error_prefix(err, "waiting for the RDB");
    return error_prefix(err, "%s", redis_connection_name(sync->connection));
}

/* Takes a line without its end where one is held whole. */
static bool take_line(struct redis_full_sync *sync, struct text *ret_line)
{
    const char *line = sync->input + sync->start;
    size_t held = sync->end - sync->start;
    const char *end = held > 0 ? memchr(line, '\n', held) : NULL;
    *ret_line = (struct text){line, end ? (size_t)(end - line) : held};
    if (!end)
        return false;
    sync->start += ret_line->length + 1;
    if (ret_line->length > 0 && line[ret_line->length - 1] == '\r')
        ret_line->length--;
    return true;
}

/* The next line that says something, as a view of the input: valid until more is read.  Empty ones
 * are signs of life. */
static int read_line(struct redis_full_sync *sync, struct text *ret_line, struct error *err)
{
    for (;;) {
        bool whole = take_line(sync, ret_line);
        if (ret_line->length > REDIS_SYNC_LINE_MAX)
            return fail(sync, "a line of more than 1 KiB where an RDB should begin", err);
        if (whole && ret_line->length > 0)
            return 0;
        if (whole && ++sync->newlines > REDIS_SYNC_NEWLINES_MAX)
            return fail(sync, "newlines without end in place of an RDB", err);
        if (!whole && wait_for_more(sync, err) < 0)
            return -1;
    }
}

static bool begins_with(struct text text, const char *beginning)
{
    size_t length = strlen(beginning);
    return text.length >= length && strncasecmp(text.bytes, beginning, length) == 0;
}

/* `-ERR unknown option` of a server that does not know it is no failure; that the user may not, or
 * that the server is not ready, is. */
static int announce(struct redis_connection *connection, const struct text *words, int count,
                    struct error *err)
{
    const struct redis_reply *reply;
    if (redis_connection_call(connection, words, count, &reply, err) < 0)
        return -1;
    if (redis_reply_is(reply, REDIS_STATUS, TEXT("OK")) || redis_reply_is_error(reply, "ERR"))
        return 0;
    return redis_connection_unexpected(connection, reply, "REPLCONF", err);
}

/* One by one: a server with an answer pending refuses PSYNC. */
static int announce_all(struct redis_connection *connection, struct error *err)
{
    static const struct text abilities[] = {
        {"REPLCONF", 8}, {"capa", 4}, {"eof", 3}, {"capa", 4}, {"psync2", 6}};
    static const struct text rdb_only[] = {{"REPLCONF", 8}, {"rdb-only", 8}, {"1", 1}};
    return announce(connection, abilities, 5, err) < 0 || announce(connection, rdb_only, 3, err) < 0
               ? -1
               : 0;
}

/* `FULLRESYNC ID OFFSET` */
static void take_offset(struct redis_full_sync *sync, struct text line)
{
    const char *last = memrchr(line.bytes, ' ', line.length);
    size_t after = last ? (size_t)(last - line.bytes) + 1 : line.length;
    int64_t offset;
    if (text_parse_integer((struct text){line.bytes + after, line.length - after}, &offset) == 0 &&
        offset >= 0)
        sync->offset = offset;
}

static int refuse(const struct redis_full_sync *sync, struct text line, const char *command,
                  struct error *err)
{
    const struct redis_reply reply = {.kind = REDIS_ERROR,
                                      .text = {line.bytes + 1, line.length - 1}};
    return redis_connection_unexpected(sync->connection, &reply, command, err);
}

/* Returns 1 where the server does not know the command. */
static int ask(struct redis_full_sync *sync, struct error *err)
{
    static const struct text psync[] = {{"PSYNC", 5}, {"?", 1}, {"-1", 2}};
    struct text line;
    if (redis_connection_append(sync->connection, psync, 3, err) < 0 ||
        read_line(sync, &line, err) < 0)
        return -1;
    if (begins_with(line, "-ERR unknown command"))
        return 1;
    if (line.bytes[0] == '-')
        return refuse(sync, line, "PSYNC", err);
    if (begins_with(line, "+CONTINUE"))
        return fail(sync, "the server goes on with a stream that was never begun", err);
    if (!begins_with(line, "+FULLRESYNC "))
        return fail(sync, "an answer that is none", err);
    take_offset(sync, line);
    return 0;
}

/* `$LENGTH`, or `$EOF:MARK` */
static int take_head(struct redis_full_sync *sync, struct text line, struct error *err)
{
    static const char unknown[] = "$EOF:";
    const size_t before = sizeof(unknown) - 1;
    if (line.bytes[0] == '-')
        return refuse(sync, line, "PSYNC", err);
    if (begins_with(line, unknown) && line.length == before + MARK_LENGTH) {
        sync->length = NO_LENGTH;
        memcpy(sync->mark, line.bytes + before, MARK_LENGTH);
        return 0;
    }
    if (line.bytes[0] != '$' ||
        text_parse_integer((struct text){line.bytes + 1, line.length - 1}, &sync->length) < 0 ||
        sync->length < 0)
        return fail(sync, "no length of an RDB where one should be", err);
    return 0;
}

static int begin(struct redis_full_sync *sync, struct error *err)
{
    static const struct text words[] = {{"SYNC", 4}};
    struct text line;
    int status = ask(sync, err);
    if (status < 0 || (status > 0 && redis_connection_append(sync->connection, words, 1, err) < 0))
        return -1;
    return read_line(sync, &line, err) < 0 ? -1 : take_head(sync, line, err);
}

int redis_full_sync_begin(struct redis_connection *connection, struct redis_full_sync **ret_sync,
                          struct error *err)
{
    if (announce_all(connection, err) < 0)
        return -1;
    if (!connection_is_quiet(connection))
        return error_set(err, ERROR_REDIS_PROTOCOL, "%s: REPLCONF: more than one answer",
                         redis_connection_name(connection));
    struct redis_full_sync *sync = malloc(sizeof(*sync));
    if (!sync)
        abort();
    memset(sync, 0, offsetof(struct redis_full_sync, input));
    sync->connection = connection;
    sync->offset = NO_OFFSET;
    if (begin(sync, err) < 0) {
        free(sync);
        return -1;
    }
    *ret_sync = sync;
    return 0;
}

void redis_full_sync_free(struct redis_full_sync *sync)
{
    free(sync);
}

void redis_full_sync_keep_near(struct redis_full_sync *sync, int64_t bytes)
{
    connection_set_receive_buffer(sync->connection, bytes);
}

/* Of what is held, so many bytes belong to the RDB for sure. */
static size_t available(const struct redis_full_sync *sync)
{
    size_t held = sync->end - sync->start;
    if (sync->length == NO_LENGTH)
        return held > MARK_LENGTH ? held - MARK_LENGTH : 0;
    int64_t left = sync->length - sync->given;
    return (int64_t)held < left ? held : (size_t)left;
}

static bool is_at_mark(const struct redis_full_sync *sync)
{
    return sync->length == NO_LENGTH && sync->end - sync->start == MARK_LENGTH &&
           memcmp(sync->input + sync->start, sync->mark, MARK_LENGTH) == 0;
}

static int read_more(struct redis_full_sync *sync, struct error *err)
{
    if (fill(sync, connection_reply_timeout_ms(sync->connection), err) == 0)
        return 0;
    error_prefix(err, "after %lld bytes of the RDB", (long long)sync->given);
    return error_prefix(err, "%s", redis_connection_name(sync->connection));
}

ssize_t redis_full_sync_read(struct redis_full_sync *sync, void *ret_bytes, size_t most,
                             struct error *err)
{
    size_t count;
    while ((count = available(sync)) == 0) {
        if (sync->given == sync->length || is_at_mark(sync))
            return 0;
        if (read_more(sync, err) < 0)
            return -1;
    }
    if (count > most)
        count = most;
    memcpy(ret_bytes, sync->input + sync->start, count);
    sync->start += count;
    sync->given += (int64_t)count;
    return (ssize_t)count;
}

int redis_full_sync_end(struct redis_full_sync *sync, int64_t used, struct error *err)
{
    if (sync->length != NO_LENGTH)
        return used == sync->length ? 0 : fail(sync, "bytes behind the end of the RDB", err);
    while (sync->end - sync->start < MARK_LENGTH) {
        if (read_more(sync, err) < 0)
            return -1;
    }
    return used == sync->given && memcmp(sync->input + sync->start, sync->mark, MARK_LENGTH) == 0
               ? 0
               : fail(sync, "the RDB does not end with the mark that was announced", err);
}

int64_t redis_full_sync_given(const struct redis_full_sync *sync)
{
    return sync->given;
}

int64_t redis_full_sync_offset(const struct redis_full_sync *sync)
{
    return sync->offset;
}
