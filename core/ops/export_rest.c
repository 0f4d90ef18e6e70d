#include "export_rest.h"

void export_rest_clear(struct export_rest *rest)
{
    *rest = (struct export_rest){0};
}

static int64_t length_of(int failures, int64_t least_ms)
{
    int64_t length_ms = least_ms;
    for (int i = 1; i < failures && length_ms < EXPORT_REST_MOST_MS; i++)
        length_ms = length_ms * 2 < EXPORT_REST_MOST_MS ? length_ms * 2 : EXPORT_REST_MOST_MS;
    return length_ms;
}

void export_rest_begin(struct export_rest *rest, int64_t now_ms, int64_t least_ms, int64_t asked_ms,
                       int64_t chance)
{
    rest->failures++;
    rest->is_asked_for = asked_ms > 0;
    int64_t own_ms = length_of(rest->failures, least_ms);
    int64_t by_chance_ms = (int64_t)((uint64_t)chance % (uint64_t)(own_ms / 2 + 1));
    own_ms = own_ms - own_ms / 4 + by_chance_ms;
    rest->until_ms = now_ms + (rest->is_asked_for ? asked_ms : own_ms);
}
