/* dcsctl task watch: until the task has ended.  What a person sees of it meanwhile goes to standard
 * error, so that standard output holds the task alone. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "interrupt.h"
#include "model/scan_task_store.h"
#include "printable.h"
#include "progress.h"
#include "task.h"
#include "watcher.h"

/* Workers write down every few seconds how far they are. */
enum { INTERVAL_SECONDS = 1, SILENT_MS = 15000, LINE_EVERY_MS = 10000, LINE_WIDTH = 79 };

struct watch {
    struct progress progress;
    bool wanted;
    struct progress_numbers numbers;
    int64_t moved_ms; /* when keys_seen changed last */
    char line[PROGRESS_LINE_MAX + 1];
    char state[PROGRESS_LINE_MAX + 1]; /* of the last line, where there is no terminal */
    int64_t line_ms;
};

/* Where a worker has it, by its name; else why none has.  Returns whether one has. */
static bool describe(const struct pg_rows *rows, enum scan_status status,
                     char ret_state[PROGRESS_LINE_MAX + 1])
{
    const char *owner = pg_rows_string(rows, 0, SCAN_TASK_SURVEY_OWNER);
    const int64_t attempt = pg_rows_integer(rows, 0, SCAN_TASK_SURVEY_ATTEMPT);
    if (status == SCAN_STATUS_RUNNING && owner) {
        size_t width;
        SCOPED(scope_free)
        char *name = printable_copy(text_of(owner), PROGRESS_LINE_MAX / 2, &width);
        snprintf(ret_state, PROGRESS_LINE_MAX + 1, "running on %s, attempt %lld", name,
                 (long long)attempt);
        return true;
    }
    if (status == SCAN_STATUS_RUNNING && pg_rows_string(rows, 0, SCAN_TASK_SURVEY_LAST_ERROR))
        snprintf(ret_state, PROGRESS_LINE_MAX + 1,
                 "attempt %lld failed, to be tried again; 'dcsctl task show' says why",
                 (long long)attempt);
    else
        snprintf(ret_state, PROGRESS_LINE_MAX + 1, "waiting for a worker");
    return false;
}

static int64_t told(const struct pg_rows *rows, int column)
{
    return pg_rows_integer(rows, 0, SCAN_TASK_SURVEY_TOLD + column);
}

/* It outlives the rows. */
static const char *pause_name(const struct pg_rows *rows)
{
    static const char *const names[] = {"guard", "ceiling"};
    struct text pause = pg_rows_text(rows, 0, SCAN_TASK_SURVEY_TOLD + SCAN_TASK_TOLD_PAUSE);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equals(pause, text_of(names[i])))
            return names[i];
    }
    return NULL;
}

static void take_numbers(struct watch *watch, const struct pg_rows *rows)
{
    const int64_t now = clock_monotonic_ms();
    const int64_t seen = pg_rows_integer(rows, 0, SCAN_TASK_SURVEY_KEYS_SEEN);
    if (seen != watch->numbers.keys_seen || watch->moved_ms == 0)
        watch->moved_ms = now;
    const int64_t silent = now - watch->moved_ms;
    watch->numbers = (struct progress_numbers){
        .keys_seen = seen,
        .keys_total = pg_rows_integer(rows, 0, SCAN_TASK_SURVEY_KEYS_TOTAL),
        .elapsed_ms = pg_rows_integer(rows, 0, SCAN_TASK_SURVEY_SCAN_MS),
        .silent_ms = silent > SILENT_MS ? silent : 0,
        .pauses = told(rows, SCAN_TASK_TOLD_PAUSES),
        .pause = pause_name(rows),
        .has_rate =
            !pg_rows_is_null(rows, 0, SCAN_TASK_SURVEY_TOLD + SCAN_TASK_TOLD_KEYS_PER_SECOND),
        .keys_per_second = told(rows, SCAN_TASK_TOLD_KEYS_PER_SECOND),
        .shards_done = told(rows, SCAN_TASK_TOLD_SHARDS_DONE),
        .shards = told(rows, SCAN_TASK_TOLD_SHARDS),
    };
}

/* A line where something is new: who has it, or after a while how far it is. */
static void say_plainly(struct watch *watch, const char *state, bool runs)
{
    const int64_t now = clock_monotonic_ms();
    if (strcmp(state, watch->state) != 0) {
        snprintf(watch->state, sizeof(watch->state), "%s", state);
        fprintf(stderr, "%s\n", state);
        watch->line_ms = now;
    } else if (runs && now - watch->line_ms >= LINE_EVERY_MS) {
        progress_format(&watch->numbers, LINE_WIDTH, watch->line);
        fprintf(stderr, "%s\n", watch->line);
        watch->line_ms = now;
    }
}

static void say(struct watch *watch, const struct pg_rows *rows, enum scan_status status)
{
    char state[PROGRESS_LINE_MAX + 1];
    const bool runs = describe(rows, status, state);
    take_numbers(watch, rows);
    if (watch->progress.shown && runs)
        progress_put(&watch->progress, &watch->numbers);
    else if (watch->progress.shown)
        progress_say(&watch->progress, state);
    else if (watch->wanted)
        say_plainly(watch, state, runs);
}

/* Writes the task that has ended. */
static int finish(struct cli *cli, const struct pg_rows *rows, enum scan_status status,
                  struct error *err)
{
    if (task_write(cli, rows, err) < 0)
        return -1;
    if (status == SCAN_STATUS_FAILED)
        return error_set(err, ERROR_TASK_STATE, "the task failed: %s",
                         pg_rows_string(rows, 0, SCAN_TASK_SURVEY_FAILURE));
    return 0;
}

/* Returns 1 where the task has ended, 0 where it goes on. */
static int look(struct cli *cli, struct watch *watch, const struct uuid *id, struct error *err)
{
    struct scan_task task;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (task_find(cli, id, &rows, err) < 0)
        return -1;
    scan_task_read(&rows, 0, 0, &task);
    if (task.status == SCAN_STATUS_WAITING || task.status == SCAN_STATUS_RUNNING) {
        say(watch, &rows, task.status);
        return 0;
    }
    progress_end(&watch->progress);
    return finish(cli, &rows, task.status, err) < 0 ? -1 : 1;
}

static int look_until_it_ends(struct cli *cli, struct watch *watch, const struct uuid *id,
                              int64_t interval_ms, struct error *err)
{
    bool seen = false;
    do {
        struct error failure = {0};
        int status = look(cli, watch, id, &failure);
        if (status > 0)
            return 0;
        if (status < 0 && !(seen && watcher_goes_on(&failure))) {
            *err = failure;
            if (seen && failure.code == ERROR_NOT_FOUND) {
                error_clear(err);
                error_set(err, ERROR_NOT_FOUND, "the task was deleted");
            }
            return -1;
        }
        if (status < 0)
            progress_say(&watch->progress, "the database does not answer; it is asked again");
        seen = true;
    } while (watcher_rest(interval_ms));
    return error_set(err, ERROR_SCAN_CANCELLED, "interrupted; the task goes on");
}

int command_task_watch(struct cli *cli, struct error *err)
{
    SCOPED(watcher_release) struct cli watcher;
    struct watch watch = {.wanted = !arguments_have(cli->arguments, OPTION_NO_PROGRESS)};
    struct uuid id;
    int64_t interval_ms;
    watcher_init(&watcher, cli);
    if (task_word(cli, &id, err) < 0 ||
        interval_option(cli->arguments, INTERVAL_SECONDS, &interval_ms, err) < 0)
        return -1;
    interrupt_listen();
    progress_begin(&watch.progress, watch.wanted);
    int status = look_until_it_ends(&watcher, &watch, &id, interval_ms, err);
    progress_end(&watch.progress);
    return status;
}
