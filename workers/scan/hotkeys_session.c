/* Start, look every second, take, reset.  A session is told apart by the time at which it began. */
#include "hotkeys_session.h"

#include <stdio.h>

#include "base/clock.h"
#include "redis/retry.h"

enum { LOOK_MS = 1000, NAMES_MAX = 1 << 12, BYTES_MAX = 16 << 20 };

/* What GET says.  `keys` lives until the connection's next reply. */
struct reading {
    bool found;
    int64_t active;
    int64_t began;       /* Unix ms of the server */
    int64_t duration_ms; /* so far */
    const struct redis_reply *keys;
};

static int call(struct scan_source *source, const struct text *words, int count,
                const struct redis_reply **ret_reply, struct error *err)
{
    source->commands++;
    return redis_connection_call(source->connection, words, count, ret_reply, err);
}

static int malformed(const struct scan_source *source, const char *what, struct error *err)
{
    return error_set(err, ERROR_REDIS_PROTOCOL, "%s: HOTKEYS GET: %s",
                     redis_connection_name(source->connection), what);
}

static bool are_keys(const struct redis_reply *keys)
{
    size_t bytes = 0;
    if (keys->kind != REDIS_ARRAY || keys->count % 2 != 0 || keys->count / 2 > NAMES_MAX)
        return false;
    for (size_t i = 0; i < keys->count; i += 2) {
        const struct redis_reply *name = &keys->elements[i], *time = name + 1;
        if (name->kind != REDIS_STRING || time->kind != REDIS_INTEGER || time->integer < 0)
            return false;
        bytes += name->text.length;
    }
    return bytes <= BYTES_MAX;
}

static bool take_fields(const struct redis_reply *fields, struct reading *reading)
{
    const struct {
        struct text name;
        int64_t *value;
    } numbers[] = {{TEXT("tracking-active"), &reading->active},
                   {TEXT("collection-start-time-unix-ms"), &reading->began},
                   {TEXT("collection-duration-ms"), &reading->duration_ms}};
    size_t found = 0;
    if (fields->kind != REDIS_ARRAY || fields->count % 2 != 0)
        return false;
    for (size_t i = 0; i < fields->count; i += 2) {
        const struct redis_reply *name = &fields->elements[i], *value = name + 1;
        for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++) {
            if (!redis_reply_is(name, REDIS_STRING, numbers[j].name))
                continue;
            if (value->kind != REDIS_INTEGER)
                return false;
            *numbers[j].value = value->integer;
            found++;
        }
        if (redis_reply_is(name, REDIS_STRING, TEXT("by-cpu-time-us")))
            reading->keys = value;
    }
    return found == sizeof(numbers) / sizeof(numbers[0]) &&
           (!reading->keys || are_keys(reading->keys));
}

static int get(struct scan_source *source, struct reading *ret_reading, struct error *err)
{
    const struct text words[] = {TEXT("HOTKEYS"), TEXT("GET")};
    const struct redis_reply *reply;
    *ret_reading = (struct reading){0};
    if (call(source, words, 2, &reply, err) < 0)
        return -1;
    if (reply->kind == REDIS_NIL)
        return 0;
    if (reply->kind != REDIS_ARRAY)
        return redis_connection_unexpected(source->connection, reply, "HOTKEYS GET", err);
    if (reply->count == 1)
        reply = &reply->elements[0];
    ret_reading->found = true;
    return take_fields(reply, ret_reading) ? 0 : malformed(source, "malformed reply", err);
}

/* A refused START is no failure where a session runs already; which of its errors means that is not
 * documented. */
static int is_refused(struct scan_source *source, const struct redis_reply *reply,
                      struct error *err)
{
    struct error refused = {0};
    struct reading reading;
    redis_connection_unexpected(source->connection, reply, "HOTKEYS START", &refused);
    if (reply->kind == REDIS_ERROR) {
        int status = get(source, &reading, err);
        if (status == 0 && reading.found && reading.active)
            return 0;
        if (status < 0 && err->code != ERROR_REDIS_REFUSED)
            return -1;
    }
    *err = refused;
    return -1;
}

static int start(struct scan_source *source, int seconds, bool *ret_ours, struct error *err)
{
    char count[12], duration[12];
    const struct redis_reply *reply;
    snprintf(count, sizeof(count), "%d", HOTKEYS_COUNT_MAX);
    snprintf(duration, sizeof(duration), "%d", seconds);
    const struct text words[] = {TEXT("HOTKEYS"), TEXT("START"),    TEXT("METRICS"),
                                 TEXT("1"),       TEXT("CPU"),      TEXT("COUNT"),
                                 text_of(count),  TEXT("DURATION"), text_of(duration)};
    if (call(source, words, sizeof(words) / sizeof(words[0]), &reply, err) < 0)
        return -1;
    *ret_ours = redis_reply_is(reply, REDIS_STATUS, TEXT("OK"));
    return *ret_ours ? 0 : is_refused(source, reply, err);
}

/* For a scan that is to stop, whose connection would not wait for an answer: sends only. */
static void abandon(struct scan_source *source)
{
    static const struct text words[][2] = {{{"HOTKEYS", 7}, {"STOP", 4}},
                                           {{"HOTKEYS", 7}, {"RESET", 5}}};
    struct error ignored = {0};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        redis_connection_append(source->connection, words[i], 2, &ignored);
    redis_connection_flush(source->connection);
}

/* Reads the session that *began then, or whichever there is where that is 0. */
static int look(struct scan_source *source, int64_t *began, struct reading *ret_reading,
                struct error *err)
{
    if (get(source, ret_reading, err) < 0)
        return -1;
    if (!ret_reading->found || (*began && ret_reading->began != *began))
        return error_set(err, ERROR_REDIS_REFUSED,
                         "%s: HOTKEYS: somebody has reset the session that was being read",
                         redis_connection_name(source->connection));
    *began = ret_reading->began;
    return 0;
}

/* Looks until the session that runs now has ended or has run long enough. */
static int await(struct scan_source *source, int seconds, bool ours, struct reading *ret_reading,
                 struct error *err)
{
    int64_t began = 0, wanted_ms = (int64_t)seconds * 1000;
    for (;;) {
        if (look(source, &began, ret_reading, err) < 0)
            return -1;
        int64_t left_ms = wanted_ms - ret_reading->duration_ms;
        if (!ret_reading->active || left_ms <= 0)
            return 0;
        if (redis_nap(left_ms < LOOK_MS ? left_ms : LOOK_MS, source->interrupt, err) < 0) {
            if (ours)
                abandon(source);
            return error_prefix(err, "%s", redis_connection_name(source->connection));
        }
    }
}

static int take_keys(const struct scan_source *source, const struct reading *reading,
                     struct scan_batch *batch, struct error *err)
{
    const struct redis_reply *keys = reading->keys;
    size_t bytes = 0;
    if (!keys)
        return error_set(err, ERROR_REDIS_REFUSED,
                         "%s: HOTKEYS: a session of somebody else runs without the metric CPU",
                         redis_connection_name(source->connection));
    for (size_t i = 0; i < keys->count; i += 2)
        bytes += keys->elements[i].text.length;
    scan_batch_begin(batch, 0, keys->count / 2, bytes);
    for (size_t i = 0; i < keys->count; i += 2)
        scan_batch_add(batch, keys->elements[i].text)->score = keys->elements[i + 1].integer;
    return 0;
}

/* STOP answers nil where the session has ended by itself just now. */
static int stop_and_reset(struct scan_source *source, bool active, struct error *err)
{
    static const struct text stop[] = {{"HOTKEYS", 7}, {"STOP", 4}};
    static const struct text reset[] = {{"HOTKEYS", 7}, {"RESET", 5}};
    const struct redis_reply *reply;
    if (active && call(source, stop, 2, &reply, err) < 0)
        return -1;
    if (active && reply->kind == REDIS_ERROR)
        return redis_connection_unexpected(source->connection, reply, "HOTKEYS STOP", err);
    /* An error here means that somebody has begun another session meanwhile. */
    return call(source, reset, 2, &reply, err);
}

int hotkeys_session_run(struct scan_source *source, struct scan_batch *batch, struct error *err)
{
    struct reading reading;
    bool ours;
    int64_t half_s = (source->ends - clock_monotonic_ms()) / 2000;
    int seconds = half_s < HOTKEYS_SESSION_SECONDS ? (int)half_s : HOTKEYS_SESSION_SECONDS;
    if (seconds < 1)
        seconds = 1;
    if (start(source, seconds, &ours, err) < 0)
        return -1;
    if (await(source, seconds, ours, &reading, err) < 0 ||
        take_keys(source, &reading, batch, err) < 0)
        return -1;
    return ours ? stop_and_reset(source, reading.active, err) : 0;
}
