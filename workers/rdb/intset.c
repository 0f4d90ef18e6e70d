#include "packed.h"

enum { HEADER = 8 /* bytes of an integer and how many there are, 32 bits each */ };

int intset_walk(struct blob *blob, struct packed *ret_packed)
{
    *ret_packed = (struct packed){0};
    if (blob_have(blob, HEADER) < 0)
        return -1;
    uint64_t width = little_endian(blob->at, 4), count = little_endian(blob->at + 4, 4);
    if (width != 2 && width != 4 && width != 8)
        return blob_fail(blob, "an intset of integers of %llu bytes", (unsigned long long)width);
    if (HEADER + width * count != blob->length)
        return blob_fail(blob, "an intset of %llu integers of %llu bytes in %llu",
                         (unsigned long long)count, (unsigned long long)width,
                         (unsigned long long)blob->length);
    ret_packed->elements = count;
    return blob_skip(blob, blob->length) < 0 ? -1 : blob_end(blob);
}
