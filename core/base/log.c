/* One JSON object per line, built in one buffer and written with one call: lines never interleave.
 */
#include "base/log.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_writer.h"

static _Atomic(enum log_level) log_threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_set_threshold(enum log_level threshold)
{
    atomic_store_explicit(&log_threshold, threshold, memory_order_relaxed);
}

int log_level_parse(const char *text, enum log_level *ret_level)
{
    for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_ERROR; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return 0;
        }
    }
    return -1;
}

bool log_limit_passes(struct log_limit *limit)
{
    int64_t now_ms = clock_monotonic_ms(), next_ms = atomic_load(&limit->next_ms);
    return now_ms >= next_ms &&
           atomic_compare_exchange_strong(&limit->next_ms, &next_ms, now_ms + LOG_LIMIT_MS);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level < atomic_load_explicit(&log_threshold, memory_order_relaxed))
        return;
    char stamp[CLOCK_ISO_LENGTH + 1];
    clock_format_iso(clock_unix_ms(), stamp);

    struct json_writer line;
    json_writer_init(&line);
    json_writer_begin_object(&line);
    json_writer_member_text(&line, "time", stamp);
    json_writer_member_text(&line, "level", level_names[level]);
    json_writer_member_text(&line, "event", event);
    for (; fields->name; fields++) {
        if (!fields->name[0])
            continue;
        if (fields->text)
            json_writer_member_text(&line, fields->name, fields->text);
        else
            json_writer_member_number(&line, fields->name, fields->number);
    }
    json_writer_end_object(&line);
    json_writer_raw(&line, "\n", 1);
    /* A log that cannot be written has nowhere to complain. */
    ssize_t ignored = write(STDERR_FILENO, line.text, line.length);
    (void)ignored;
    json_writer_release(&line);
}
