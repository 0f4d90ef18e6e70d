/* Old memory is cleansed when the buffer grows: it may hold a password. */
#include "output.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "redis/connection.h"

enum {
    KEPT_CAPACITY_MAX = 1 << 20,
    FIRST_CAPACITY = 64 << 10,
    LENGTH_DIGITS_MAX = 20,
    HEAD_MAX = 1 + LENGTH_DIGITS_MAX + 2
};

void output_init(struct output *output, struct redis_memory *memory)
{
    *output = (struct output){.memory = memory};
}

void output_release(struct output *output)
{
    if (output->bytes)
        secret_cleanse(output->bytes, output->capacity);
    free(output->bytes);
    if (output->capacity > 0)
        redis_memory_give(output->memory, output->capacity);
    *output = (struct output){.memory = output->memory};
}

/* Both are held for a moment. */
static int grow(struct output *output, size_t more)
{
    size_t unsent = output_unsent(output);
    size_t capacity = output->capacity > 0 ? output->capacity : FIRST_CAPACITY;
    while (capacity - unsent < more)
        capacity *= 2;
    if (!redis_memory_take(output->memory, capacity))
        return -1;
    char *bytes = malloc(capacity);
    if (!bytes)
        abort();
    if (unsent > 0)
        memcpy(bytes, output->bytes + output->start, unsent);
    output_release(output);
    *output = (struct output){bytes, 0, unsent, capacity, output->memory};
    return 0;
}

static char *put_head(char *place, char kind, size_t number)
{
    char digits[LENGTH_DIGITS_MAX];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *place++ = kind;
    while (count > 0)
        *place++ = digits[--count];
    *place++ = '\r';
    *place++ = '\n';
    return place;
}

int output_command(struct output *output, const struct text *words, int count)
{
    size_t most = HEAD_MAX;
    for (int i = 0; i < count; i++) {
        if (words[i].length > REDIS_OUTPUT_BYTES_MAX)
            return -1;
        most += HEAD_MAX + words[i].length + 2;
    }
    if (most > REDIS_OUTPUT_BYTES_MAX - output_unsent(output))
        return -1;
    if (output->capacity - output->end < most && grow(output, most) < 0)
        return -1;
    char *place = put_head(output->bytes + output->end, '*', (size_t)count);
    for (int i = 0; i < count; i++) {
        place = put_head(place, '$', words[i].length);
        memcpy(place, words[i].bytes, words[i].length);
        place += words[i].length;
        *place++ = '\r';
        *place++ = '\n';
    }
    output->end = (size_t)(place - output->bytes);
    return 0;
}

void output_sent(struct output *output, size_t length)
{
    output->start += length;
    if (output->start < output->end)
        return;
    output->start = output->end = 0;
    /* One of an unusual size is not kept. */
    if (output->capacity > KEPT_CAPACITY_MAX)
        output_release(output);
}

void output_cleanse(struct output *output)
{
    if (!output->bytes)
        return;
    if (output_unsent(output) == 0)
        secret_cleanse(output->bytes, output->capacity);
    else
        secret_cleanse(output->bytes, output->start);
}
