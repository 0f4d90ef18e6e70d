/* Logging: one JSON object per line on standard error.  Any thread; a line is written whole.
 *
 * A line has "time", "level", "event" (a fixed snake_case word, the thing to search for) and the
 * fields given.  Values are escaped, so input cannot forge a line; never pass a secret or a key's
 * name.
 *
 *     LOG_INFO("task_claimed", LOG_TEXT("task", id), LOG_NUMBER("attempt", attempt));
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log_field {
    const char *name; /* null ends the list; an empty one is left out */
    const char *text; /* null: the number counts */
    int64_t number;
};

#define LOG_TEXT(name, value) ((struct log_field){(name), (value) ? (value) : "", 0})
#define LOG_NUMBER(name, value) ((struct log_field){(name), NULL, (value)})
/* Left out where the value, terminated text, is empty. */
#define LOG_TEXT_IF(name, value) ((struct log_field){(value)[0] ? (name) : "", (value), 0})
#define LOG_ERROR_FIELDS(err)                                                                      \
    LOG_TEXT("error", error_describe((err)->code)->symbol), LOG_TEXT("reason", (err)->text)

#define LOG_AT(level, event, ...)                                                                  \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
#define LOG_DEBUG(event, ...) LOG_AT(LOG_LEVEL_DEBUG, event __VA_OPT__(, ) __VA_ARGS__)
#define LOG_INFO(event, ...) LOG_AT(LOG_LEVEL_INFO, event __VA_OPT__(, ) __VA_ARGS__)
#define LOG_WARNING(event, ...) LOG_AT(LOG_LEVEL_WARNING, event __VA_OPT__(, ) __VA_ARGS__)
#define LOG_ERROR(event, ...) LOG_AT(LOG_LEVEL_ERROR, event __VA_OPT__(, ) __VA_ARGS__)

/* Lines below the threshold are dropped.  Any thread; the default is INFO. */
void log_set_threshold(enum log_level threshold);

/* `debug`, `info`, `warning`, `error`; returns -1 on any other text. */
int log_level_parse(const char *text, enum log_level *ret_level);

/* For what anybody can bring about as often as they like.  Zeroed before use; any thread. */
struct log_limit {
    _Atomic int64_t next_ms;
};

enum { LOG_LIMIT_MS = 60000 };

/* Whether the last time it was true is LOG_LIMIT_MS ago, or it never was. */
bool log_limit_passes(struct log_limit *limit);

void log_write(enum log_level level, const char *event, const struct log_field *fields);

#endif
