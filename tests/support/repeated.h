/* A source of bytes that holds little and gives much: a beginning, a piece so many times, an end.
 */
#ifndef REPEATED_H
#define REPEATED_H

#include "rdb/reader.h"

struct repeated {
    struct text before, piece, after;
    uint64_t times;

    int part; /* the first, the second or the third */
    uint64_t done;
    size_t at;
};

struct rdb_source repeated_source(struct repeated *repeated);

#endif
