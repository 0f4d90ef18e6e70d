/* The engine's array of keys is the API's: programs get it as it is, people get it as tables. */
#include "scan_report.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/json_writer.h"
#include "base/scope.h"
#include "progress.h"
#include "report.h"

enum { US_OF_MS = 1000, MS_OF_S = 1000, TENTH_MS = 100, SLOW_MS = 60000 };

enum column { NAME, TYPE, SHARD, DB, SIZE, UNIT, FREQ, ENCODING, COLUMN_COUNT };

static const struct report_column key_columns[COLUMN_COUNT] = {
    [NAME] = {"name", "NAME", REPORT_TEXT},    [TYPE] = {"type", "TYPE", REPORT_TEXT},
    [SHARD] = {"shard", "SHARD", REPORT_TEXT}, [DB] = {"db", "DB", REPORT_NUMBER},
    [SIZE] = {"size", "SIZE", REPORT_NUMBER},  [UNIT] = {"unit", "UNIT", REPORT_TEXT},
    [FREQ] = {"freq", "FREQ", REPORT_NUMBER},  [ENCODING] = {NULL, "ENCODING", REPORT_TEXT},
};

static const struct report_column record_columns[] = {
    {"kind", NULL, REPORT_TEXT},          {"profile", NULL, REPORT_TEXT},
    {"server", NULL, REPORT_JSON},        {"database", NULL, REPORT_NUMBER},
    {"keys", NULL, REPORT_JSON},          {"num", NULL, REPORT_NUMBER},
    {"keys_seen", NULL, REPORT_NUMBER},   {"keys_before", NULL, REPORT_NUMBER},
    {"keys_after", NULL, REPORT_NUMBER},  {"expired_released", NULL, REPORT_NUMBER},
    {"duration_ms", NULL, REPORT_NUMBER}, {"commands", NULL, REPORT_NUMBER},
    {"cost", NULL, REPORT_JSON},
};

bool scan_report_is_binary(struct text shown)
{
    bool binary = false;
    for (size_t i = 0; i < shown.length; i++) {
        unsigned char byte;
        const char *rest = shown.bytes + i + 1;
        size_t left = shown.length - i - 1;
        if (shown.bytes[i] != '\\')
            continue;
        if (left >= 1 && rest[0] == '\\') {
            i += 1;
        } else if (left >= 3 && rest[0] == 'x' && text_parse_hex(rest + 1, &byte, 1) == 0 &&
                   byte >= 0x80) {
            binary = true;
            i += 3;
        } else {
            return false;
        }
    }
    return binary;
}

static const char *mode_of(const struct redis_probe *probe)
{
    return probe->mode == REDIS_MODE_CLUSTER ? "cluster" : "standalone";
}

static void add_object(struct report *report, struct json_writer *writer)
{
    json_writer_end_object(writer);
    report_add_bytes(report, (struct text){writer->text, writer->length});
    json_writer_release(writer);
}

static void add_server(struct report *report, const struct scan_target *target)
{
    char endpoint[ENDPOINT_TEXT_MAX + 1];
    struct json_writer writer;
    endpoint_format(&target->endpoint, endpoint);
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    json_writer_member_text(&writer, "endpoint", endpoint);
    json_writer_member_text(&writer, "engine", target->probe.engine);
    json_writer_member_text(&writer, "version", target->probe.version);
    json_writer_member_text(&writer, "mode", mode_of(&target->probe));
    json_writer_member_text(&writer, "role",
                            target->probe.role == REDIS_ROLE_REPLICA ? "replica" : "master");
    add_object(report, &writer);
}

static void add_cost(struct report *report, const struct scan_cost *cost)
{
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    json_writer_member_number(&writer, "pauses_guard", cost->pauses[SCAN_PAUSE_GUARD]);
    json_writer_member_number(&writer, "pauses_ceiling", cost->pauses[SCAN_PAUSE_CEILING]);
    json_writer_member_number(&writer, "paused_ms", cost->paused_ms);
    json_writer_member_number(&writer, "halvings", cost->halvings);
    json_writer_member_number(&writer, "latency_baseline_us", cost->baseline_us);
    json_writer_member_number(&writer, "latency_worst_us", cost->worst_us);
    add_object(report, &writer);
}

static void write_json(const struct scan_options *options, const struct scan_target *target,
                       const struct scan_outcome *outcome)
{
    SCOPED(report_release) struct report report;
    report_init(&report, record_columns, sizeof(record_columns) / sizeof(record_columns[0]));
    report_add_text(&report, options->request.kind->name);
    report_add_text(&report, options->profile);
    add_server(&report, target);
    if (options->request.database)
        report_add_number(&report, *options->request.database);
    else
        report_add_text(&report, NULL);
    report_add_text(&report, outcome->keys);
    report_add_number(&report, outcome->num);
    report_add_number(&report, outcome->keys_seen);
    report_add_number(&report, outcome->keys_before);
    report_add_number(&report, outcome->keys_after);
    report_add_number(&report, outcome->expired_released);
    report_add_number(&report, outcome->duration_ms);
    report_add_number(&report, outcome->commands);
    add_cost(&report, &outcome->cost);
    report_write_one(&report, true);
}

static const char *type_of(const json_t *key)
{
    const char *type = json_string_value(json_object_get(key, "type"));
    return type ? type : "";
}

static void add_cell(struct report *report, const struct report_column *column, const json_t *key)
{
    const json_t *value = json_object_get(key, column->member ? column->member : "name");
    struct text text = {json_string_value(value), json_string_length(value)};
    if (!column->member)
        report_add_text(report, scan_report_is_binary(text) ? "binary" : "UTF-8");
    else if (json_is_integer(value))
        report_add_number(report, json_integer_value(value));
    else if (text.bytes)
        report_add_bytes(report, text);
    else
        report_add_text(report, NULL);
}

/* A group: keys from first to end, of which at most limit are shown. */
static void write_group(const json_t *keys, size_t first, size_t end, size_t limit,
                        const enum column *shown_columns, size_t column_count)
{
    struct report_column columns[COLUMN_COUNT];
    SCOPED(report_release) struct report report;
    for (size_t i = 0; i < column_count; i++)
        columns[i] = key_columns[shown_columns[i]];
    report_init(&report, columns, column_count);
    for (size_t row = first; row < end && row - first < limit; row++) {
        for (size_t i = 0; i < column_count; i++)
            add_cell(&report, &columns[i], json_array_get(keys, row));
    }
    report_write_list(&report, false, "keys", "");
    if (end - first > limit)
        printf("and %zu more (--limit, --json)\n", end - first - limit);
    putchar('\n');
}

static bool has_binary(const json_t *keys)
{
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *name = json_object_get(json_array_get(keys, i), "name");
        if (scan_report_is_binary((struct text){json_string_value(name), json_string_length(name)}))
            return true;
    }
    return false;
}

static size_t choose_columns(const struct scan_options *options, const json_t *keys,
                             enum column ret_columns[COLUMN_COUNT])
{
    bool hot = options->request.kind->id == SCAN_KIND_HOTKEY;
    const bool chosen[COLUMN_COUNT] = {
        [NAME] = true,
        [TYPE] = hot,
        [SHARD] = options->request.layout == SCAN_CLUSTER,
        [DB] = true,
        [SIZE] = true,
        [UNIT] = true,
        [FREQ] = hot,
        [ENCODING] = has_binary(keys),
    };
    size_t count = 0;
    for (int column = 0; column < COLUMN_COUNT; column++) {
        if (chosen[column])
            ret_columns[count++] = (enum column)column;
    }
    return count;
}

/* Hot keys are one ranking, big keys one for each type. */
static void write_groups(const struct scan_options *options, const json_t *keys)
{
    bool hot = options->request.kind->id == SCAN_KIND_HOTKEY;
    enum column columns[COLUMN_COUNT];
    size_t column_count = choose_columns(options, keys, columns);
    size_t count = json_array_size(keys), end;
    for (size_t first = 0; first < count; first = end) {
        const char *type = type_of(json_array_get(keys, first));
        end = first + 1;
        while (end < count && (hot || strcmp(type, type_of(json_array_get(keys, end))) == 0))
            end++;
        if (hot)
            printf("The hottest keys\n");
        else
            printf("The largest keys of type %s\n", type);
        write_group(keys, first, end, (size_t)options->limit, columns, column_count);
    }
}

static void print_duration(int64_t ms)
{
    if (ms < SLOW_MS)
        printf("%lld.%lld s", (long long)(ms / MS_OF_S), (long long)(ms % MS_OF_S / TENTH_MS));
    else
        printf("%lld min %02lld s", (long long)(ms / SLOW_MS), (long long)(ms % SLOW_MS / MS_OF_S));
}

static void print_count(int64_t number)
{
    char text[PROGRESS_COUNT_MAX + 1];
    progress_format_count(number, text);
    fputs(text, stdout);
}

static void print_expired(const struct scan_outcome *outcome)
{
    fputs("Released ", stdout);
    print_count(outcome->expired_released);
    fputs(" expired keys; ", stdout);
    print_count(outcome->keys_before);
    fputs(" keys before, ", stdout);
    print_count(outcome->keys_after);
    puts(" after.");
}

static void print_latency(const struct scan_cost *cost)
{
    printf("; latency %.2f ms before", (double)cost->baseline_us / US_OF_MS);
    if (cost->worst_us > 0)
        printf(", %.2f ms at worst", (double)cost->worst_us / US_OF_MS);
    puts(".");
}

static void write_summary(const struct scan_options *options, const struct scan_target *target,
                          const struct scan_outcome *outcome)
{
    const struct scan_cost *cost = &outcome->cost;
    int64_t pauses = cost->pauses[SCAN_PAUSE_GUARD] + cost->pauses[SCAN_PAUSE_CEILING];
    int64_t ms = outcome->duration_ms > 0 ? outcome->duration_ms : 1;
    char endpoint[ENDPOINT_TEXT_MAX + 1];
    endpoint_format(&target->endpoint, endpoint);
    if (options->request.kind->id == SCAN_KIND_EXPIRED || outcome->expired_released > 0)
        print_expired(outcome);
    printf("%s %s at %s (%s): ", target->probe.engine, target->probe.version, endpoint,
           mode_of(&target->probe));
    print_count(outcome->keys_seen);
    fputs(" keys seen in ", stdout);
    print_duration(outcome->duration_ms);
    fputs(", ", stdout);
    print_count((int64_t)((double)outcome->keys_seen * MS_OF_S / (double)ms));
    fputs(" keys/s, ", stdout);
    print_count(outcome->commands);
    printf(" commands.\nProfile %s: %lld pauses", options->profile, (long long)pauses);
    if (pauses > 0) {
        fputs(" of ", stdout);
        print_duration(cost->paused_ms);
    }
    print_latency(cost);
}

static void cleanup_json(json_t **object)
{
    json_decref(*object);
}

static int write_tables(const struct scan_options *options, const struct scan_outcome *outcome,
                        struct error *err)
{
    SCOPED(cleanup_json)
    json_t *keys = json_loadb(outcome->keys, outcome->keys_length, JSON_ALLOW_NUL, NULL);
    if (!keys)
        return error_set(err, ERROR_INTERNAL, "the keys are no JSON");
    if (json_array_size(keys) == 0)
        printf("There are no keys.\n\n");
    write_groups(options, keys);
    return 0;
}

int scan_report_write(const struct scan_options *options, const struct scan_target *target,
                      const struct scan_outcome *outcome, bool json, struct error *err)
{
    if (json) {
        write_json(options, target, outcome);
        return 0;
    }
    if (outcome->keys && write_tables(options, outcome, err) < 0)
        return -1;
    write_summary(options, target, outcome);
    return 0;
}
