/* What is written is a carriage return, the line, and `erase to the end of the line` (ECMA-48, EL),
 * one write for each, so that nothing else is torn. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_MOST = 40, BAR_LEAST = 10, SILENT_MS = 1000, WIDTH_DEFAULT = 80, FIELD_MAX = 80 };
enum { FIELD_PERCENT, FIELD_KEYS, FIELD_RATE, FIELD_LEFT, FIELD_SHARDS, FIELD_PAUSES, FIELD_COUNT };

#define ERASE "\033[K"

void progress_format_count(int64_t number, char ret_text[PROGRESS_COUNT_MAX + 1])
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%lld", (long long)number);
    char *end = ret_text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            *end++ = ',';
        *end++ = digits[i];
    }
    *end = '\0';
}

/* Keys a second.  No server is that fast; the bound keeps the number representable. */
static int64_t rate_of(const struct progress_numbers *numbers)
{
    const double most = 1e15;
    if (numbers->has_rate)
        return numbers->keys_per_second;
    if (numbers->elapsed_ms <= 0)
        return 0;
    double rate = (double)numbers->keys_seen * 1000 / (double)numbers->elapsed_ms;
    return (int64_t)(rate < most ? rate : most);
}

/* SCAN may show a key twice, and keys are added: never more than all of them. */
int progress_percent(int64_t keys_seen, int64_t keys_total)
{
    if (keys_seen >= keys_total)
        return 100;
    return (int)((double)keys_seen * 100 / (double)keys_total);
}

static int percent_of(const struct progress_numbers *numbers)
{
    return progress_percent(numbers->keys_seen, numbers->keys_total);
}

void progress_format_seconds(int64_t seconds, char *ret_text, size_t size)
{
    if (seconds < 3600)
        snprintf(ret_text, size, "%lld:%02lld", (long long)(seconds / 60),
                 (long long)(seconds % 60));
    else
        snprintf(ret_text, size, "%lld:%02lld:%02lld", (long long)(seconds / 3600),
                 (long long)(seconds / 60 % 60), (long long)(seconds % 60));
}

static void format_left(const struct progress_numbers *numbers, char ret_text[FIELD_MAX])
{
    int64_t rate = rate_of(numbers), keys = numbers->keys_total - numbers->keys_seen;
    if (rate == 0 || keys <= 0)
        return;
    char left[FIELD_MAX / 2];
    progress_format_seconds(keys / rate + 1, left, sizeof(left));
    snprintf(ret_text, FIELD_MAX, "  %s left", left);
}

static void format_fields(const struct progress_numbers *numbers,
                          char ret_fields[FIELD_COUNT][FIELD_MAX])
{
    char seen[PROGRESS_COUNT_MAX + 1], total[PROGRESS_COUNT_MAX + 1], rate[PROGRESS_COUNT_MAX + 1];
    progress_format_count(numbers->keys_seen, seen);
    progress_format_count(numbers->keys_total, total);
    progress_format_count(rate_of(numbers), rate);
    snprintf(ret_fields[FIELD_PERCENT], FIELD_MAX, "%3d%%", percent_of(numbers));
    snprintf(ret_fields[FIELD_KEYS], FIELD_MAX, "  %s of %s keys", seen, total);
    if (numbers->silent_ms >= SILENT_MS) {
        snprintf(ret_fields[FIELD_RATE], FIELD_MAX, "  waiting");
    } else {
        snprintf(ret_fields[FIELD_RATE], FIELD_MAX, "  %s keys/s", rate);
        format_left(numbers, ret_fields[FIELD_LEFT]);
    }
    if (numbers->shards > 0)
        snprintf(ret_fields[FIELD_SHARDS], FIELD_MAX, "  %lld/%lld shards",
                 (long long)numbers->shards_done, (long long)numbers->shards);
    if (numbers->pause)
        snprintf(ret_fields[FIELD_PAUSES], FIELD_MAX, "  pauses (%.16s)", numbers->pause);
    else if (numbers->pauses > 0)
        snprintf(ret_fields[FIELD_PAUSES], FIELD_MAX, "  %lld pause%s", (long long)numbers->pauses,
                 numbers->pauses == 1 ? "" : "s");
}

/* `[####------] `, with what the text leaves of the width; nothing where that is too little. */
static char *put_bar(const struct progress_numbers *numbers, size_t room, char *end)
{
    enum { FRAME = sizeof("[] ") - 1 };
    size_t cells = room < FRAME ? 0 : room - FRAME;
    if (cells < BAR_LEAST)
        return end;
    cells = cells > BAR_MOST ? BAR_MOST : cells;
    size_t filled = cells * (size_t)percent_of(numbers) / 100;
    *end++ = '[';
    memset(end, '#', filled);
    memset(end + filled, '-', cells - filled);
    end += cells;
    *end++ = ']';
    *end++ = ' ';
    return end;
}

void progress_format(const struct progress_numbers *numbers, int width,
                     char ret_line[PROGRESS_LINE_MAX + 1])
{
    char fields[FIELD_COUNT][FIELD_MAX] = {{0}};
    size_t room = width < 0 ? 0 : (size_t)width, used = 0;
    room = room > PROGRESS_LINE_MAX ? PROGRESS_LINE_MAX : room;
    if (numbers->keys_total == 0) {
        snprintf(ret_line, room + 1, "waiting for the server");
        return;
    }
    format_fields(numbers, fields);
    int count = 0;
    while (count < FIELD_COUNT && used + strlen(fields[count]) <= room)
        used += strlen(fields[count++]);
    char *end = put_bar(numbers, room - used, ret_line);
    for (int i = 0; i < count; i++) {
        size_t length = strlen(fields[i]);
        memcpy(end, fields[i], length);
        end += length;
    }
    *end = '\0';
}

/* The last column stays free: a terminal may turn the line there. */
static int find_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH_DEFAULT - 1;
    return size.ws_col - 1;
}

static void draw(const char *line)
{
    char output[PROGRESS_LINE_MAX + sizeof("\r" ERASE)];
    int length = snprintf(output, sizeof(output), "\r%s" ERASE, line);
    /* A terminal that is gone is no reason to fail. */
    if (write(STDERR_FILENO, output, (size_t)length) < 0)
        return;
}

void progress_begin(struct progress *progress, bool wanted)
{
    const char *terminal = getenv("TERM");
    bool dumb = !terminal || strcmp(terminal, "dumb") == 0;
    *progress = (struct progress){.shown = wanted && isatty(STDERR_FILENO) && !dumb};
    progress->started = progress->heard = clock_monotonic_ms();
}

void progress_tick(struct progress *progress)
{
    int64_t now = clock_monotonic_ms();
    char line[PROGRESS_LINE_MAX + 1];
    if (!progress->shown || now - progress->drawn < PROGRESS_REDRAW_MS)
        return;
    progress->drawn = now;
    progress->numbers.elapsed_ms = now - progress->started;
    progress->numbers.silent_ms = now - progress->heard;
    progress_format(&progress->numbers, find_width(), line);
    draw(line);
}

void progress_take(struct progress *progress, int64_t keys_seen, int64_t keys_total, int64_t pauses)
{
    if (keys_seen != progress->numbers.keys_seen)
        progress->heard = clock_monotonic_ms();
    progress->numbers.keys_seen = keys_seen;
    progress->numbers.keys_total = keys_total;
    progress->numbers.pauses = pauses;
    progress_tick(progress);
}

void progress_put(struct progress *progress, const struct progress_numbers *numbers)
{
    char line[PROGRESS_LINE_MAX + 1];
    progress->numbers = *numbers;
    progress_format(numbers, find_width(), line);
    progress_say(progress, line);
}

void progress_say(struct progress *progress, const char *text)
{
    char line[PROGRESS_LINE_MAX + 1];
    int width = find_width();
    if (!progress->shown)
        return;
    progress->drawn = clock_monotonic_ms();
    snprintf(line, sizeof(line), "%.*s", width > 0 ? width : 0, text);
    draw(line);
}

void progress_end(struct progress *progress)
{
    if (progress->shown && progress->drawn > 0)
        draw("");
    progress->shown = false;
}
