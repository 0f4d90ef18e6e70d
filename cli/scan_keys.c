/* A group of keys is a report of its own, which shows no byte that a terminal obeys. */
#include "scan_keys.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/scope.h"
#include "report.h"

enum column { NAME, TYPE, SHARD, DB, SIZE, UNIT, BYTES, FREQ, ENCODING, COLUMN_COUNT };

static const struct report_column key_columns[COLUMN_COUNT] = {
    [NAME] = {"name", "NAME", REPORT_TEXT},       [TYPE] = {"type", "TYPE", REPORT_TEXT},
    [SHARD] = {"shard", "SHARD", REPORT_TEXT},    [DB] = {"db", "DB", REPORT_NUMBER},
    [SIZE] = {"size", "SIZE", REPORT_NUMBER},     [UNIT] = {"unit", "UNIT", REPORT_TEXT},
    [BYTES] = {"bytes", "BYTES", REPORT_NUMBER},  [FREQ] = {"freq", "FREQ", REPORT_NUMBER},
    [ENCODING] = {NULL, "ENCODING", REPORT_TEXT},
};

bool scan_keys_is_binary(struct text shown)
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
        report_add_text(report, scan_keys_is_binary(text) ? "binary" : "UTF-8");
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
        if (scan_keys_is_binary((struct text){json_string_value(name), json_string_length(name)}))
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
        [BYTES] = options->request.with_bytes,
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

static void cleanup_json(json_t **object)
{
    json_decref(*object);
}

int scan_keys_write(const struct scan_options *options, const struct scan_outcome *outcome,
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
