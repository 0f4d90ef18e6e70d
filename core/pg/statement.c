/* Parameters of an execution: pointers, and a small store for values made on the way. */
#include "pg/statement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pg_parameters_init(struct pg_parameters *parameters)
{
    parameters->count = 0;
    parameters->used = 0;
}

void pg_parameters_add_reference(struct pg_parameters *parameters, const char *terminated)
{
    if (parameters->count == PG_PARAMETERS_MAX)
        abort();
    parameters->values[parameters->count++] = terminated;
}

static char *store(struct pg_parameters *parameters, size_t size)
{
    if (sizeof(parameters->storage) - parameters->used < size)
        abort();
    char *place = parameters->storage + parameters->used;
    parameters->used += size;
    pg_parameters_add_reference(parameters, place);
    return place;
}

void pg_parameters_add_integer(struct pg_parameters *parameters, int64_t number)
{
    enum { DIGITS_MAX = 24 };
    snprintf(store(parameters, DIGITS_MAX), DIGITS_MAX, "%lld", (long long)number);
}

void pg_parameters_add_boolean(struct pg_parameters *parameters, int value)
{
    pg_parameters_add_reference(parameters, value ? "t" : "f");
}

void pg_parameters_add_text(struct pg_parameters *parameters, struct text text)
{
    char *place = store(parameters, text.length + 1);
    memcpy(place, text.bytes, text.length);
    place[text.length] = '\0';
}

void pg_parameters_add_bytes(struct pg_parameters *parameters, const unsigned char *bytes,
                             size_t length)
{
    if (!bytes) {
        pg_parameters_add_reference(parameters, NULL);
        return;
    }
    char *place = store(parameters, 2 + 2 * length + 1);
    memcpy(place, "\\x", 2);
    text_format_hex(bytes, length, place + 2);
}
