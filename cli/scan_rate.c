/* A note that says nothing new leaves the rate as it was. */
#include "scan_rate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 };

static int64_t per_second(int64_t keys, int64_t ms)
{
    return keys > 0 && ms > 0 ? (int64_t)((double)keys * 1000 / (double)ms) : 0;
}

static struct scan_note *find(struct scan_rates *rates, const char *task)
{
    for (size_t i = 0; i < rates->count; i++) {
        if (strcmp(rates->notes[i].task, task) == 0)
            return &rates->notes[i];
    }
    return NULL;
}

static struct scan_note *add(struct scan_rates *rates, const char *task)
{
    if (rates->count == rates->capacity) {
        rates->capacity = rates->capacity ? 2 * rates->capacity : FIRST_CAPACITY;
        rates->notes = realloc(rates->notes, rates->capacity * sizeof(*rates->notes));
        if (!rates->notes)
            abort();
    }
    struct scan_note *note = &rates->notes[rates->count++];
    *note = (struct scan_note){0};
    snprintf(note->task, sizeof(note->task), "%s", task);
    return note;
}

int64_t scan_rates_take(struct scan_rates *rates, const char *task, int64_t keys_seen,
                        int64_t scan_ms)
{
    struct scan_note *note = find(rates, task);
    if (!note)
        note = add(rates, task);
    if (scan_ms != note->scan_ms)
        note->rate = per_second(keys_seen - note->keys_seen, scan_ms - note->scan_ms);
    note->keys_seen = keys_seen;
    note->scan_ms = scan_ms;
    return note->rate;
}

void scan_rates_release(struct scan_rates *rates)
{
    free(rates->notes);
    *rates = (struct scan_rates){0};
}

int64_t scan_seconds_left(int64_t keys_seen, int64_t keys_total, int64_t rate)
{
    if (rate <= 0 || keys_total <= 0)
        return -1;
    return keys_seen >= keys_total ? 0 : (keys_total - keys_seen) / rate + 1;
}
