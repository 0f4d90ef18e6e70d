/* A line that says how far a scan is, drawn over itself on a terminal and gone at its end.
 *
 * Nothing is written unless standard error is a terminal.  One thread. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_LINE_MAX = 255, PROGRESS_REDRAW_MS = 100 };

struct progress_numbers {
    int64_t keys_seen;
    int64_t keys_total; /* 0: not known yet */
    int64_t elapsed_ms;
    int64_t silent_ms; /* since keys came last */
    int64_t pauses;
    const char *pause; /* why it pauses now; null: it does not, or that is not known */
    bool has_rate;     /* of the last few seconds; else it is what there was on average */
    int64_t keys_per_second;
    int64_t shards_done, shards; /* of a cluster; 0: it is none, or that is not known */
};

struct progress {
    bool shown;
    struct progress_numbers numbers;
    int64_t started, heard, drawn; /* monotonic ms */
};

/* A line of at most width columns, ASCII and terminated: a bar, the percentage, the keys, their
 * rate, the time that is left, shards, pauses.  Where it is too narrow the last ones are left out.
 */
void progress_format(const struct progress_numbers *numbers, int width,
                     char ret_line[PROGRESS_LINE_MAX + 1]);

/* 1234567 as `1,234,567`. */
enum { PROGRESS_COUNT_MAX = 27 };
void progress_format_count(int64_t number, char ret_text[PROGRESS_COUNT_MAX + 1]);

/* Of keys that were seen, of all: 0 to 100. */
int progress_percent(int64_t keys_seen, int64_t keys_total);

/* 75 as `1:15`, 3675 as `1:01:15`. */
void progress_format_seconds(int64_t seconds, char *ret_text, size_t size);

void progress_begin(struct progress *progress, bool wanted);

/* There are new numbers, or time has passed; redraws at most every PROGRESS_REDRAW_MS. */
void progress_take(struct progress *progress, int64_t keys_seen, int64_t keys_total,
                   int64_t pauses);
void progress_tick(struct progress *progress);

/* The same for a scan that runs elsewhere, whose numbers are all known to the caller; and words
 * instead of numbers.  Each is drawn at once. */
void progress_put(struct progress *progress, const struct progress_numbers *numbers);
void progress_say(struct progress *progress, const char *text);

/* Leaves nothing on the line. */
void progress_end(struct progress *progress);

#endif
