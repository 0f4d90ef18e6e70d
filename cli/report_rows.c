/* Values that more than one command shows. */
#include "report_rows.h"

#include "base/uuid.h"

void report_add_project(struct report *report, const char *id)
{
    struct uuid uuid;
    char digits[UUID_HEX_LENGTH + 1];
    if (!id || uuid_parse(text_of(id), &uuid) < 0) {
        report_add_text(report, id);
        return;
    }
    uuid_format_hex(&uuid, digits);
    report_add_text(report, digits);
}

void report_add_time(struct report *report, const struct pg_rows *rows, int row, int column)
{
    char stamp[PG_TIME_LENGTH + 1];
    report_add_text(report, pg_rows_time(rows, row, column, stamp) < 0 ? NULL : stamp);
}

void report_add_stamp(struct report *report, const char *stamp)
{
    report_add_text(report, stamp[0] ? stamp : NULL);
}
