/* Commands that wait to be sent: one growing buffer, written at its end and sent from its start. */
#ifndef REDIS_OUTPUT_H
#define REDIS_OUTPUT_H

#include "base/text.h"
#include "redis/memory.h"

struct output {
    char *bytes;
    size_t start; /* sent up to here */
    size_t end;
    size_t capacity;
    struct redis_memory *memory;
};

void output_init(struct output *output, struct redis_memory *memory);
/* Cleanses what it held. */
void output_release(struct output *output);

/* Adds a command as an array of bulk strings (RESP2).  Returns -1 past REDIS_OUTPUT_BYTES_MAX,
 * or where the account has no more. */
int output_command(struct output *output, const struct text *words, int count);

void output_sent(struct output *output, size_t length);

/* Overwrites all that was sent. */
void output_cleanse(struct output *output);

static inline size_t output_unsent(const struct output *output)
{
    return output->end - output->start;
}

#endif
