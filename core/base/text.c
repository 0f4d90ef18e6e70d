/* Strict parsers for text from outside: what is not exactly right is refused. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct text text_of(const char *terminated)
{
    return (struct text){terminated, strlen(terminated)};
}

bool text_equals(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equals_ignoring_case(struct text a, struct text b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++) {
        if (lower(a.bytes[i]) != lower(b.bytes[i]))
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && is_blank(text.bytes[0])) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.bytes[text.length - 1]))
        text.length--;
    return text;
}

char *text_copy(const char *bytes, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy)
        abort();
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

int text_parse_integer(struct text text, int64_t *ret_number)
{
    bool negative = text.length > 0 && text.bytes[0] == '-';
    int64_t number = 0;
    if (text.length == (size_t)negative)
        return -1;
    for (size_t i = negative; i < text.length; i++) {
        int digit = text.bytes[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, digit, &number))
            return -1;
    }
    /* Collected as a negative number, whose range is the larger one. */
    if (!negative && __builtin_sub_overflow((int64_t)0, number, &number))
        return -1;
    *ret_number = number;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_parse_hex(const char *digits, unsigned char *ret_bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        int high = hex_digit(digits[2 * i]);
        int low = high < 0 ? -1 : hex_digit(digits[2 * i + 1]);
        if (low < 0)
            return -1;
        ret_bytes[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

void text_format_hex(const unsigned char *bytes, size_t length, char *ret_digits)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        ret_digits[2 * i] = digits[bytes[i] >> 4];
        ret_digits[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_digits[2 * length] = '\0';
}

/* Overlong forms, surrogates and values past U+10FFFF show in the second byte. */
static bool second_byte_fits(const unsigned char *b)
{
    switch (b[0]) {
    case 0xe0:
        return b[1] >= 0xa0;
    case 0xed:
        return b[1] <= 0x9f;
    case 0xf0:
        return b[1] >= 0x90;
    case 0xf4:
        return b[1] <= 0x8f;
    default:
        return true;
    }
}

size_t text_utf8_width(const char *text, size_t length)
{
    const unsigned char *b = (const unsigned char *)text;
    if (length == 0)
        return 0;
    if (b[0] < 0x80)
        return 1;
    size_t width = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    if (b[0] < 0xc2 || b[0] > 0xf4 || length < width)
        return 0;
    for (size_t i = 1; i < width; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    }
    return second_byte_fits(b) ? width : 0;
}

bool text_is_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t width = text_utf8_width(text + i, length - i);
        if (width == 0)
            return false;
        i += width;
    }
    return true;
}

ptrdiff_t text_percent_decode(struct text text, char *ret_bytes)
{
    ptrdiff_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        if (c == '%') {
            if (text.length - i < 3 ||
                text_parse_hex(text.bytes + i + 1, (unsigned char *)&c, 1) < 0)
                return -1;
            i += 2;
        }
        ret_bytes[length++] = c;
    }
    return length;
}
