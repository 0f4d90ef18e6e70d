/* What targets share. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

char *fuzz_copy(struct text text)
{
    char *copy = malloc(text.length);
    if (!copy)
        abort();
    if (text.length > 0)
        memcpy(copy, text.bytes, text.length);
    return copy;
}

char *fuzz_terminated(struct text text)
{
    return text_copy(text.bytes, text.length);
}

struct text fuzz_cut(struct text *rest, char separator)
{
    const char *end = rest->length > 0 ? memchr(rest->bytes, separator, rest->length) : NULL;
    struct text part = {rest->bytes, end ? (size_t)(end - rest->bytes) : rest->length};
    size_t step = part.length + (end != NULL);
    *rest = (struct text){rest->bytes + step, rest->length - step};
    return part;
}

bool fuzz_is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.~", c) != NULL);
}

size_t fuzz_percent_encode(struct text text, bool every, char *ret_encoded)
{
    static const char digits[] = "0123456789ABCDEF";
    char *end = ret_encoded;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        if (!every && fuzz_is_unreserved(text.bytes[i])) {
            *end++ = text.bytes[i];
            continue;
        }
        *end++ = '%';
        *end++ = digits[byte >> 4];
        *end++ = digits[byte & 15];
    }
    return (size_t)(end - ret_encoded);
}
