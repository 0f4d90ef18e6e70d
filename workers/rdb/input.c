/* The sum is taken of whole buffers: the hot paths only move a pointer. */
#include "input.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "crc64.h"

void input_init(struct input *input, const struct rdb_source *source)
{
    input->source = *source;
    input->at = input->end = input->summed = input->bytes;
    input->reading = "header";
    input->err = NULL;
    input->sum = 0;
    input->offset = 0;
}

int64_t input_offset(const struct input *input)
{
    return input->offset + (input->at - input->bytes);
}

uint64_t input_sum(struct input *input)
{
    input->sum = crc64(input->sum, input->summed, (size_t)(input->at - input->summed));
    input->summed = input->at;
    return input->sum;
}

int input_fail(const struct input *input, const char *format, ...)
{
    char what[ERROR_TEXT_MAX / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    return error_set(input->err, ERROR_RDB_FORMAT, "RDB, byte %lld, %s: %s",
                     (long long)input_offset(input), input->reading, what);
}

/* What is left is moved to the front. */
static void make_room(struct input *input)
{
    size_t left = (size_t)(input->end - input->at);
    input_sum(input);
    input->offset += input->at - input->bytes;
    memmove(input->bytes, input->at, left);
    input->at = input->summed = input->bytes;
    input->end = input->bytes + left;
}

int input_fill(struct input *input, size_t need)
{
    assert(need <= INPUT_HAVE_MAX);
    if ((size_t)(input->bytes + INPUT_SIZE - input->at) < need || input->at == input->end)
        make_room(input);
    while ((size_t)(input->end - input->at) < need) {
        size_t room = (size_t)(input->bytes + INPUT_SIZE - input->end);
        ssize_t got = input->source.read(
            input->source.argument, input->bytes + (input->end - input->bytes), room, input->err);
        if (got < 0)
            return -1;
        if (got == 0)
            return input_fail(input, "the input ends %zu bytes too early",
                              need - (size_t)(input->end - input->at));
        assert((size_t)got <= room);
        input->end += got;
    }
    return 0;
}

int input_skip_far(struct input *input, uint64_t length)
{
    for (;;) {
        size_t there = (size_t)(input->end - input->at);
        size_t step = there < length ? there : (size_t)length;
        input->at += step;
        length -= step;
        if (length == 0)
            return 0;
        if (input_fill(input, 1) < 0)
            return -1;
    }
}

int input_byte(struct input *input, unsigned char *ret_byte)
{
    if (input_have(input, 1) < 0)
        return -1;
    *ret_byte = *input->at++;
    return 0;
}

int input_u64(struct input *input, uint64_t *ret_number)
{
    if (input_have(input, 8) < 0)
        return -1;
    *ret_number = little_endian(input->at, 8);
    input->at += 8;
    return 0;
}
