/* Ziplists and listpacks as servers write them, element by element. */
#ifndef PACKED_IMAGE_H
#define PACKED_IMAGE_H

#include "image.h"

struct packed_image {
    struct image image;
    uint64_t elements;
    size_t last;    /* where the last element is */
    bool wide_ends; /* of a listpack: as before Redis 7.4 the last lengths of a range take one byte
                     * more */
};

void ziplist_begin(struct packed_image *packed);
void ziplist_put(struct packed_image *packed, const void *text, size_t length);
/* In the shortest form. */
void ziplist_put_integer(struct packed_image *packed, int64_t integer);
/* elements: as the header says; 65535 where that does not. */
void ziplist_end(struct packed_image *packed, uint64_t elements);

void listpack_begin(struct packed_image *packed);
void listpack_put(struct packed_image *packed, const void *text, size_t length);
void listpack_put_integer(struct packed_image *packed, int64_t integer);
void listpack_end(struct packed_image *packed, uint64_t elements);

/* As a string of an RDB, plain or compressed; releases it. */
void packed_move(struct packed_image *packed, struct image *image, bool compressed);

#endif
