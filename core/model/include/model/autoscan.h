/* The autoscan configuration of one instance and kind. */
#ifndef MODEL_AUTOSCAN_H
#define MODEL_AUTOSCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "pg/result.h"

enum { AUTOSCAN_TIMES_MAX = 24, MINUTES_PER_DAY = 1440, AUTOSCAN_TIME_LENGTH = 5 };

struct autoscan {
    bool configured; /* false: there never was a configuration, and nothing else is set */
    bool enabled;
    int time_count;
    int times[AUTOSCAN_TIMES_MAX];          /* minutes of the day, UTC, ascending */
    char first_scan_at[PG_TIME_LENGTH + 1]; /* empty where it was never set */
    int64_t interval, timeout;              /* seconds; negative where never set */
    int64_t scan_keys_count;                /* negative where never set */
    char updated_at[PG_TIME_LENGTH + 1];    /* empty where it was never configured */
    struct text options;                    /* JSON, of the row; no bytes: the defaults, or none */
};

#define AUTOSCAN_COLUMNS                                                                           \
    "a.enabled, array_to_string(a.schedule_minutes, ','), a.first_scan_at, a.interval_seconds, "   \
    "a.timeout_seconds, a.scan_keys_count, a.updated_at, a.options"

void autoscan_read(const struct pg_rows *rows, int row, int first_column,
                   struct autoscan *ret_autoscan);

/* `HH:MM`, 00:00 to 23:59, nothing else.  Returns -1 on other text. */
int autoscan_parse_time(struct text text, int *ret_minute);
void autoscan_format_time(int minute, char ret_text[AUTOSCAN_TIME_LENGTH + 1]);

/* Sorts and folds duplicates; returns how many are left. */
int autoscan_order_times(int *times, int count);

#endif
