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

int clock_parse_basic(const char *text, int length, int64_t *ret_unix_seconds)
{
    struct tm moment = {0};
    if (length != CLOCK_BASIC_LENGTH || text[8] != 'T' || text[15] != 'Z')
        return -1;
    if (!parse_digits(text, 4, &moment.tm_year) || !parse_digits(text + 4, 2, &moment.tm_mon) ||
        !parse_digits(text + 6, 2, &moment.tm_mday) || !parse_digits(text + 9, 2, &moment.tm_hour) ||
        !parse_digits(text + 11, 2, &moment.tm_min) || !parse_digits(text + 13, 2, &moment.tm_sec))
        return -1;
    struct tm given = moment;
    moment.tm_year -= 1900;
    moment.tm_mon -= 1;
    time_t seconds = timegm(&moment);
    bool unchanged = moment.tm_year + 1900 == given.tm_year && moment.tm_mon + 1 == given.tm_mon &&
                     moment.tm_mday == given.tm_mday && moment.tm_hour == given.tm_hour &&
                     moment.tm_min == given.tm_min && moment.tm_sec == given.tm_sec;
    if (!unchanged)
        return -1;
    *ret_unix_seconds = seconds;
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
