/* The document is taken apart here, where no event loop waits for it. */
#include "rdb_part.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/csv.h"
#include "base/json_writer.h"
#include "base/scope.h"

enum { FLUSH_FROM = 1 << 16 };

struct table {
    struct analysis_part_member columns[ANALYSIS_PART_MEMBERS_MAX];
    int count;
    bool csv;
    struct json_writer body;
};

static void cleanup_json(json_t **object)
{
    json_decref(*object);
}

static const json_t *find_list(const json_t *document, const char *path)
{
    struct analysis_part_member names[ANALYSIS_PART_MEMBERS_MAX];
    const json_t *place = document;
    if (!path)
        return NULL;
    int count = analysis_part_list(path, names);
    for (int i = 0; i < count; i++)
        place = json_object_get(place, names[i].name);
    return place;
}

/* Null where neither the entry nor the one that it is in has it. */
static const json_t *find_cell(const json_t *entry, const json_t *outer, const char *name)
{
    const json_t *cell = json_object_get(entry, name);
    return !cell && outer && strcmp(name, "type") == 0 ? json_object_get(outer, name) : cell;
}

static void write_plain(struct json_writer *body, const json_t *cell)
{
    char digits[24];
    int length =
        snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(cell));
    if (json_is_integer(cell))
        json_writer_raw(body, digits, (size_t)length);
    else if (json_is_true(cell))
        json_writer_raw(body, "true", 4);
}

static void write_csv_row(struct table *table, const json_t *entry, const json_t *outer)
{
    for (int i = 0; i < table->count; i++) {
        const json_t *cell = find_cell(entry, outer, table->columns[i].name);
        if (json_is_string(cell))
            csv_write_guarded(&table->body,
                              (struct text){json_string_value(cell), json_string_length(cell)});
        else
            write_plain(&table->body, cell);
        csv_write_end(&table->body, i + 1 == table->count);
    }
}

static void write_object(struct table *table, const json_t *entry, const json_t *outer)
{
    json_writer_begin_object(&table->body);
    for (int i = 0; i < table->count; i++) {
        const json_t *cell = find_cell(entry, outer, table->columns[i].name);
        if (!cell)
            continue;
        json_writer_name(&table->body, table->columns[i].name);
        if (json_is_string(cell))
            json_writer_text(&table->body, json_string_value(cell), json_string_length(cell));
        else if (json_is_integer(cell))
            json_writer_number(&table->body, json_integer_value(cell));
        else
            json_writer_boolean(&table->body, json_is_true(cell));
    }
    json_writer_end_object(&table->body);
}

static void flush(struct table *table, size_t from)
{
    if (table->body.length < from)
        return;
    fwrite(table->body.text, 1, table->body.length, stdout);
    table->body.length = 0;
}

static void write_entries(struct table *table, const json_t *list, const json_t *outer)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (table->csv)
            write_csv_row(table, json_array_get(list, i), outer);
        else
            write_object(table, json_array_get(list, i), outer);
        flush(table, FLUSH_FROM);
    }
}

static void write_lists(struct table *table, const json_t *list, const char *nested)
{
    if (!nested) {
        write_entries(table, list, NULL);
        return;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *outer = json_array_get(list, i);
        write_entries(table, json_object_get(outer, nested), outer);
    }
}

static void begin(struct table *table)
{
    if (!table->csv)
        json_writer_begin_array(&table->body);
    for (int i = 0; table->csv && i < table->count; i++) {
        json_writer_raw(&table->body, table->columns[i].name, strlen(table->columns[i].name));
        csv_write_end(&table->body, i + 1 == table->count);
    }
}

int rdb_part_write(struct text document, const struct analysis_part *part, bool csv,
                   struct error *err)
{
    struct table table = {.csv = csv};
    SCOPED(cleanup_json)
    json_t *root = json_loadb(document.bytes, document.length, JSON_ALLOW_NUL, NULL);
    if (!root)
        return error_set(err, ERROR_INTERNAL, "the analysis is no JSON");
    const json_t *list = find_list(root, part->path);
    table.count = analysis_part_list(part->members, table.columns);
    json_writer_init(&table.body);
    begin(&table);
    write_lists(&table, list ? list : find_list(root, part->else_path), part->nested);
    if (!csv) {
        json_writer_end_array(&table.body);
        json_writer_raw(&table.body, "\n", 1);
    }
    flush(&table, 0);
    json_writer_release(&table.body);
    return 0;
}
