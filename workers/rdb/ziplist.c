#include "packed.h"

enum {
    HEADER = 10, /* bytes, where the last entry is, elements: 32, 32 and 16 bits */
    FAR = 254    /* 32 bits follow with the length of the entry before */
};

struct entry {
    uint64_t before; /* what it says of the one before */
    size_t header;
    uint64_t text;
};

/* Bytes of an integer, beyond the byte that says so; -1: there is no such. */
static int integer_width(unsigned form)
{
    switch (form) {
    case 0xc0:
        return 2;
    case 0xd0:
        return 4;
    case 0xe0:
        return 8;
    case 0xf0:
        return 3;
    case 0xfe:
        return 1;
    default:
        return form > 0xf0 && form < 0xfe ? 0 : -1;
    }
}

/* The bytes it needs may be beyond what is there. */
static int parse(const unsigned char *at, struct entry *ret_entry)
{
    size_t before = *at < FAR ? 1 : 5;
    ret_entry->before = before == 1 ? *at : little_endian(at + 1, 4);
    at += before;
    switch (*at >> 6) {
    case 0:
        ret_entry->header = before + 1;
        ret_entry->text = *at & 63;
        return 0;
    case 1:
        ret_entry->header = before + 2;
        ret_entry->text = (uint64_t)(*at & 63) << 8 | at[1];
        return 0;
    case 2:
        ret_entry->header = before + 5;
        ret_entry->text =
            (uint64_t)at[1] << 24 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 8 | (uint64_t)at[4];
        return 0;
    default:
        break;
    }
    ret_entry->header = before + 1;
    int width = integer_width(*at);
    ret_entry->text = width < 0 ? 0 : (uint64_t)width;
    return width < 0 ? -1 : 0;
}

/* 1: the end.  length: of the entry before, and then of this. */
static int walk_entry(struct blob *blob, uint64_t *length)
{
    unsigned char copy[PACKED_ENTRY_HAVE];
    const unsigned char *at = NULL;
    struct entry entry;
    int status = packed_next(blob, "ziplist", copy, &at);
    if (status != 0)
        return status;
    if (parse(at, &entry) < 0)
        return blob_fail(blob, "an element of a ziplist of unknown form");
    if (entry.before != *length)
        return blob_fail(blob, "a ziplist's element of %llu bytes is said to have %llu",
                         (unsigned long long)*length, (unsigned long long)entry.before);
    *length = entry.header + entry.text;
    return blob_skip(blob, *length);
}

int ziplist_walk(struct blob *blob, struct packed *ret_packed)
{
    *ret_packed = (struct packed){0};
    if (blob_have(blob, HEADER) < 0)
        return -1;
    uint64_t bytes = little_endian(blob->at, 4), last = little_endian(blob->at + 4, 4);
    uint64_t told = little_endian(blob->at + 8, 2), length = 0;
    if (bytes != blob->length)
        return blob_fail(blob, "a ziplist that says it has %llu bytes, of %llu",
                         (unsigned long long)bytes, (unsigned long long)blob->length);
    blob->at += HEADER;
    for (;;) {
        int status = walk_entry(blob, &length);
        if (status < 0)
            return -1;
        if (status > 0)
            break;
        ret_packed->elements++;
    }
    if (blob_position(blob) - 1 - length != last)
        return blob_fail(blob, "a ziplist whose last element is not where it says");
    if (told != PACKED_UNCOUNTED && told != ret_packed->elements)
        return blob_fail(blob, "a ziplist that says it has %llu elements, of %llu",
                         (unsigned long long)told, (unsigned long long)ret_packed->elements);
    return blob_end(blob);
}
