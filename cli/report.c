/* The values of a report, and their JSON. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/secret.h"
#include "report_value.h"

enum { FIRST_CAPACITY = 64 };

void report_init(struct report *report, const struct report_column *columns, size_t column_count)
{
    *report = (struct report){.columns = columns, .column_count = column_count};
}

void report_release(struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        if (report->values[i].bytes)
            secret_cleanse(report->values[i].bytes, report->values[i].length);
        free(report->values[i].bytes);
    }
    free(report->values);
    *report = (struct report){0};
}

static void add(struct report *report, char *bytes, size_t length)
{
    if (report->count == report->capacity) {
        report->capacity = report->capacity ? 2 * report->capacity : FIRST_CAPACITY;
        report->values = realloc(report->values, report->capacity * sizeof(*report->values));
        if (!report->values)
            abort();
    }
    report->values[report->count++] = (struct report_value){bytes, length};
}

void report_add_bytes(struct report *report, struct text text)
{
    add(report, text_copy(text.bytes, text.length), text.length);
}

void report_add_text(struct report *report, const char *terminated)
{
    if (terminated)
        report_add_bytes(report, text_of(terminated));
    else
        add(report, NULL, 0);
}

void report_add_number(struct report *report, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%lld", (long long)number);
    report_add_text(report, digits);
}

void report_add_flag(struct report *report, bool flag)
{
    report_add_text(report, flag ? "yes" : "no");
}

static void write_list(struct json_writer *writer, const struct report_value *value)
{
    json_writer_begin_array(writer);
    const char *start = value->bytes, *end = value->bytes + value->length;
    while (start < end) {
        const char *comma = memchr(start, ',', (size_t)(end - start));
        const char *stop = comma ? comma : end;
        json_writer_text(writer, start, (size_t)(stop - start));
        start = comma ? comma + 1 : end;
    }
    json_writer_end_array(writer);
}

static void write_value(struct json_writer *writer, enum report_type type,
                        const struct report_value *value)
{
    switch (type) {
    case REPORT_TEXT:
    case REPORT_STATE:
        json_writer_text(writer, value->bytes, value->length);
        break;
    case REPORT_FLAG:
        json_writer_boolean(writer, value->bytes[0] == 'y');
        break;
    case REPORT_LIST:
        write_list(writer, value);
        break;
    case REPORT_NUMBER:
    case REPORT_JSON:
        json_writer_value(writer, value->bytes, value->length);
        break;
    }
}

static void write_row(struct json_writer *writer, const struct report *report, size_t row)
{
    json_writer_begin_object(writer);
    for (size_t i = 0; i < report->column_count; i++) {
        const struct report_value *value = &report->values[row * report->column_count + i];
        if (!report->columns[i].member || !value->bytes)
            continue;
        json_writer_name(writer, report->columns[i].member);
        write_value(writer, report->columns[i].type, value);
    }
    json_writer_end_object(writer);
}

static void print(struct json_writer *writer)
{
    fwrite(writer->text, 1, writer->length, stdout);
    putchar('\n');
    json_writer_release(writer);
}

void report_write_list(const struct report *report, bool json, const char *member,
                       const char *nothing)
{
    if (!json && report->count == 0) {
        puts(nothing);
        return;
    }
    if (!json) {
        report_write_table(report);
        return;
    }
    struct json_writer writer;
    json_writer_init(&writer);
    writer.is_secret = true;
    json_writer_begin_object(&writer);
    json_writer_name(&writer, member);
    json_writer_begin_array(&writer);
    for (size_t row = 0; row < report->count / report->column_count; row++)
        write_row(&writer, report, row);
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    print(&writer);
}

void report_write_one(const struct report *report, bool json)
{
    if (!json) {
        report_write_lines(report);
        return;
    }
    struct json_writer writer;
    json_writer_init(&writer);
    writer.is_secret = true;
    write_row(&writer, report, 0);
    print(&writer);
}
