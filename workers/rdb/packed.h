/* Elements that a server keeps in one run of bytes: walked to its end as it passes, however long.
 *
 * What its header tells, of bytes and of elements, must be what is found; so must the lengths by
 * which it can be walked backwards.  All begin with a blob that has been begun, end it, and return
 * -1 with the error of the input.
 *
 * The formats: ziplist.c, listpack.c, intset.c and zipmap.c of Redis, whose headers describe
 * them. */
#ifndef RDB_PACKED_H
#define RDB_PACKED_H

#include <string.h>

#include "blob.h"

enum { PACKED_LEADING = 2 };

struct packed {
    uint64_t elements;               /* fields and values of a hash one by one */
    int64_t leading[PACKED_LEADING]; /* the first ones of a listpack, where they are integers */
    uint64_t thirds;                 /* of a listpack: integers other than 0 at places 2, 5, ... */
    unsigned char leading_integers;  /* of the first ones */
    bool odd_thirds;                 /* some at these places are no integers */
};

int ziplist_walk(struct blob *blob, struct packed *ret_packed);
int listpack_walk(struct blob *blob, struct packed *ret_packed);
int zipmap_walk(struct blob *blob, struct packed *ret_packed);
int intset_walk(struct blob *blob, struct packed *ret_packed);

enum { PACKED_ENTRY_HAVE = 10, PACKED_LAST = 0xff };

/* The entry that comes next of a ziplist or listpack, of which PACKED_ENTRY_HAVE bytes can be read
 * (beyond the end they are 0), no entry having more before its text; 1: there is none, and its mark
 * has been passed. */
static inline int packed_next(struct blob *blob, const char *noun,
                              unsigned char copy[PACKED_ENTRY_HAVE], const unsigned char **ret_at)
{
    size_t there = 0;
    if (blob_have_most(blob, PACKED_ENTRY_HAVE, &there) < 0)
        return -1;
    if (there == 0)
        return blob_fail(blob, "a %s without an end", noun);
    *ret_at = blob->at;
    if (*blob->at == PACKED_LAST) {
        blob->at++;
        return 1;
    }
    if (there < PACKED_ENTRY_HAVE) {
        memset(copy, 0, PACKED_ENTRY_HAVE);
        memcpy(copy, blob->at, there);
        *ret_at = copy;
    }
    return 0;
}

/* 65535 elements or more are not counted in the headers that have 16 bits for it. */
enum { PACKED_UNCOUNTED = 65535 };

#endif
