/* The parser is hiredis'; where replies live and how large they may grow is decided here.  A reply
 * that announces more than the limits is refused at its first line, before its bytes are waited
 * for. */
#include "reply_reader.h"

#include <hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "redis/connection.h"

/* From 1.0 on the parser knows RESP3, which no server is asked for. */
#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
static const char resp3[] = "a reply of RESP3, which was not asked for";
#else
typedef int element_count;
#endif

static const char too_many_bytes[] = "a reply of more than 16 MiB";
static const char too_many_elements[] = "an array of more than 262144 elements";
static const char too_much_held[] = "more than 32 MiB of replies and questions are held";
static const char too_long_line[] = "a line of more than 64 KiB";
_Static_assert(REDIS_REPLY_BYTES_MAX == 16 << 20, "named in a message");
_Static_assert(REDIS_MEMORY_MAX == 32 << 20, "named in a message");
_Static_assert(REDIS_REPLY_ELEMENTS_MAX == 262144, "named in a message");
_Static_assert(REDIS_REPLY_LINE_MAX == 64 << 10, "named in a message");

/* The place that an object of the parser is written to: an element of its array, or the root. */
static struct redis_reply *place_of(const redisReadTask *task)
{
    struct reply_reader *reader = task->privdata;
    if (!task->parent)
        return &reader->root;
    struct redis_reply *array = task->parent->obj;
    /* Written once, here; const is for those who read the reply. */
    return (struct redis_reply *)(uintptr_t)&array->elements[task->idx];
}

static void *take(const redisReadTask *task, size_t size)
{
    struct reply_reader *reader = task->privdata;
    void *memory = reply_arena_take(&reader->arena, size);
    if (!memory)
        reader->refusal =
            size > REDIS_REPLY_BYTES_MAX - reader->arena.taken ? too_many_bytes : too_much_held;
    return memory;
}

#if HIREDIS_MAJOR >= 1
static void *refuse_type(const redisReadTask *task)
{
    struct reply_reader *reader = task->privdata;
    reader->refusal = resp3;
    return NULL;
}

static void *refuse_double(const redisReadTask *task, double value, char *bytes, size_t length)
{
    (void)value;
    (void)bytes;
    (void)length;
    return refuse_type(task);
}

static void *refuse_boolean(const redisReadTask *task, int value)
{
    (void)value;
    return refuse_type(task);
}
#endif

static void *create_string(const redisReadTask *task, char *bytes, size_t length)
{
    struct redis_reply *reply = place_of(task);
#if HIREDIS_MAJOR >= 1
    if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_STATUS &&
        task->type != REDIS_REPLY_ERROR)
        return refuse_type(task);
#endif
    char *copy = take(task, length);
    if (!copy)
        return NULL;
    memcpy(copy, bytes, length);
    reply->kind = task->type == REDIS_REPLY_STRING   ? REDIS_STRING
                  : task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                     : REDIS_ERROR;
    reply->text = (struct text){copy, length};
    return reply;
}

static void *create_array(const redisReadTask *task, element_count count)
{
    struct redis_reply *reply = place_of(task);
    struct reply_reader *reader = task->privdata;
#if HIREDIS_MAJOR >= 1
    if (task->type != REDIS_REPLY_ARRAY)
        return refuse_type(task);
#endif
    if (count > REDIS_REPLY_ELEMENTS_MAX) {
        reader->refusal = too_many_elements;
        return NULL;
    }
    struct redis_reply *elements = take(task, (size_t)count * sizeof(*elements));
    if (!elements)
        return NULL;
    *reply = (struct redis_reply){REDIS_ARRAY, .elements = elements, .count = (size_t)count};
    return reply;
}

static void *create_integer(const redisReadTask *task, long long integer)
{
    struct redis_reply *reply = place_of(task);
    *reply = (struct redis_reply){REDIS_INTEGER, .integer = integer};
    return reply;
}

static void *create_nil(const redisReadTask *task)
{
    struct redis_reply *reply = place_of(task);
    *reply = (struct redis_reply){.kind = REDIS_NIL};
    return reply;
}

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_boolean,
#endif
};

void reply_reader_init(struct reply_reader *reader, struct redis_memory *memory)
{
    *reader = (struct reply_reader){.parser = redisReaderCreateWithFunctions(&functions),
                                    .memory = memory};
    if (!reader->parser)
        abort();
    reader->parser->privdata = reader;
    reply_arena_init(&reader->arena, REDIS_REPLY_BYTES_MAX, memory);
}

void reply_reader_release(struct reply_reader *reader)
{
    if (reader->parser)
        redisReaderFree(reader->parser);
    if (reader->memory)
        redis_memory_give(reader->memory, reader->input_held);
    reply_arena_release(&reader->arena);
    *reader = (struct reply_reader){0};
}

static int refuse(const struct reply_reader *reader, struct error *err)
{
    return error_set(err, ERROR_REDIS_PROTOCOL, "%s",
                     reader->refusal ? reader->refusal : reader->parser->errstr);
}

/* The parser's buffer doubles up to a megabyte and then grows by one (hiredis' sds), and is freed
 * once all of it was read. */
static int hold_input(struct reply_reader *reader, size_t length)
{
    enum { STEP = 1 << 20 };
    size_t used = reader->parser->len + length, size = used < STEP ? 2 * used : used + STEP;
    if (reader->parser->len == 0) {
        redis_memory_give(reader->memory, reader->input_held);
        reader->input_held = 0;
    }
    if (size <= reader->input_held)
        return 0;
    if (!redis_memory_take(reader->memory, size - reader->input_held)) {
        reader->refusal = too_much_held;
        return -1;
    }
    reader->input_held = size;
    return 0;
}

int reply_reader_feed(struct reply_reader *reader, const char *bytes, size_t length,
                      struct error *err)
{
    if (reader->refusal || hold_input(reader, length) < 0 ||
        redisReaderFeed(reader->parser, bytes, length) != REDIS_OK)
        return refuse(reader, err);
    return 0;
}

bool reply_reader_is_empty(const struct reply_reader *reader)
{
    return reader->parser->ridx < 0 && reader->parser->pos == reader->parser->len;
}

/* Whether the line that the parser waits in is too long, or announces a bulk that is: the parser
 * itself would wait for any amount.  A whole line at its cursor can only be the length of a bulk
 * that is not there yet, as all other lines are consumed. */
static int check_pending(struct reply_reader *reader)
{
    const char *pending = reader->parser->buf + reader->parser->pos;
    size_t length = reader->parser->len - reader->parser->pos;
    size_t looked_at = length < REDIS_REPLY_LINE_MAX ? length : REDIS_REPLY_LINE_MAX;
    const char *end = looked_at > 0 ? memmem(pending, looked_at, "\r\n", 2) : NULL;
    int64_t announced = 0;
    if (!end && length > looked_at)
        reader->refusal = too_long_line;
    else if (end &&
             text_parse_integer((struct text){pending, (size_t)(end - pending)}, &announced) == 0 &&
             announced > REDIS_REPLY_BYTES_MAX)
        reader->refusal = too_many_bytes;
    return reader->refusal ? -1 : 0;
}

int reply_reader_next(struct reply_reader *reader, const struct redis_reply **ret_reply,
                      struct error *err)
{
    void *reply = NULL;
    if (reader->refusal)
        return refuse(reader, err);
    if (reader->parser->ridx < 0)
        reply_arena_reset(&reader->arena);
    int status = redisReaderGetReply(reader->parser, &reply);
    if (status == REDIS_OK && reply) {
        *ret_reply = reply;
        return 1;
    }
    if (status == REDIS_OK && check_pending(reader) == 0)
        return 0;
    return refuse(reader, err);
}
