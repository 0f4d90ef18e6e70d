/* From a database row into a report. */
#ifndef CLI_REPORT_ROWS_H
#define CLI_REPORT_ROWS_H

#include "pg/result.h"
#include "report.h"

/* A project's id as projects are shown: 32 hex digits. */
void report_add_project(struct report *report, const char *id);

/* A time as the API writes it, or none. */
void report_add_time(struct report *report, const struct pg_rows *rows, int row, int column);

/* The same for a time that was read: empty is none. */
void report_add_stamp(struct report *report, const char *stamp);

#endif
