/* Time, by the two clocks a program may use; calendar arithmetic without time zones. */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_ms(void)
{
    return now_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_unix_ms(void)
{
    return now_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_unix_us(void)
{
    return now_us(CLOCK_REALTIME);
}

int64_t clock_unix_seconds(void)
{
    return now_us(CLOCK_REALTIME) / 1000000;
}

static bool parse_digits(const char *text, int count, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *ret_value = value;
    return true;
}

/* Where the six numbers of a stamp stand. */
struct stamp_form {
    int year, month, day, hour, minute, second;
};

static int parse_stamp(const char *text, const struct stamp_form *form, int64_t *ret_unix_seconds)
{
    struct tm moment = {0};
    if (!parse_digits(text + form->year, 4, &moment.tm_year) ||
        !parse_digits(text + form->month, 2, &moment.tm_mon) ||
        !parse_digits(text + form->day, 2, &moment.tm_mday) ||
        !parse_digits(text + form->hour, 2, &moment.tm_hour) ||
        !parse_digits(text + form->minute, 2, &moment.tm_min) ||
        !parse_digits(text + form->second, 2, &moment.tm_sec))
        return -1;
    moment.tm_year -= 1900;
    moment.tm_mon -= 1;
    struct tm given = moment;
    time_t seconds = timegm(&moment);
    /* timegm carries what is out of range over to the next field. */
    bool unchanged = moment.tm_year == given.tm_year && moment.tm_mon == given.tm_mon &&
                     moment.tm_mday == given.tm_mday && moment.tm_hour == given.tm_hour &&
                     moment.tm_min == given.tm_min && moment.tm_sec == given.tm_sec;
    if (!unchanged)
        return -1;
    *ret_unix_seconds = seconds;
    return 0;
}

int clock_parse_basic(const char *text, int length, int64_t *ret_unix_seconds)
{
    static const struct stamp_form form = {0, 4, 6, 9, 11, 13};
    if (length != CLOCK_BASIC_LENGTH || text[8] != 'T' || text[15] != 'Z')
        return -1;
    return parse_stamp(text, &form, ret_unix_seconds);
}

int clock_parse_iso(const char *text, int length, int64_t *ret_unix_ms)
{
    enum { SECONDS_LENGTH = 19, FRACTION_MAX = 6 };
    static const struct stamp_form form = {0, 5, 8, 11, 14, 17};
    int64_t seconds;
    int milliseconds = 0, scale = 100, digits = 0;
    if (length > 0 && (text[length - 1] == 'Z' || text[length - 1] == 'z'))
        length--;
    if (length < SECONDS_LENGTH || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || parse_stamp(text, &form, &seconds) < 0)
        return -1;
    if (length > SECONDS_LENGTH) {
        if (text[SECONDS_LENGTH] != '.' || length == SECONDS_LENGTH + 1 ||
            length > SECONDS_LENGTH + 1 + FRACTION_MAX)
            return -1;
        for (int i = SECONDS_LENGTH + 1; i < length; i++, scale /= 10) {
            if (!parse_digits(text + i, 1, &digits))
                return -1;
            milliseconds += digits * scale;
        }
    }
    if (seconds < 0)
        return -1;
    *ret_unix_ms = seconds * 1000 + milliseconds;
    return 0;
}

void clock_format_basic(int64_t unix_seconds, char ret_text[CLOCK_BASIC_LENGTH + 1])
{
    struct tm moment;
    time_t seconds = (time_t)unix_seconds;
    gmtime_r(&seconds, &moment);
    strftime(ret_text, CLOCK_BASIC_LENGTH + 1, "%Y%m%dT%H%M%SZ", &moment);
}

void clock_format_iso(int64_t unix_ms, char ret_text[CLOCK_ISO_LENGTH + 1])
{
    struct tm moment;
    time_t seconds = (time_t)(unix_ms / 1000);
    gmtime_r(&seconds, &moment);
    size_t length = strftime(ret_text, CLOCK_ISO_LENGTH + 1, "%Y-%m-%dT%H:%M:%S", &moment);
    snprintf(ret_text + length, CLOCK_ISO_LENGTH + 1 - length, ".%03uZ",
             (unsigned)(unix_ms % 1000) % 1000);
}
