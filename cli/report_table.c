/* A report as people read it: columns as wide as what is in them, nothing that a terminal obeys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/secret.h"
#include "printable.h"
#include "report_value.h"
#include "style.h"

enum { CELL_WIDTH_MAX = 100, LINE_WIDTH_MAX = 4096, GAP = 2 };

/* The value as it is shown; the caller frees it. */
static char *shown(const struct report_value *value, size_t most, size_t *ret_width)
{
    struct text text = value->bytes ? (struct text){value->bytes, value->length} : TEXT("-");
    return printable_copy(text, most, ret_width);
}

static enum style style_of(const struct report *report, size_t column, const char *text)
{
    return report->columns[column].type == REPORT_STATE ? style_of_state(text) : STYLE_PLAIN;
}

static size_t last_column(const struct report *report)
{
    size_t last = 0;
    for (size_t i = 0; i < report->column_count; i++) {
        if (report->columns[i].heading)
            last = i;
    }
    return last;
}

static size_t column_width(const struct report *report, size_t column)
{
    size_t widest = strlen(report->columns[column].heading);
    for (size_t i = column; i < report->count; i += report->column_count) {
        size_t width;
        free(shown(&report->values[i], CELL_WIDTH_MAX, &width));
        if (width > widest)
            widest = width;
    }
    return widest;
}

static void put_cell(const struct report *report, size_t column, const char *text, size_t width,
                     size_t room, enum style style)
{
    bool last = column == last_column(report);
    bool right = report->columns[column].type == REPORT_NUMBER;
    int padding = (int)(room - width);
    printf("%*s%s%s%s%*s", right ? padding : 0, "", style_on(style), text, style_off(style),
           last ? 0 : (right ? 0 : padding) + GAP, "");
    if (last)
        putchar('\n');
}

static void write_table(const struct report *report, size_t *rooms)
{
    for (size_t i = 0; i < report->column_count; i++) {
        const char *heading = report->columns[i].heading;
        if (!heading)
            continue;
        rooms[i] = column_width(report, i);
        put_cell(report, i, heading, strlen(heading), rooms[i], STYLE_HEADING);
    }
    for (size_t i = 0; i < report->count; i++) {
        size_t column = i % report->column_count, width;
        if (!report->columns[column].heading)
            continue;
        SCOPED(scope_free) char *text = shown(&report->values[i], CELL_WIDTH_MAX, &width);
        put_cell(report, column, text, width, rooms[column], style_of(report, column, text));
    }
}

void report_write_table(const struct report *report)
{
    size_t *rooms = calloc(report->column_count, sizeof(*rooms));
    if (!rooms)
        abort();
    write_table(report, rooms);
    free(rooms);
}

void report_write_lines(const struct report *report)
{
    size_t room = 0;
    for (size_t i = 0; i < report->column_count; i++) {
        const char *heading = report->columns[i].heading;
        if (heading && strlen(heading) > room)
            room = strlen(heading);
    }
    for (size_t i = 0; i < report->column_count; i++) {
        if (!report->columns[i].heading || report->values[i].length == 0)
            continue;
        size_t width;
        SCOPED(scope_free) char *text = shown(&report->values[i], LINE_WIDTH_MAX, &width);
        enum style style = style_of(report, i, text);
        printf("%-*s%s%s%s\n", (int)room + GAP, report->columns[i].heading, style_on(style), text,
               style_off(style));
        secret_cleanse(text, strlen(text));
    }
}
