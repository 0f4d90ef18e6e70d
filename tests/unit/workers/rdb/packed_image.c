#include "packed_image.h"

#include <string.h>

static void set_little(struct image *image, size_t at, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        image->bytes[at + i] = number >> (8 * i) & 255;
}

void ziplist_begin(struct packed_image *packed)
{
    *packed = (struct packed_image){0};
    IMAGE_PUT(&packed->image, "0123456789"); /* room for the header */
}

static void put_before(struct packed_image *packed)
{
    size_t before = packed->elements ? packed->image.length - packed->last : 0;
    packed->last = packed->image.length;
    packed->elements++;
    if (before >= 254)
        image_put_byte(&packed->image, 254);
    image_put_little(&packed->image, before, before < 254 ? 1 : 4);
}

void ziplist_put(struct packed_image *packed, const void *text, size_t length)
{
    struct image *image = &packed->image;
    put_before(packed);
    if (length < 64) {
        image_put_byte(image, (unsigned)length);
    } else if (length < 1 << 14) {
        image_put_byte(image, 0x40 | (unsigned)(length >> 8));
        image_put_byte(image, length & 255);
    } else {
        image_put_byte(image, 0x80);
        for (int shift = 24; shift >= 0; shift -= 8)
            image_put_byte(image, length >> shift & 255);
    }
    image_put(image, text, length);
}

void ziplist_put_integer(struct packed_image *packed, int64_t integer)
{
    static const struct {
        int bits;
        unsigned form;
    } forms[] = {{8, 0xfe}, {16, 0xc0}, {24, 0xf0}, {32, 0xd0}, {64, 0xe0}};
    int i = 0;
    put_before(packed);
    if (integer >= 0 && integer <= 12) {
        image_put_byte(&packed->image, 0xf1 + (unsigned)integer);
        return;
    }
    while (forms[i].bits < 64 && (integer < -(INT64_C(1) << (forms[i].bits - 1)) ||
                                  integer >= INT64_C(1) << (forms[i].bits - 1)))
        i++;
    image_put_byte(&packed->image, forms[i].form);
    image_put_little(&packed->image, (uint64_t)integer, (size_t)forms[i].bits / 8);
}

void ziplist_end(struct packed_image *packed, uint64_t elements)
{
    struct image *image = &packed->image;
    image_put_byte(image, 255);
    set_little(image, 0, image->length, 4);
    set_little(image, 4, packed->elements ? packed->last : 10, 4);
    set_little(image, 8, elements, 2);
}

void listpack_begin(struct packed_image *packed)
{
    *packed = (struct packed_image){0};
    IMAGE_PUT(&packed->image, "012345");
}

static void put_backward(struct packed_image *packed)
{
    uint64_t length = packed->image.length - packed->last;
    int shift = 0;
    uint64_t wide = packed->wide_ends && length > 127;
    while (shift < 28 && (length + wide) >> (shift + 7))
        shift += 7;
    image_put_byte(&packed->image, length >> shift & 127);
    while ((shift -= 7) >= 0)
        image_put_byte(&packed->image, 128 | (length >> shift & 127));
}

static void begin_element(struct packed_image *packed)
{
    packed->last = packed->image.length;
    packed->elements++;
}

void listpack_put(struct packed_image *packed, const void *text, size_t length)
{
    struct image *image = &packed->image;
    begin_element(packed);
    if (length < 64) {
        image_put_byte(image, 0x80 | (unsigned)length);
    } else if (length < 4096) {
        image_put_byte(image, 0xe0 | (unsigned)(length >> 8));
        image_put_byte(image, length & 255);
    } else {
        image_put_byte(image, 0xf0);
        image_put_little(image, length, 4);
    }
    image_put(image, text, length);
    put_backward(packed);
}

void listpack_put_integer(struct packed_image *packed, int64_t integer)
{
    static const int bits[] = {16, 24, 32, 64};
    struct image *image = &packed->image;
    begin_element(packed);
    if (integer >= 0 && integer < 128) {
        image_put_byte(image, (unsigned)integer);
    } else if (integer >= -4096 && integer < 4096) {
        image_put_byte(image, 0xc0 | (integer >> 8 & 31));
        image_put_byte(image, integer & 255);
    } else {
        int i = 0;
        while (bits[i] < 64 &&
               (integer < -(INT64_C(1) << (bits[i] - 1)) || integer >= INT64_C(1) << (bits[i] - 1)))
            i++;
        image_put_byte(image, 0xf1 + (unsigned)i);
        image_put_little(image, (uint64_t)integer, (size_t)bits[i] / 8);
    }
    put_backward(packed);
}

void listpack_end(struct packed_image *packed, uint64_t elements)
{
    struct image *image = &packed->image;
    image_put_byte(image, 255);
    set_little(image, 0, image->length, 4);
    set_little(image, 4, elements, 2);
}

void packed_move(struct packed_image *packed, struct image *image, bool compressed)
{
    if (compressed)
        image_put_lzf(image, packed->image.bytes, packed->image.length);
    else
        image_put_string(image, packed->image.bytes, packed->image.length);
    image_release(&packed->image);
}
