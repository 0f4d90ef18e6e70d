/* The bytes of a source, buffered, counted and summed up.
 *
 * What is to be read next is at `at`; a reader asks that enough of it is there (input_have), reads
 * it and moves `at`.  A failure sets the error of the call that runs, with the offset of `at` and
 * what was being read. */
#ifndef RDB_INPUT_H
#define RDB_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rdb/reader.h"

enum {
    INPUT_SIZE = 64 << 10,
    INPUT_HAVE_MAX = 64 /* bytes that can be asked for at a time */
};

struct input {
    const unsigned char *at, *end; /* in bytes */
    const char *reading;           /* what, for errors */
    struct error *err;             /* of the call that runs */
    struct rdb_source source;
    const unsigned char *summed; /* the sum has what is before */
    uint64_t sum;
    int64_t offset; /* of bytes[0] in all that the source has */
    unsigned char bytes[INPUT_SIZE];
};

void input_init(struct input *input, const struct rdb_source *source);

/* Where `at` is. */
int64_t input_offset(const struct input *input);

/* The checksum of all before `at`. */
uint64_t input_sum(struct input *input);

/* Returns -1 with ERROR_RDB_FORMAT. */
int input_fail(const struct input *input, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

int input_fill(struct input *input, size_t need);

/* 0: `need` bytes are there. */
static inline int input_have(struct input *input, size_t need)
{
    return (size_t)(input->end - input->at) >= need ? 0 : input_fill(input, need);
}

int input_skip_far(struct input *input, uint64_t length);

static inline int input_skip(struct input *input, uint64_t length)
{
    if ((uint64_t)(input->end - input->at) < length)
        return input_skip_far(input, length);
    input->at += length;
    return 0;
}

int input_byte(struct input *input, unsigned char *ret_byte);

/* Little-endian. */
int input_u64(struct input *input, uint64_t *ret_number);

static inline uint64_t little_endian(const unsigned char *bytes, size_t length)
{
    uint64_t number = 0;
    for (size_t i = length; i > 0; i--)
        number = number << 8 | bytes[i - 1];
    return number;
}

#endif
