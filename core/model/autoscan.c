/* The value of an autoscan configuration, as a row has it. */
#include "model/autoscan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_times(struct text text, struct autoscan *autoscan)
{
    while (text.length > 0 && autoscan->time_count < AUTOSCAN_TIMES_MAX) {
        const char *comma = memchr(text.bytes, ',', text.length);
        size_t length = comma ? (size_t)(comma - text.bytes) : text.length;
        int64_t minute = 0;
        text_parse_integer((struct text){text.bytes, length}, &minute);
        autoscan->times[autoscan->time_count++] = (int)minute;
        size_t step = comma ? length + 1 : length;
        text = (struct text){text.bytes + step, text.length - step};
    }
}

static int64_t read_number(const struct pg_rows *rows, int row, int column)
{
    return pg_rows_is_null(rows, row, column) ? -1 : pg_rows_integer(rows, row, column);
}

static void read_time(const struct pg_rows *rows, int row, int column, char *ret_text)
{
    if (pg_rows_time(rows, row, column, ret_text) < 0)
        ret_text[0] = '\0';
}

void autoscan_read(const struct pg_rows *rows, int row, int first_column,
                   struct autoscan *ret_autoscan)
{
    int c = first_column;
    *ret_autoscan = (struct autoscan){
        .configured = !pg_rows_is_null(rows, row, c),
        .enabled = pg_rows_boolean(rows, row, c),
        .interval = read_number(rows, row, c + 3),
        .timeout = read_number(rows, row, c + 4),
        .scan_keys_count = read_number(rows, row, c + 5),
    };
    if (!pg_rows_is_null(rows, row, c + 7))
        ret_autoscan->options = pg_rows_text(rows, row, c + 7);
    read_times(pg_rows_text(rows, row, c + 1), ret_autoscan);
    read_time(rows, row, c + 2, ret_autoscan->first_scan_at);
    read_time(rows, row, c + 6, ret_autoscan->updated_at);
}

static int two_digits(const char *text)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return -1;
    return (text[0] - '0') * 10 + (text[1] - '0');
}

int autoscan_parse_time(struct text text, int *ret_minute)
{
    if (text.length != AUTOSCAN_TIME_LENGTH || text.bytes[2] != ':')
        return -1;
    int hour = two_digits(text.bytes), minute = two_digits(text.bytes + 3);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return -1;
    *ret_minute = hour * 60 + minute;
    return 0;
}

void autoscan_format_time(int minute, char ret_text[AUTOSCAN_TIME_LENGTH + 1])
{
    unsigned in_day = (unsigned)minute % MINUTES_PER_DAY;
    snprintf(ret_text, AUTOSCAN_TIME_LENGTH + 1, "%02u:%02u", in_day / 60 % 24, in_day % 60);
}

static int compare(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

int autoscan_order_times(int *times, int count)
{
    int kept = 0;
    qsort(times, (size_t)count, sizeof(*times), compare);
    for (int i = 0; i < count; i++) {
        if (kept == 0 || times[kept - 1] != times[i])
            times[kept++] = times[i];
    }
    return kept;
}
