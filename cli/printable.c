/* Escapes for people's eyes; programs read JSON. */
#include "printable.h"

#include <stdlib.h>
#include <string.h>

enum { ESCAPE_LENGTH = 4 };

static unsigned code_point(const char *text, size_t width)
{
    const unsigned char *b = (const unsigned char *)text;
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned value = b[0] & first_bits[width];
    for (size_t i = 1; i < width; i++)
        value = value << 6 | (b[i] & 0x3f);
    return value;
}

static bool is_control(unsigned c)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

/* Writes the character that text begins with, as it is or escaped, and returns the bytes written.
 */
static size_t put_character(const char *text, size_t bytes, bool plain, char *ret_place)
{
    if (plain) {
        memcpy(ret_place, text, bytes);
        return bytes;
    }
    for (size_t i = 0; i < bytes; i++) {
        ret_place[i * ESCAPE_LENGTH] = '\\';
        ret_place[i * ESCAPE_LENGTH + 1] = 'x';
        char digits[3];
        text_format_hex((const unsigned char *)text + i, 1, digits);
        memcpy(ret_place + i * ESCAPE_LENGTH + 2, digits, 2);
    }
    return bytes * ESCAPE_LENGTH;
}

char *printable_copy(struct text text, size_t most, size_t *ret_width)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    char *copy = malloc(text.length * ESCAPE_LENGTH + sizeof(ellipsis));
    if (!copy)
        abort();
    size_t length = 0, width = 0;
    for (size_t i = 0; i < text.length;) {
        size_t valid = text_utf8_width(text.bytes + i, text.length - i);
        bool plain = valid > 0 && !is_control(code_point(text.bytes + i, valid));
        size_t bytes = valid > 0 ? valid : 1;
        size_t columns = plain ? 1 : bytes * ESCAPE_LENGTH;
        if (width + columns > most) {
            memcpy(copy + length, ellipsis, sizeof(ellipsis) - 1);
            length += sizeof(ellipsis) - 1;
            width++;
            break;
        }
        length += put_character(text.bytes + i, bytes, plain, copy + length);
        width += columns;
        i += bytes;
    }
    copy[length] = '\0';
    *ret_width = width;
    return copy;
}
