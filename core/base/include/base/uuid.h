/* Identifiers: RFC 9562 version 4 UUIDs, made by the program. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/text.h"

enum { UUID_TEXT_LENGTH = 36, UUID_HEX_LENGTH = 32 };

/* The 36-character form, lower case, terminated. */
struct uuid {
    char text[UUID_TEXT_LENGTH + 1];
};

/* From the operating system's generator; aborts where there is none.  Any thread. */
void uuid_generate(struct uuid *ret_uuid);

/* Takes the form with dashes only.  Returns -1 on anything else. */
int uuid_parse(struct text text, struct uuid *ret_uuid);

/* Takes 32 hex digits as well, as project ids are written. */
int uuid_parse_any(struct text text, struct uuid *ret_uuid);

/* 32 digits without dashes, as project ids are shown. */
void uuid_format_hex(const struct uuid *uuid, char ret_digits[UUID_HEX_LENGTH + 1]);

#endif
