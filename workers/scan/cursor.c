/* Circles are found as Brent's algorithm does, with one cursor remembered at every power of two of
 * steps: within three times the length of the circle and what leads to it. */
#include "cursor.h"

#include <stdio.h>
#include <string.h>

enum { EMPTY_STEPS_LEAST = 64 };

void scan_cursor_init(struct scan_cursor *cursor, int count)
{
    /* A SCAN that shows nothing has passed COUNT keys, all expired, or ten times as many buckets
     * (db.c, scanGenericCommand): twice the largest table is more than all of that. */
    int64_t longest = 2 * SCAN_KEYS_MAX / count + EMPTY_STEPS_LEAST;
    *cursor = (struct scan_cursor){.digits = "0", .seen = "0", .empty_steps_max = longest};
}

static bool is_cursor(struct text text)
{
    if (text.length == 0 || text.length > SCAN_CURSOR_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
    }
    return true;
}

int scan_cursor_resume(struct scan_cursor *cursor, int count, struct text digits)
{
    if (!is_cursor(digits))
        return -1;
    scan_cursor_init(cursor, count);
    memcpy(cursor->digits, digits.bytes, digits.length);
    cursor->digits[digits.length] = '\0';
    memcpy(cursor->seen, cursor->digits, sizeof(cursor->seen));
    return 0;
}

int scan_cursor_advance(struct scan_cursor *cursor, struct text next, size_t keys,
                        struct error *err)
{
    if (!is_cursor(next))
        return error_set(err, ERROR_REDIS_PROTOCOL, "SCAN: malformed cursor");
    memcpy(cursor->digits, next.bytes, next.length);
    cursor->digits[next.length] = '\0';
    cursor->steps++;
    cursor->empty_steps = keys > 0 ? 0 : cursor->empty_steps + 1;
    if (scan_cursor_at_end(cursor))
        return 0;
    if (strcmp(cursor->digits, cursor->seen) == 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "SCAN: cursor %s came back after %lld steps",
                         cursor->digits, (long long)cursor->steps);
    if (cursor->empty_steps > cursor->empty_steps_max)
        return error_set(err, ERROR_REDIS_PROTOCOL, "SCAN: no key and no end in %lld steps",
                         (long long)cursor->empty_steps);
    if ((cursor->steps & (cursor->steps - 1)) == 0)
        memcpy(cursor->seen, cursor->digits, sizeof(cursor->seen));
    return 0;
}

bool scan_cursor_at_end(const struct scan_cursor *cursor)
{
    return strcmp(cursor->digits, "0") == 0;
}
