/* Comma-separated values as RFC 4180 writes them. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/json_writer.h"
#include "base/text.h"

/* A field in quotes, as it is. */
void csv_write_quoted(struct json_writer *body, struct text text);

/* The same for a table that people open in a spreadsheet: where the text begins with = + - @, a tab
 * or a carriage return, a ' goes before it, so that it is no formula. */
void csv_write_guarded(struct json_writer *body, struct text text);

/* What stands between fields, and behind the last one. */
void csv_write_end(struct json_writer *body, bool is_last);

#endif
