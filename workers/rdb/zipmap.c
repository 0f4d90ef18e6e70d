#include "packed.h"

enum {
    FAR = 254, /* 32 bits follow with the length; and the header has no count */
    LAST = 0xff
};

/* 1: the end. */
static int read_length(struct blob *blob, uint64_t *ret_length)
{
    if (blob_have(blob, 1) < 0)
        return -1;
    unsigned first = *blob->at;
    *ret_length = first;
    size_t takes = first == FAR ? 5 : 1;
    if (blob_have(blob, takes) < 0)
        return -1;
    if (first == FAR)
        *ret_length = little_endian(blob->at + 1, 4);
    blob->at += takes;
    return first == LAST;
}

/* 1: the end. */
static int walk_pair(struct blob *blob)
{
    uint64_t length = 0;
    int status = read_length(blob, &length);
    if (status != 0)
        return status;
    if (blob_skip(blob, length) < 0)
        return -1;
    status = read_length(blob, &length);
    if (status > 0)
        return blob_fail(blob, "a zipmap that ends after a field without a value");
    if (status < 0 || blob_have(blob, 1) < 0)
        return -1;
    uint64_t unused = *blob->at++;
    return blob_skip(blob, length + unused);
}

int zipmap_walk(struct blob *blob, struct packed *ret_packed)
{
    *ret_packed = (struct packed){0};
    if (blob_have(blob, 1) < 0)
        return -1;
    uint64_t told = *blob->at++, pairs = 0;
    for (;;) {
        int status = walk_pair(blob);
        if (status < 0)
            return -1;
        if (status > 0)
            break;
        pairs++;
    }
    if (told < FAR && told != pairs)
        return blob_fail(blob, "a zipmap that says it has %llu fields, of %llu",
                         (unsigned long long)told, (unsigned long long)pairs);
    ret_packed->elements = 2 * pairs;
    return blob_end(blob);
}
