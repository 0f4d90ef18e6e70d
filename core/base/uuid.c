/* UUIDs as text in one canonical form, so that equal ids are equal strings. */
#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

static void format(const unsigned char bytes[16], struct uuid *ret_uuid)
{
    char digits[UUID_HEX_LENGTH + 1];
    text_format_hex(bytes, 16, digits);
    static const struct {
        int from, to, length;
    } groups[] = {{0, 0, 8}, {8, 9, 4}, {12, 14, 4}, {16, 19, 4}, {20, 24, 12}};
    memset(ret_uuid->text, '-', UUID_TEXT_LENGTH);
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        memcpy(ret_uuid->text + groups[i].to, digits + groups[i].from, (size_t)groups[i].length);
    ret_uuid->text[UUID_TEXT_LENGTH] = '\0';
}

/* A generator's call costs as much as hashing a request, however few bytes it is for. */
static void draw(unsigned char ret_bytes[16])
{
    static _Thread_local struct {
        unsigned char bytes[16 * 64];
        size_t used;
    } pool = {.used = sizeof(pool.bytes)};
    if (pool.used == sizeof(pool.bytes)) {
        if (RAND_bytes(pool.bytes, sizeof(pool.bytes)) != 1)
            abort();
        pool.used = 0;
    }
    memcpy(ret_bytes, pool.bytes + pool.used, 16);
    pool.used += 16;
}

void uuid_generate(struct uuid *ret_uuid)
{
    unsigned char bytes[16];
    draw(bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    format(bytes, ret_uuid);
}

int uuid_parse(struct text text, struct uuid *ret_uuid)
{
    if (text.length != UUID_TEXT_LENGTH)
        return -1;
    char digits[UUID_HEX_LENGTH];
    int count = 0;
    for (int i = 0; i < UUID_TEXT_LENGTH; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text.bytes[i] == '-'))
            return -1;
        if (!dash)
            digits[count++] = text.bytes[i];
    }
    return uuid_parse_any((struct text){digits, sizeof(digits)}, ret_uuid);
}

int uuid_parse_any(struct text text, struct uuid *ret_uuid)
{
    if (text.length != UUID_HEX_LENGTH)
        return uuid_parse(text, ret_uuid);
    unsigned char bytes[16];
    if (text_parse_hex(text.bytes, bytes, sizeof(bytes)) < 0)
        return -1;
    format(bytes, ret_uuid);
    return 0;
}

void uuid_format_hex(const struct uuid *uuid, char ret_digits[UUID_HEX_LENGTH + 1])
{
    for (const char *c = uuid->text; *c; c++) {
        if (*c != '-')
            *ret_digits++ = *c;
    }
    *ret_digits = '\0';
}
