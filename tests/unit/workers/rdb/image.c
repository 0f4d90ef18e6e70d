#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc64.h"

void image_release(struct image *image)
{
    free(image->bytes);
    *image = (struct image){0};
}

void image_put(struct image *image, const void *bytes, size_t length)
{
    if (image->length + length > image->room) {
        image->room = 2 * (image->length + length);
        image->bytes = realloc(image->bytes, image->room);
        if (!image->bytes)
            abort();
    }
    if (length > 0)
        memcpy(image->bytes + image->length, bytes, length);
    image->length += length;
}

void image_load(struct image *image, const char *name)
{
    char path[4096], piece[4096];
    size_t length = 0;
    snprintf(path, sizeof(path), FIXTURES "/rdb/%s.rdb", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        abort();
    while ((length = fread(piece, 1, sizeof(piece), file)) > 0)
        image_put(image, piece, length);
    fclose(file);
}

void image_put_byte(struct image *image, unsigned byte)
{
    unsigned char one = (unsigned char)byte;
    image_put(image, &one, 1);
}

void image_put_little(struct image *image, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        image_put_byte(image, number >> (8 * i) & 255);
}

static void put_big(struct image *image, uint64_t number, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--)
        image_put_byte(image, number >> (8 * (i - 1)) & 255);
}

void image_put_length(struct image *image, uint64_t length)
{
    if (length < 64) {
        image_put_byte(image, (unsigned)length);
    } else if (length < 1 << 14) {
        put_big(image, 0x4000 | length, 2);
    } else if (length <= UINT32_MAX) {
        image_put_byte(image, 0x80);
        put_big(image, length, 4);
    } else {
        image_put_byte(image, 0x81);
        put_big(image, length, 8);
    }
}

void image_put_string(struct image *image, const void *bytes, size_t length)
{
    image_put_length(image, length);
    image_put(image, bytes, length);
}

void image_put_text(struct image *image, const char *text)
{
    image_put_string(image, text, strlen(text));
}

void image_put_lzf(struct image *image, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    image_put_byte(image, 0xc3);
    image_put_length(image, length + (length + 31) / 32);
    image_put_length(image, length);
    while (length > 0) {
        size_t part = length < 32 ? length : 32;
        image_put_byte(image, (unsigned)part - 1);
        image_put(image, at, part);
        at += part;
        length -= part;
    }
}

void image_put_field(struct image *image, const char *name, const char *value)
{
    image_put_byte(image, 250);
    image_put_text(image, name);
    image_put_text(image, value);
}

void image_put_key(struct image *image, unsigned type, const char *name)
{
    image_put_byte(image, type);
    image_put_text(image, name);
}

void image_put_end(struct image *image)
{
    image_put_byte(image, 255);
    image_put_little(image, crc64(0, image->bytes, image->length), 8);
}

static ssize_t give(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    struct image_source *state = argument;
    size_t left = state->length - state->given;
    size_t piece = state->piece < most ? state->piece : most;
    (void)err;
    piece = piece < left ? piece : left;
    if (piece > 0)
        memcpy(ret_bytes, state->bytes + state->given, piece);
    state->given += piece;
    state->calls++;
    return (ssize_t)piece;
}

struct rdb_source image_source(struct image_source *state)
{
    return (struct rdb_source){give, state};
}
