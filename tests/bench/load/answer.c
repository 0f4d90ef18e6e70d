/* One pass over the head, line by line; bodies are skipped. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const uint64_t LENGTH_MAX = 1ULL << 40;

struct head {
    int status;
    bool chunked, has_length, closes;
    uint64_t length;
};

/* The value of a line `name: value`, without the space around it; NULL where it is another. */
static const char *value_of(const char *line, const char *end, const char *name, size_t length,
                            size_t *ret_length)
{
    if ((size_t)(end - line) <= length || line[length] != ':' ||
        strncasecmp(line, name, length) != 0)
        return NULL;
    line += length + 1;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *ret_length = (size_t)(end - line);
    return line;
}

#define VALUE_OF(name, ret_length) value_of(line, end, name, sizeof(name) - 1, ret_length)

static int read_length(const char *digits, size_t length, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9' || number > LENGTH_MAX)
            return -1;
        number = number * 10 + (uint64_t)(digits[i] - '0');
    }
    *ret_number = number;
    return length > 0 && number <= LENGTH_MAX ? 0 : -1;
}

static int read_header(struct head *head, const char *line, const char *end)
{
    size_t length;
    const char *value;
    char first = (char)(line[0] | 0x20);
    if (first == 'c' && (value = VALUE_OF("content-length", &length))) {
        head->has_length = true;
        return read_length(value, length, &head->length);
    }
    if (first == 'c' && (value = VALUE_OF("connection", &length)))
        head->closes = length == 5 && strncasecmp(value, "close", 5) == 0;
    if (first == 't' && (value = VALUE_OF("transfer-encoding", &length))) {
        head->chunked = true;
        return length == 7 && strncasecmp(value, "chunked", 7) == 0 ? 0 : -1;
    }
    return 0;
}

static int read_status(struct head *head, const char *line, const char *end)
{
    if (end - line < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
        return -1;
    head->closes = line[7] == '0';
    for (const char *digit = line + 9; digit < line + 12; digit++) {
        if (*digit < '0' || *digit > '9')
            return -1;
        head->status = head->status * 10 + (*digit - '0');
    }
    return 0;
}

/* Its length, 0 where it is not all there, negative where it is no head. */
static ssize_t read_head(struct head *head, const char *bytes, size_t length)
{
    const char *line = bytes, *limit = bytes + length, *line_feed;
    while ((line_feed = memchr(line, '\n', (size_t)(limit - line)))) {
        const char *end = line_feed > line && line_feed[-1] == '\r' ? line_feed - 1 : line_feed;
        if (line == bytes) {
            if (read_status(head, line, end) < 0)
                return -1;
        } else if (end == line) {
            return line_feed + 1 - bytes;
        } else if (read_header(head, line, end) < 0) {
            return -1;
        }
        line = line_feed + 1;
    }
    return 0;
}

static void begin_body(struct answer *answer, const struct head *head, bool is_head)
{
    answer->status = head->status;
    answer->closes = head->closes;
    answer->left = head->length;
    if (is_head || head->status == 204 || head->status == 304)
        answer->state = ANSWER_DONE;
    else if (head->chunked)
        answer->state = ANSWER_CHUNK_SIZE;
    else if (!head->has_length)
        answer->state = ANSWER_UNTIL_CLOSE;
    else
        answer->state = head->length > 0 ? ANSWER_BODY : ANSWER_DONE;
    if (answer->state == ANSWER_CHUNK_SIZE)
        answer->left = 0;
}

static ssize_t take_head(struct answer *answer, const char *bytes, size_t length, bool is_head)
{
    struct head head = {0};
    const char *all = bytes;
    size_t available = length, before = answer->carried;
    if (before > 0) {
        size_t room = ANSWER_HEAD_MAX - before;
        available = before + (length < room ? length : room);
        memcpy(answer->carry + before, bytes, available - before);
        all = answer->carry;
    }
    ssize_t taken = read_head(&head, all, available);
    if (taken < 0 || (taken == 0 && available >= ANSWER_HEAD_MAX))
        return -1;
    if (taken == 0) {
        if (!answer->carry && !(answer->carry = malloc(ANSWER_HEAD_MAX)))
            abort();
        if (before == 0)
            memcpy(answer->carry, bytes, available);
        answer->carried = available;
        return (ssize_t)(available - before);
    }
    answer->carried = 0;
    if (head.status >= 200)
        begin_body(answer, &head, is_head);
    return taken - (ssize_t)before;
}

static int take_digit(struct answer *answer, char digit)
{
    int value = digit >= '0' && digit <= '9'                     ? digit - '0'
                : (digit | 0x20) >= 'a' && (digit | 0x20) <= 'f' ? (digit | 0x20) - 'a' + 10
                                                                 : -1;
    if (value < 0 || answer->left > LENGTH_MAX)
        return -1;
    answer->left = answer->left * 16 + (uint64_t)value;
    answer->digits = true;
    return 0;
}

static int take_size(struct answer *answer, char byte)
{
    if (answer->state == ANSWER_CHUNK_SIZE && byte != '\r' && byte != '\n' && byte != ';')
        return take_digit(answer, byte);
    answer->state = ANSWER_CHUNK_EXTENSION;
    if (byte != '\n')
        return 0;
    if (!answer->digits)
        return -1;
    answer->state = answer->left > 0 ? ANSWER_CHUNK : ANSWER_TRAILER;
    answer->left += answer->left > 0 ? 2 : 0;
    answer->digits = answer->line_has_bytes = false;
    return 0;
}

static void take_trailer(struct answer *answer, char byte)
{
    if (byte == '\n' && !answer->line_has_bytes)
        answer->state = ANSWER_DONE;
    else if (byte != '\r')
        answer->line_has_bytes = byte != '\n';
}

static ssize_t take_some(struct answer *answer, const char *bytes, size_t length, bool is_head)
{
    size_t part = answer->left < length ? (size_t)answer->left : length;
    switch (answer->state) {
    case ANSWER_HEAD:
        return take_head(answer, bytes, length, is_head);
    case ANSWER_BODY:
    case ANSWER_CHUNK:
        answer->left -= part;
        if (answer->left == 0)
            answer->state = answer->state == ANSWER_BODY ? ANSWER_DONE : ANSWER_CHUNK_SIZE;
        return (ssize_t)part;
    case ANSWER_CHUNK_SIZE:
    case ANSWER_CHUNK_EXTENSION:
        return take_size(answer, *bytes) < 0 ? -1 : 1;
    case ANSWER_TRAILER:
        take_trailer(answer, *bytes);
        return 1;
    case ANSWER_UNTIL_CLOSE:
        return (ssize_t)length;
    case ANSWER_DONE:
        break;
    }
    return -1;
}

ssize_t answer_take(struct answer *answer, const char *bytes, size_t length, bool is_head)
{
    size_t taken = 0;
    while (taken < length && answer->state != ANSWER_DONE) {
        ssize_t part = take_some(answer, bytes + taken, length - taken, is_head);
        if (part < 0)
            return -1;
        taken += (size_t)part;
    }
    return (ssize_t)taken;
}

void answer_reset(struct answer *answer)
{
    free(answer->carry);
    *answer = (struct answer){0};
}
