/* What a command has to say: rows of named values, written as a table for people or as JSON for
 * programs.
 *
 * A command names its columns once and adds the values row by row, in that order.  Values are
 * copied, and cleansed when they are given back, because some are secrets.  The output is standard
 * output. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum report_type {
    REPORT_TEXT,
    REPORT_STATE,  /* a status; text, coloured on a terminal (style.h) */
    REPORT_NUMBER, /* to the right in a table */
    REPORT_FLAG,   /* yes or no */
    REPORT_LIST,   /* text with commas; an array in JSON */
    REPORT_JSON,   /* JSON text, for programs only */
};

struct report_column {
    const char *member;  /* in JSON; null: for people only */
    const char *heading; /* in a table; null: for programs only */
    enum report_type type;
};

struct report {
    const struct report_column *columns;
    size_t column_count;
    size_t count; /* of values */
    size_t capacity;
    struct report_value *values;
};

/* columns must outlive the report. */
void report_init(struct report *report, const struct report_column *columns, size_t column_count);
void report_release(struct report *report);

/* The next value; null is none: left out in JSON, '-' in a table. */
void report_add_text(struct report *report, const char *terminated);
void report_add_bytes(struct report *report, struct text text);
void report_add_number(struct report *report, int64_t number);
void report_add_flag(struct report *report, bool flag);

/* All rows: a table, or `nothing` where there are none; in JSON {"member": [{…}, …]}. */
void report_write_list(const struct report *report, bool json, const char *member,
                       const char *nothing);
/* The only row: a line per value, none and empty ones left out; in JSON {…}. */
void report_write_one(const struct report *report, bool json);

#endif
