/* Within the report: how its values are kept, and its way onto a terminal. */
#ifndef CLI_REPORT_VALUE_H
#define CLI_REPORT_VALUE_H

#include "report.h"

struct report_value {
    char *bytes; /* null: none */
    size_t length;
};

void report_write_table(const struct report *report);
void report_write_lines(const struct report *report);

#endif
