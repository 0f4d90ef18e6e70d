/* Time: a monotonic clock for durations and deadlines, and the wall clock for stamps.  Any thread.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps; the zero is arbitrary. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* Seconds, milliseconds and microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_unix_seconds(void);
int64_t clock_unix_ms(void);
int64_t clock_unix_us(void);

enum { CLOCK_BASIC_LENGTH = 16, CLOCK_ISO_LENGTH = 24 };

/* `YYYYMMDDTHHMMSSZ`, as X-Sdk-Date has it.  Returns -1 where the text is not exactly that.  What
 * is formatted is of the years 1000 to 9999. */
int clock_parse_basic(const char *text, int length, int64_t *ret_unix_seconds);
void clock_format_basic(int64_t unix_seconds, char ret_text[CLOCK_BASIC_LENGTH + 1]);

/* `YYYY-MM-DDTHH:mm:ss.SSSZ`, as the API's bodies have it. */
void clock_format_iso(int64_t unix_ms, char ret_text[CLOCK_ISO_LENGTH + 1]);

/* `YYYY-MM-DDTHH:mm:ss[.S to .SSSSSS][Z|z]`, UTC with or without the letter.  Digits past the third
 * are cut off.  Returns -1 where the text is not that, no such moment exists, or it is before 1970.
 */
int clock_parse_iso(const char *text, int length, int64_t *ret_unix_ms);

#endif
