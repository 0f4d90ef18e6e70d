/* Rows as plain structs, so that code which reads them knows nothing of libpq and is tested without
 * it.
 *
 * Values belong to the rows and die with them.  Getters take (row, column) from 0; a wrong position
 * is our own mistake and aborts. */
#ifndef PG_RESULT_H
#define PG_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct pg_value {
    const char *text; /* terminated; null is SQL NULL */
    int length;
};

struct pg_rows {
    int row_count;
    int column_count;
    const struct pg_value *values; /* row by row */
    void *owner;                   /* what pg_rows_release frees; null in tests */
};

void pg_rows_release(struct pg_rows *rows);

bool pg_rows_is_null(const struct pg_rows *rows, int row, int column);
/* Empty text for SQL NULL. */
struct text pg_rows_text(const struct pg_rows *rows, int row, int column);
/* Terminated; null for SQL NULL. */
const char *pg_rows_string(const struct pg_rows *rows, int row, int column);
/* 0 for SQL NULL. */
int64_t pg_rows_integer(const struct pg_rows *rows, int row, int column);
bool pg_rows_boolean(const struct pg_rows *rows, int row, int column);

/* A bytea as bytes.  ret_bytes has room for `room` bytes; returns the length, or -1 where it is SQL
 * NULL, not in hex form or too long. */
ptrdiff_t pg_rows_bytes(const struct pg_rows *rows, int row, int column, unsigned char *ret_bytes,
                        size_t room);

enum { PG_TIME_LENGTH = 24 };

/* A timestamptz (session time zone UTC, ISO style) as `YYYY-MM-DDTHH:mm:ss.SSSZ`; further digits
 * are cut off.  Returns -1 for SQL NULL and for anything else that is no such time. */
int pg_rows_time(const struct pg_rows *rows, int row, int column,
                 char ret_text[PG_TIME_LENGTH + 1]);

#endif
