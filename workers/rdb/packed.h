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

/* 65535 elements or more are not counted in the headers that have 16 bits for it. */
enum { PACKED_UNCOUNTED = 65535 };

#endif
