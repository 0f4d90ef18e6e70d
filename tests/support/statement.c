/* Runs the worker's statements by name, for tests of what each allows: `dcs_statement NAME
 * [PARAMETER ...]` on DCS_DATABASE_URL prints the rows as a JSON array of arrays.  A parameter of
 * `\N` is SQL NULL.  `dcs_statement -` takes lines of the same, its words separated by tabs, and
 * runs them on one connection; `dcs_statement --text NAME` prints the statement itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/scope.h"
#include "model/analysis_store.h"
#include "model/autoscan_round_store.h"
#include "model/instance_store.h"
#include "model/request_store.h"
#include "model/scan_task_store.h"
#include "pg/session.h"

enum { WORDS_MAX = 16 };

static const struct pg_statement *const statements[] = {
    &scan_task_claim,           &scan_task_renew,   &scan_task_check,    &scan_task_tell,
    &scan_task_succeed,         &scan_task_fail,    &scan_task_release,  &scan_task_retry,
    &scan_task_give_up,         &scan_task_forget,  &scan_task_create,   &autoscan_advance,
    &autoscan_advance_one,      &autoscan_list_due, &autoscan_set_aside, &autoscan_round_forget,
    &remembered_request_forget, &analysis_compare,  &analysis_export,    &analysis_series,
    &instance_overview,
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

static int execute(struct pg_session *session, int count, char **words)
{
    const struct pg_statement *statement = count > 0 ? find(words[0]) : NULL;
    struct pg_parameters parameters;
    struct error err = {0};
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (!statement || count - 1 != statement->parameter_count) {
        fputs("usage: dcs_statement NAME PARAMETER ...\n", stderr);
        return 2;
    }
    pg_parameters_init(&parameters);
    for (int i = 1; i < count; i++)
        pg_parameters_add_reference(&parameters, strcmp(words[i], "\\N") == 0 ? NULL : words[i]);
    if (pg_session_execute(session, statement, &parameters, &rows, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    print_rows(&rows);
    return 0;
}

static int execute_lines(struct pg_session *session)
{
    static char line[1 << 20];
    while (fgets(line, sizeof(line), stdin)) {
        char *words[WORDS_MAX], *next = line;
        int count = 0;
        line[strcspn(line, "\n")] = '\0';
        while (next && count < WORDS_MAX)
            words[count++] = strsep(&next, "\t");
        int status = execute(session, count, words);
        if (status != 0)
            return status;
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *url = getenv("DCS_DATABASE_URL");
    const struct pg_statement *asked = argc == 3 ? find(argv[2]) : NULL;
    if (asked && strcmp(argv[1], "--text") == 0)
        return puts(asked->sql) < 0;
    if (!url) {
        fputs("DCS_DATABASE_URL is not set\n", stderr);
        return 2;
    }
    struct pg_session *session =
        pg_session_new(&(struct pg_login){.uri = url}, "dcs_statement", 10000);
    bool lines = argc == 2 && strcmp(argv[1], "-") == 0;
    int status = lines ? execute_lines(session) : execute(session, argc - 1, argv + 1);
    pg_session_free(session);
    return status;
}
