/* Runs the worker's statements by name, for tests of what each allows: `dcs_statement NAME
 * [PARAMETER ...]` on DCS_DATABASE_URL prints the rows as a JSON array of arrays.  A parameter of
 * `\N` is SQL NULL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/scope.h"
#include "model/autoscan_round_store.h"
#include "model/scan_task_store.h"
#include "pg/session.h"

static const struct pg_statement *const statements[] = {
    &scan_task_claim,   &scan_task_renew,  &scan_task_check,
    &scan_task_succeed, &scan_task_fail,   &scan_task_release,
    &scan_task_give_up, &autoscan_advance, &autoscan_round_forget,
};

static const struct pg_statement *find(const char *name)
{
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (strcmp(statements[i]->name, name) == 0)
            return statements[i];
    }
    return NULL;
}

static void print_rows(const struct pg_rows *rows)
{
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_array(&writer);
    for (int row = 0; row < rows->row_count; row++) {
        json_writer_begin_array(&writer);
        for (int column = 0; column < rows->column_count; column++) {
            struct text text = pg_rows_text(rows, row, column);
            json_writer_text(&writer, text.bytes, text.length);
        }
        json_writer_end_array(&writer);
    }
    json_writer_end_array(&writer);
    puts(writer.text);
    json_writer_release(&writer);
}

int main(int argc, char **argv)
{
    const struct pg_statement *statement = argc > 1 ? find(argv[1]) : NULL;
    const char *url = getenv("DCS_DATABASE_URL");
    struct pg_parameters parameters;
    struct error err = {0};
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (!statement || !url || argc - 2 != statement->parameter_count) {
        fputs("usage: dcs_statement NAME PARAMETER ...\n", stderr);
        return 2;
    }
    pg_parameters_init(&parameters);
    for (int i = 2; i < argc; i++)
        pg_parameters_add_reference(&parameters, strcmp(argv[i], "\\N") == 0 ? NULL : argv[i]);
    struct pg_session *session = pg_session_new(url, "dcs_statement", 10000);
    int status = pg_session_execute(session, statement, &parameters, &rows, &err);
    if (status < 0)
        fprintf(stderr, "%s\n", err.text);
    else
        print_rows(&rows);
    pg_session_free(session);
    return status < 0 ? 1 : 0;
}
