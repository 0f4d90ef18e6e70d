/* A table is a row of columns over one array of the document: a column that no row has is left out,
 * and no byte is shown that a terminal obeys. */
#include "scan_analysis.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/scope.h"
#include "printable.h"
#include "report.h"

enum { COLUMNS_MAX = 12 };

enum cell {
    CELL_TEXT,
    CELL_NUMBER,
    CELL_BINARY, /* a flag that is there or not */
    CELL_RANGE   /* from one member up to another */
};

struct cell_column {
    const char *member, *heading;
    enum cell cell;
};

struct table {
    const char *member, *title;
    struct cell_column columns[COLUMNS_MAX]; /* ended by one without a member */
};

#define SUMS                                                                                       \
    {"keys", "KEYS", CELL_NUMBER}, {"bytes", "BYTES", CELL_NUMBER},                                \
        {"keys_without_ttl", "WITHOUT TTL", CELL_NUMBER},                                          \
    {                                                                                              \
        "bytes_without_ttl", "BYTES WITHOUT TTL", CELL_NUMBER                                      \
    }

#define KEY_COLUMNS                                                                                \
    {"name", "NAME", CELL_TEXT}, {"type", "TYPE", CELL_TEXT}, {"shard", "SHARD", CELL_TEXT},       \
        {"db", "DB", CELL_NUMBER}, {"bytes", "BYTES", CELL_NUMBER}, {"size", "SIZE", CELL_NUMBER}, \
        {"unit", "UNIT", CELL_TEXT}, {"ttl_ms", "TTL MS", CELL_NUMBER},                            \
        {"encoding", "ENCODING", CELL_TEXT}, {"idle_s", "IDLE S", CELL_NUMBER},                    \
        {"freq", "FREQ", CELL_NUMBER},                                                             \
    {                                                                                              \
        "binary", "NAME IS", CELL_BINARY                                                           \
    }

#define HISTOGRAM(from, heading)                                                                   \
    {from, heading, CELL_RANGE}, {"keys", "KEYS", CELL_NUMBER},                                    \
    {                                                                                              \
        "bytes", "BYTES", CELL_NUMBER                                                              \
    }

static const struct table types = {"types",
                                   "By type",
                                   {{"type", "TYPE", CELL_TEXT},
                                    SUMS,
                                    {"elements", "ELEMENTS", CELL_NUMBER},
                                    {"largest_bytes", "MOST BYTES", CELL_NUMBER},
                                    {"largest_size", "LARGEST", CELL_NUMBER}}};
static const struct table encodings = {"encodings",
                                       "",
                                       {{"encoding", "ENCODING", CELL_TEXT},
                                        {"keys", "KEYS", CELL_NUMBER},
                                        {"bytes", "BYTES", CELL_NUMBER}}};
static const struct table databases = {
    "databases", "By database", {{"db", "DB", CELL_NUMBER}, SUMS}};
static const struct table shards = {"shards", "By shard", {{"shard", "SHARD", CELL_TEXT}, SUMS}};
static const struct table by_bytes = {
    "largest_by_bytes", "The keys with the most memory", {KEY_COLUMNS}};
static const struct table by_size = {"largest_by_size", "The largest keys of type", {KEY_COLUMNS}};
static const struct table prefixes = {"items",
                                      "The heaviest prefixes",
                                      {{"prefix", "PREFIX", CELL_TEXT},
                                       {"keys", "KEYS", CELL_NUMBER},
                                       {"keys_error", "LESS UP TO", CELL_NUMBER},
                                       {"bytes", "BYTES", CELL_NUMBER},
                                       {"bytes_error", "LESS UP TO", CELL_NUMBER},
                                       {"keys_without_ttl", "WITHOUT TTL", CELL_NUMBER},
                                       {"binary", "PREFIX IS", CELL_BINARY}}};
static const struct table by_type = {"items",
                                     "The heaviest prefixes of type",
                                     {{"prefix", "PREFIX", CELL_TEXT},
                                      {"bytes", "BYTES", CELL_NUMBER},
                                      {"bytes_error", "LESS UP TO", CELL_NUMBER},
                                      {"keys", "KEYS", CELL_NUMBER},
                                      {"keys_error", "LESS UP TO", CELL_NUMBER},
                                      {"keys_without_ttl", "WITHOUT TTL", CELL_NUMBER},
                                      {"binary", "PREFIX IS", CELL_BINARY}}};
static const struct table histograms[] = {
    {"ttl_histogram", "By time to live", {HISTOGRAM("from_s", "SECONDS")}},
    {"size_histogram", "By memory", {HISTOGRAM("from", "BYTES OF A KEY")}},
    {"idle_histogram", "By idle time", {HISTOGRAM("from_s", "SECONDS")}},
    {"frequency_histogram", "By counter of use", {HISTOGRAM("from", "COUNTER")}},
};

/* Rows of an array, of which a table shows some. */
struct rows {
    const json_t **items;
    size_t count;
    size_t shown;
};

static bool has_member(const struct rows *rows, const struct cell_column *column)
{
    for (size_t i = 0; i < rows->shown; i++) {
        if (json_object_get(rows->items[i], column->member))
            return true;
    }
    return false;
}

/* What is exact needs no column that says so. */
static bool is_shown(const struct rows *rows, const struct cell_column *column)
{
    size_t length = strlen(column->member);
    if (length < 6 || strcmp(column->member + length - 6, "_error") != 0)
        return has_member(rows, column);
    for (size_t i = 0; i < rows->shown; i++) {
        if (json_integer_value(json_object_get(rows->items[i], column->member)) > 0)
            return true;
    }
    return false;
}

static void add_range(struct report *report, const struct cell_column *column, const json_t *row)
{
    char range[64];
    const char *to = strcmp(column->member, "from_s") == 0 ? "to_s" : "to";
    const json_t *end = json_object_get(row, to);
    json_int_t from = json_integer_value(json_object_get(row, column->member));
    if (end)
        snprintf(range, sizeof(range), "%" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT, from,
                 json_integer_value(end));
    else
        snprintf(range, sizeof(range), "%" JSON_INTEGER_FORMAT " and more", from);
    report_add_text(report, range);
}

static void add_cell(struct report *report, const struct cell_column *column, const json_t *row)
{
    const json_t *value = json_object_get(row, column->member);
    if (column->cell == CELL_BINARY)
        report_add_text(report, json_is_true(value) ? "binary" : "UTF-8");
    else if (column->cell == CELL_RANGE)
        add_range(report, column, row);
    else if (json_is_integer(value))
        report_add_number(report, json_integer_value(value));
    else if (json_is_string(value))
        report_add_bytes(report,
                         (struct text){json_string_value(value), json_string_length(value)});
    else
        report_add_text(report, NULL);
}

static void write_rows(const struct table *table, const struct rows *rows)
{
    struct report_column columns[COLUMNS_MAX];
    const struct cell_column *shown[COLUMNS_MAX];
    size_t count = 0;
    for (const struct cell_column *column = table->columns;
         column < table->columns + COLUMNS_MAX && column->member; column++) {
        if (!is_shown(rows, column))
            continue;
        columns[count] = (struct report_column){
            NULL, column->heading, column->cell == CELL_NUMBER ? REPORT_NUMBER : REPORT_TEXT};
        shown[count++] = column;
    }
    SCOPED(report_release) struct report report;
    report_init(&report, columns, count);
    for (size_t row = 0; row < rows->shown; row++) {
        for (size_t i = 0; i < count; i++)
            add_cell(&report, shown[i], rows->items[row]);
    }
    report_write_list(&report, false, table->member, "");
    if (rows->count > rows->shown)
        printf("and %zu more (--limit, --json)\n", rows->count - rows->shown);
    putchar('\n');
}

static const json_t **allocate(size_t count)
{
    const json_t **items = calloc(count + 1, sizeof(const json_t *));
    if (!items)
        abort();
    return items;
}

/* Rows of the array from first to end. */
static void write_part(const struct table *table, const json_t *array, size_t first, size_t end,
                       size_t limit)
{
    SCOPED(scope_free) const json_t **items = allocate(end - first);
    const struct rows rows = {items, end - first, end - first < limit ? end - first : limit};
    for (size_t i = first; i < end; i++)
        items[i - first] = json_array_get(array, i);
    write_rows(table, &rows);
}

static void write_table(const struct table *table, const json_t *document, size_t limit)
{
    const json_t *array = json_object_get(document, table->member);
    if (json_array_size(array) == 0)
        return;
    printf("%s\n", table->title);
    write_part(table, array, 0, json_array_size(array), limit);
}

static const char *text_at(const json_t *array, size_t place, const char *member)
{
    const char *text = json_string_value(json_object_get(json_array_get(array, place), member));
    return text ? text : "";
}

static void write_encodings(const json_t *document)
{
    const json_t *array = json_object_get(document, "types");
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *of_type = json_object_get(json_array_get(array, i), "encodings");
        if (json_array_size(of_type) == 0)
            continue;
        size_t width;
        SCOPED(scope_free)
        char *type = printable_copy(text_of(text_at(array, i, "type")), SIZE_MAX, &width);
        printf("Encodings of type %s\n", type);
        write_part(&encodings, of_type, 0, json_array_size(of_type), SIZE_MAX);
    }
}

static void write_by_size(const json_t *document, size_t limit)
{
    const json_t *array = json_object_get(document, by_size.member);
    size_t count = json_array_size(array), end;
    for (size_t first = 0; first < count; first = end) {
        const char *type = text_at(array, first, "type");
        end = first + 1;
        while (end < count && strcmp(type, text_at(array, end, "type")) == 0)
            end++;
        printf("%s %s\n", by_size.title, type);
        write_part(&by_size, array, first, end, limit);
    }
}

/* Positive where a comes after b: the heavier first, an ancestor before what is in it. */
static int compare_prefixes(const void *a, const void *b)
{
    static const char *const weights[] = {"bytes", "keys"};
    const json_t *one = *(const json_t *const *)a, *other = *(const json_t *const *)b;
    for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
        json_int_t x = json_integer_value(json_object_get(one, weights[i]));
        json_int_t y = json_integer_value(json_object_get(other, weights[i]));
        if (x != y)
            return x < y ? 1 : -1;
    }
    return strcmp(json_string_value(json_object_get(one, "prefix")),
                  json_string_value(json_object_get(other, "prefix")));
}

static void write_prefixes(const json_t *document, size_t limit)
{
    const json_t *array = json_object_get(json_object_get(document, "prefixes"), prefixes.member);
    size_t count = json_array_size(array);
    if (count == 0)
        return;
    SCOPED(scope_free) const json_t **items = allocate(count);
    const struct rows rows = {items, count, count < limit ? count : limit};
    for (size_t i = 0; i < count; i++)
        items[i] = json_array_get(array, i);
    qsort(items, count, sizeof(const json_t *), compare_prefixes);
    printf("%s\n", prefixes.title);
    write_rows(&prefixes, &rows);
}

static void write_prefixes_by_type(const json_t *document, size_t limit)
{
    const json_t *array = json_object_get(document, "prefixes_by_type");
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *items = json_object_get(json_array_get(array, i), by_type.member);
        if (json_array_size(items) == 0)
            continue;
        printf("%s %s\n", by_type.title, text_at(array, i, "type"));
        write_part(&by_type, items, 0, json_array_size(items), limit);
    }
}

/* What a document had no room for. */
static void write_left_out(const json_t *document)
{
    const char *member;
    json_t *entries;
    json_object_foreach(json_object_get(document, "left_out"), member, entries)
        printf("Left out of %s, as the document would be too long: %" JSON_INTEGER_FORMAT ".\n",
               member, json_integer_value(entries));
}

static void write_held(const json_t *document)
{
    const json_t *expired = json_object_get(document, "expired");
    const char *how = json_string_value(json_object_get(expired, "held_is"));
    json_int_t held = json_integer_value(json_object_get(expired, "held"));
    if (held > 0)
        printf("Keys that have expired and are still held: %" JSON_INTEGER_FORMAT "%s.\n\n", held,
               how && strcmp(how, "estimate") == 0 ? ", as the server guesses" : "");
}

static void write_gaps(const json_t *document)
{
    const json_t *gaps = json_object_get(document, "not_measured");
    for (size_t i = 0; i < json_array_size(gaps); i++) {
        size_t width;
        SCOPED(scope_free)
        char *reason = printable_copy(text_of(text_at(gaps, i, "reason")), SIZE_MAX, &width);
        printf("Not measured of %" JSON_INTEGER_FORMAT " keys: %s (%s).\n",
               json_integer_value(json_object_get(json_array_get(gaps, i), "keys")),
               text_at(gaps, i, "measure"), reason);
    }
    if (json_array_size(gaps) > 0)
        putchar('\n');
}

static void cleanup_json(json_t **object)
{
    json_decref(*object);
}

int scan_analysis_write(struct text result, size_t limit, struct error *err)
{
    SCOPED(cleanup_json)
    json_t *document = json_loadb(result.bytes, result.length, JSON_ALLOW_NUL, NULL);
    if (!document)
        return error_set(err, ERROR_INTERNAL, "the analysis is no JSON");
    if (json_integer_value(json_object_get(document, "keys")) == 0)
        printf("There are no keys.\n\n");
    write_table(&types, document, SIZE_MAX);
    write_encodings(document);
    write_table(&databases, document, limit);
    write_table(&shards, document, limit);
    write_prefixes(document, limit);
    write_prefixes_by_type(document, limit);
    write_table(&by_bytes, document, limit);
    write_by_size(document, limit);
    for (size_t i = 0; i < sizeof(histograms) / sizeof(histograms[0]); i++)
        write_table(&histograms[i], document, SIZE_MAX);
    write_held(document);
    write_left_out(document);
    write_gaps(document);
    return 0;
}
