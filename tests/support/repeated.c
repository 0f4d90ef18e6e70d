#include "repeated.h"

#include <string.h>

static struct text part_of(const struct repeated *repeated)
{
    const struct text parts[] = {repeated->before, repeated->piece, repeated->after};
    return parts[repeated->part];
}

static void next_part(struct repeated *repeated)
{
    repeated->at = 0;
    if (repeated->part == 1 && ++repeated->done < repeated->times)
        return;
    repeated->part++;
    if (repeated->part == 1 && repeated->times == 0)
        repeated->part++;
}

/* As much as fits. */
static ssize_t give(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    struct repeated *repeated = argument;
    size_t given = 0;
    (void)err;
    while (given < most && repeated->part < 3) {
        struct text part = part_of(repeated);
        size_t left = part.length - repeated->at;
        size_t step = left < most - given ? left : most - given;
        memcpy((char *)ret_bytes + given, part.bytes + repeated->at, step);
        given += step;
        repeated->at += step;
        if (repeated->at == part.length)
            next_part(repeated);
    }
    return (ssize_t)given;
}

struct rdb_source repeated_source(struct repeated *repeated)
{
    repeated->part = 0;
    repeated->done = 0;
    repeated->at = 0;
    return (struct rdb_source){give, repeated};
}
