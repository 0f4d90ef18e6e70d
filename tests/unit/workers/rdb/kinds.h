/* A key of every type and form that an RDB may have, and what is to be read of it. */
#ifndef KINDS_H
#define KINDS_H

#include "image.h"

struct kind {
    const char *what; /* its name too */
    const char *magic;
    unsigned type;
    void (*put)(struct image *image); /* the value */
    const char *type_name;
    const char *encoding;
    int64_t size;
    int64_t ttl_fields;
};

extern const struct kind kinds[];
extern const size_t kinds_count;

/* Header, the key and the end. */
void kind_put_image(const struct kind *kind, struct image *image);

#endif
