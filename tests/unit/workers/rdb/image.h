/* An RDB in memory: read from the samples or put together, and sources that give it away in pieces.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "rdb/reader.h"

struct image {
    unsigned char *bytes;
    size_t length, room;
};

void image_release(struct image *image);

/* tests/fixtures/rdb/NAME.rdb */
void image_load(struct image *image, const char *name);

void image_put(struct image *image, const void *bytes, size_t length);
void image_put_byte(struct image *image, unsigned byte);
void image_put_little(struct image *image, uint64_t number, size_t bytes);
/* As servers write a length: in 1, 2, 5 or 9 bytes. */
void image_put_length(struct image *image, uint64_t length);
void image_put_text(struct image *image, const char *text);
void image_put_string(struct image *image, const void *bytes, size_t length);
/* The bytes of a literal. */
#define IMAGE_PUT(image, literal) image_put(image, literal, sizeof(literal) - 1)
#define IMAGE_PUT_STRING(image, literal) image_put_string(image, literal, sizeof(literal) - 1)
/* In parts as they are: 32 bytes a part. */
void image_put_lzf(struct image *image, const void *bytes, size_t length);
/* "redis-ver" and the like. */
void image_put_field(struct image *image, const char *name, const char *value);
/* RDB type and name. */
void image_put_key(struct image *image, unsigned type, const char *name);
/* The opcode of the end and the checksum of all before. */
void image_put_end(struct image *image);

/* Gives an image away in pieces of at most `piece` bytes, to its end. */
struct image_source {
    const unsigned char *bytes;
    size_t length, piece;
    size_t given, calls;
};
struct rdb_source image_source(struct image_source *state);

#endif
