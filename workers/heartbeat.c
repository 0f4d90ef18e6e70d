/* PostgreSQL's text form of arrays: elements between commas and braces, text in quotes. */
#include "heartbeat.h"

#include <stdio.h>
#include <string.h>

#include "model/scan_task_store.h"

enum { ARRAYS = 9 };

static void all_of(struct heartbeat *beat, struct json_writer *ret_arrays[ARRAYS])
{
    struct json_writer *const arrays[ARRAYS] = {
        &beat->projects, &beat->tasks,       &beat->fences, &beat->keys_seen, &beat->keys_total,
        &beat->scan_ms,  &beat->checkpoints, &beat->rates,  &beat->progress};
    memcpy(ret_arrays, arrays, sizeof(arrays));
}

void heartbeat_init(struct heartbeat *beat)
{
    struct json_writer *arrays[ARRAYS];
    beat->count = beat->carried = 0;
    all_of(beat, arrays);
    for (int i = 0; i < ARRAYS; i++) {
        json_writer_init(arrays[i]);
        json_writer_raw(arrays[i], "{", 1);
    }
}

void heartbeat_release(struct heartbeat *beat)
{
    struct json_writer *arrays[ARRAYS];
    all_of(beat, arrays);
    for (int i = 0; i < ARRAYS; i++)
        json_writer_release(arrays[i]);
}

void heartbeat_close(struct heartbeat *beat)
{
    struct json_writer *arrays[ARRAYS];
    all_of(beat, arrays);
    for (int i = 0; i < ARRAYS; i++)
        json_writer_raw(arrays[i], "}", 1);
}

static void append_comma(struct json_writer *array)
{
    json_writer_raw(array, ",", array->length > 1);
}

static void append_word(struct json_writer *array, const char *word)
{
    append_comma(array);
    json_writer_raw(array, word, strlen(word));
}

static void append_number(struct json_writer *array, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%lld", (long long)number);
    append_word(array, digits);
}

static void append_text(struct json_writer *array, const char *text, size_t length)
{
    append_comma(array);
    json_writer_raw(array, "\"", 1);
    for (size_t from = 0; from < length;) {
        size_t plain = from;
        while (plain < length && text[plain] != '"' && text[plain] != '\\')
            plain++;
        json_writer_raw(array, text + from, plain - from);
        if (plain < length) {
            const char escaped[] = {'\\', text[plain]};
            json_writer_raw(array, escaped, sizeof(escaped));
        }
        from = plain + 1;
    }
    json_writer_raw(array, "\"", 1);
}

static void append_optional(struct json_writer *array, const char *text, size_t length)
{
    if (text)
        append_text(array, text, length);
    else
        append_word(array, "NULL");
}

bool heartbeat_has_room(const struct heartbeat *beat, size_t checkpoint_length)
{
    return beat->carried == 0 ||
           beat->checkpoints.length + checkpoint_length <= HEARTBEAT_CHECKPOINTS_MAX;
}

void heartbeat_add(struct heartbeat *beat, const struct heartbeat_entry *entry)
{
    beat->count++;
    append_word(&beat->projects, entry->project->text);
    append_word(&beat->tasks, entry->task->text);
    append_number(&beat->fences, entry->fence);
    append_number(&beat->keys_seen, entry->keys_seen);
    append_number(&beat->keys_total, entry->keys_total);
    append_number(&beat->scan_ms, entry->scan_ms);
    if (entry->keys_per_second < 0)
        append_word(&beat->rates, "NULL");
    else
        append_number(&beat->rates, entry->keys_per_second);
    append_optional(&beat->progress, entry->progress, entry->progress_length);
    append_optional(&beat->checkpoints, entry->checkpoint, entry->checkpoint_length);
    beat->carried += entry->checkpoint != NULL;
}

static void add_leases(const struct heartbeat *beat, struct pg_parameters *parameters)
{
    pg_parameters_add_reference(parameters, beat->projects.text);
    pg_parameters_add_reference(parameters, beat->tasks.text);
    pg_parameters_add_reference(parameters, beat->fences.text);
}

int heartbeat_renew(const struct heartbeat *beat, struct pg_session *session, const char *owner,
                    int64_t lease_seconds, struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, owner);
    pg_parameters_add_integer(&parameters, lease_seconds);
    add_leases(beat, &parameters);
    pg_parameters_add_reference(&parameters, beat->keys_seen.text);
    pg_parameters_add_reference(&parameters, beat->keys_total.text);
    pg_parameters_add_reference(&parameters, beat->scan_ms.text);
    pg_parameters_add_reference(&parameters, beat->checkpoints.text);
    return pg_session_execute(session, &scan_task_renew, &parameters, ret_rows, err);
}

int heartbeat_tell(const struct heartbeat *beat, struct pg_session *session,
                   struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    add_leases(beat, &parameters);
    pg_parameters_add_reference(&parameters, beat->keys_seen.text);
    pg_parameters_add_reference(&parameters, beat->keys_total.text);
    pg_parameters_add_reference(&parameters, beat->scan_ms.text);
    pg_parameters_add_reference(&parameters, beat->rates.text);
    pg_parameters_add_reference(&parameters, beat->progress.text);
    return pg_session_execute(session, &scan_task_tell, &parameters, ret_rows, err);
}

int heartbeat_check(const struct heartbeat *beat, struct pg_session *session,
                    struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    add_leases(beat, &parameters);
    return pg_session_execute(session, &scan_task_check, &parameters, ret_rows, err);
}

bool heartbeat_answer_has(const struct pg_rows *rows, const struct uuid *task, int64_t fence)
{
    for (int row = 0; row < rows->row_count; row++) {
        if (strcmp(pg_rows_string(rows, row, SCAN_TASK_KEPT_ID), task->text) == 0 &&
            pg_rows_integer(rows, row, SCAN_TASK_KEPT_FENCE) == fence)
            return true;
    }
    return false;
}
