/* Strict parsers and copies for text that comes from outside.  Any thread, no locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes that belongs to somebody else; not terminated. */
struct text {
    const char *bytes;
    size_t length;
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})

struct text text_of(const char *terminated);
bool text_equals(struct text a, struct text b);
bool text_equals_ignoring_case(struct text a, struct text b); /* ASCII letters only */
struct text text_trim(struct text text);                      /* spaces and tabs, both ends */

/* A terminated copy that the caller frees; never null. */
char *text_copy(const char *bytes, size_t length);

/* A decimal integer: an optional '-', digits, nothing else, within int64.  Returns -1 otherwise. */
int text_parse_integer(struct text text, int64_t *ret_number);

/* Hex digits of either case.  Returns -1 on another character; length bytes are written. */
int text_parse_hex(const char *digits, unsigned char *ret_bytes, size_t length);
/* 2 * length lower-case digits and a NUL. */
void text_format_hex(const unsigned char *bytes, size_t length, char *ret_digits);

/* Bytes of the UTF-8 character that text begins with (1 to 4), or 0 where it is none: overlong
 * forms, surrogates and values past U+10FFFF are none (Unicode 15, table 3-7). */
size_t text_utf8_width(const char *text, size_t length);
bool text_is_utf8(const char *text, size_t length);

/* Decodes %HH into ret_bytes (room for text.length), whose length is returned, or -1 where a '%' is
 * not followed by two hex digits. */
ptrdiff_t text_percent_decode(struct text text, char *ret_bytes);

#endif
