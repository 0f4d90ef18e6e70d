/* The error object: one per call chain, filled by the first failure, logged once where it stops.
 *
 * A function that can fail takes `struct error *err` last and returns 0 or a negative number; on a
 * negative return err holds what happened.  `public_argument` may be shown to the caller of the
 * API; `text` is for logs and operators only.  A struct error is a plain value: no ownership, any
 * thread. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

enum error_code {
    ERROR_NONE = 0,
#define X(symbol, status, code, message, retryable) ERROR_##symbol,
#include "base/error.def"
#undef X
    ERROR_CODE_COUNT
};

enum { ERROR_TEXT_MAX = 512, ERROR_ARGUMENT_MAX = 256 };

struct error {
    enum error_code code;
    char public_argument[ERROR_ARGUMENT_MAX]; /* stands for {0} in the public message */
    char text[ERROR_TEXT_MAX];
};

struct error_description {
    const char *symbol;
    int http_status;
    const char *public_code;
    const char *public_message;
    bool retryable;
};

/* Never null; ERROR_NONE and values outside the table describe ERROR_INTERNAL. */
const struct error_description *error_describe(enum error_code code);

/* ERROR_NONE where no failure has that symbol; null is none. */
enum error_code error_find(const char *symbol);

/* Fills err unless an earlier failure is there already, and returns -1.  The text is truncated. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failure whose text the caller of the API may read: it becomes {0} as well. */
int error_set_public(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text, to say what was being done; returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the public message with {0} replaced; always terminated, truncated to size. */
void error_public_message(const struct error *err, char *ret_message, int size);

void error_clear(struct error *err);

#endif
