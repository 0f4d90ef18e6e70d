#include "packed.h"

enum {
    HEADER = 6 /* bytes and elements, 32 and 16 bits */
};

struct entry {
    size_t header; /* bytes before the text; all of an integer's */
    uint64_t text; /* bytes of a string */
    bool is_integer;
    int64_t integer;
};

static int64_t signed_of(uint64_t number, unsigned bits)
{
    return (int64_t)(number << (64 - bits)) >> (64 - bits);
}

/* Integers of 2, 3, 4 and 8 bytes: 0xf1 to 0xf4. */
static void wide_integer(const unsigned char *at, struct entry *ret_entry)
{
    static const unsigned char widths[] = {2, 3, 4, 8};
    size_t width = widths[*at - 0xf1];
    *ret_entry = (struct entry){1 + width, 0, true,
                                signed_of(little_endian(at + 1, width), 8 * (unsigned)width)};
}

/* Of the first byte and as many more as it needs, which may be beyond what is there. */
static int parse(const unsigned char *at, struct entry *ret_entry)
{
    unsigned first = *at;
    if (first < 0x80)
        *ret_entry = (struct entry){1, 0, true, (int64_t)first};
    else if (first < 0xc0)
        *ret_entry = (struct entry){1, first & 63, false, 0};
    else if (first < 0xe0)
        *ret_entry = (struct entry){2, 0, true, signed_of((first & 31) << 8 | at[1], 13)};
    else if (first < 0xf0)
        *ret_entry = (struct entry){2, (first & 15) << 8 | at[1], false, 0};
    else if (first == 0xf0)
        *ret_entry = (struct entry){5, little_endian(at + 1, 4), false, 0};
    else if (first <= 0xf4)
        wide_integer(at, ret_entry);
    else
        return -1;
    return 0;
}

/* The length of what precedes, by 7 bits a byte: the first byte has the highest and no mark.  At
 * the ends of the ranges releases differ in how many bytes they write: the longer form begins with
 * 0. */
static size_t backward_width(uint64_t length, unsigned first)
{
    static const uint64_t ends[] = {127, 16383, 2097151, 268435455};
    size_t width = 1;
    while (width < 5 && length > ends[width - 1])
        width++;
    return width < 5 && width > 1 && length == ends[width - 1] && first == 0 ? width + 1 : width;
}

static int read_backward(struct blob *blob, uint64_t length)
{
    if (length < 128 && blob->at < blob->end && *blob->at == length) {
        blob->at++;
        return 0;
    }
    if (blob_have(blob, 1) < 0)
        return -1;
    size_t width = backward_width(length, *blob->at);
    if (blob_have(blob, width) < 0)
        return -1;
    uint64_t told = *blob->at;
    for (size_t i = 1; i < width; i++)
        told = told << 7 | (blob->at[i] & 127);
    if (told != length)
        return blob_fail(blob, "a listpack's element of %llu bytes is said to have %llu",
                         (unsigned long long)length, (unsigned long long)told);
    blob->at += width;
    return 0;
}

static void note(struct packed *packed, const struct entry *entry)
{
    if (packed->elements < PACKED_LEADING && entry->is_integer &&
        packed->leading_integers == packed->elements) {
        packed->leading[packed->leading_integers++] = entry->integer;
    }
    if (packed->elements % 3 == 2) {
        packed->thirds += entry->is_integer && entry->integer != 0;
        packed->odd_thirds |= !entry->is_integer;
    }
    packed->elements++;
}

/* 1: the end. */
static int walk_entry(struct blob *blob, struct packed *packed)
{
    unsigned char copy[PACKED_ENTRY_HAVE];
    const unsigned char *at = NULL;
    struct entry entry;
    int status = packed_next(blob, "listpack", copy, &at);
    if (status != 0)
        return status;
    if (parse(at, &entry) < 0)
        return blob_fail(blob, "0x%02x begins no element of a listpack", *at);
    note(packed, &entry);
    if (blob_skip(blob, entry.header + entry.text) < 0)
        return -1;
    return read_backward(blob, entry.header + entry.text);
}

int listpack_walk(struct blob *blob, struct packed *ret_packed)
{
    *ret_packed = (struct packed){0};
    if (blob_have(blob, HEADER) < 0)
        return -1;
    uint64_t bytes = little_endian(blob->at, 4), told = little_endian(blob->at + 4, 2);
    if (bytes != blob->length)
        return blob_fail(blob, "a listpack that says it has %llu bytes, of %llu",
                         (unsigned long long)bytes, (unsigned long long)blob->length);
    blob->at += HEADER;
    for (;;) {
        int status = walk_entry(blob, ret_packed);
        if (status < 0)
            return -1;
        if (status > 0)
            break;
    }
    if (told != PACKED_UNCOUNTED && told != ret_packed->elements)
        return blob_fail(blob, "a listpack that says it has %llu elements, of %llu",
                         (unsigned long long)told, (unsigned long long)ret_packed->elements);
    return blob_end(blob);
}
