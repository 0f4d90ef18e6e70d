/* The failure table and the one way to fill an error object: the first failure wins. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct error_description descriptions[] = {
    [ERROR_NONE] = {"NONE", 500, "DCS.5000", "Internal service error.", false},
#define X(symbol, status, code, message, retryable)                                                \
    [ERROR_##symbol] = {#symbol, status, code, message, retryable},
#include "base/error.def"
#undef X
};

const struct error_description *error_describe(enum error_code code)
{
    if ((int)code <= ERROR_NONE || code >= ERROR_CODE_COUNT)
        return &descriptions[ERROR_INTERNAL];
    return &descriptions[code];
}

enum error_code error_find(const char *symbol)
{
    for (int code = ERROR_NONE + 1; symbol && code < ERROR_CODE_COUNT; code++) {
        if (strcmp(descriptions[code].symbol, symbol) == 0)
            return (enum error_code)code;
    }
    return ERROR_NONE;
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (err->code != ERROR_NONE)
        return -1;
    err->code = code;
    err->public_argument[0] = '\0';
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    return -1;
}

int error_set_public(struct error *err, enum error_code code, const char *format, ...)
{
    if (err->code != ERROR_NONE)
        return -1;
    err->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->public_argument, sizeof(err->public_argument), format, arguments);
    va_end(arguments);
    snprintf(err->text, sizeof(err->text), "%s", err->public_argument);
    return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length < 0 || length >= (int)sizeof(text))
        return -1;
    int room = (int)sizeof(text) - length - (int)sizeof(": ");
    snprintf(text + length, sizeof(text) - (size_t)length, ": %.*s", room > 0 ? room : 0,
             err->text);
    memcpy(err->text, text, sizeof(text));
    return -1;
}

void error_public_message(const struct error *err, char *ret_message, int size)
{
    const char *message = error_describe(err->code)->public_message;
    const char *place = strstr(message, "{0}");
    if (!place)
        snprintf(ret_message, (size_t)size, "%s", message);
    else
        snprintf(ret_message, (size_t)size, "%.*s%s%s", (int)(place - message), message,
                 err->public_argument, place + strlen("{0}"));
}

void error_clear(struct error *err)
{
    err->code = ERROR_NONE;
    err->public_argument[0] = '\0';
    err->text[0] = '\0';
}
