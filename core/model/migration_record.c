/* Records and their check.
 *
 * A text that takes the place of one that may have been applied names it (`-- replaces: SHA-256`)
 * and is recorded as it: whoever carries the one text takes a database of the other for his. */
#include "migration_record.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/scope.h"
#include "migration_step.h"

enum { DIGEST_TEXT_LENGTH = 2 * DIGEST_LENGTH, CREATE_ATTEMPTS_MAX = 3 };

static const char create_records[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "name text PRIMARY KEY, checksum text NOT NULL, "
    "applied_at timestamptz NOT NULL DEFAULT now()); "
    "CREATE TABLE IF NOT EXISTS schema_migration_step ("
    "name text NOT NULL, step integer NOT NULL, "
    "done_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (name, step))";

static const struct pg_statement find_record = {
    "schema_migration_find",
    "SELECT (SELECT checksum FROM schema_migration WHERE name = $1), "
    "(SELECT count(*) FROM schema_migration_step WHERE name = $1)",
    1, PG_WRITES};

static const struct pg_statement list_records = {
    "schema_migration_list", "SELECT name, checksum FROM schema_migration ORDER BY name", 0,
    PG_READS};

static const struct pg_statement insert_record = {
    "schema_migration_insert",
    "WITH steps AS (DELETE FROM schema_migration_step WHERE name = $1) "
    "INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)",
    2, PG_WRITES};

static const struct pg_statement insert_step = {
    "schema_migration_step_insert",
    "INSERT INTO schema_migration_step (name, step) VALUES ($1, $2::integer)", 2, PG_WRITES};

static void checksum_of(const struct migration *migration, char ret_text[DIGEST_TEXT_LENGTH + 1])
{
    unsigned char digest[DIGEST_LENGTH];
    struct text replaced = migration_line(migration, "replaces");
    if (replaced.length == DIGEST_TEXT_LENGTH) {
        snprintf(ret_text, DIGEST_TEXT_LENGTH + 1, "%.*s", (int)replaced.length, replaced.bytes);
        return;
    }
    digest_of((struct text){migration->sql, migration->length}, digest);
    text_format_hex(digest, sizeof(digest), ret_text);
}

static int was_changed(const struct migration *migration, struct error *err)
{
    return error_set(err, ERROR_CONFIG, "migration %s was changed after it was applied",
                     migration->name);
}

int migration_record_create(struct pg_session *session, struct error *err)
{
    /* Two at once may both find it missing; the one that comes second fails and looks again. */
    for (int attempt = 0; attempt < CREATE_ATTEMPTS_MAX; attempt++) {
        error_clear(err);
        if (pg_session_script(session, create_records, err) == 0)
            return 0;
        if (err->code != ERROR_ALREADY_EXISTS && err->code != ERROR_DATABASE_CONFLICT)
            return -1;
    }
    return -1;
}

int migration_record_find(struct pg_session *session, const struct migration *migration,
                          int *ret_steps, struct error *err)
{
    char checksum[DIGEST_TEXT_LENGTH + 1];
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, migration->name);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (pg_session_execute(session, &find_record, &parameters, &rows, err) < 0)
        return -1;
    *ret_steps = (int)pg_rows_integer(&rows, 0, 1);
    if (pg_rows_is_null(&rows, 0, 0))
        return 0;
    *ret_steps = -1;
    checksum_of(migration, checksum);
    return text_equals(pg_rows_text(&rows, 0, 0), text_of(checksum)) ? 0
                                                                     : was_changed(migration, err);
}

int migration_record_step(struct pg_session *session, const struct migration *migration, int step,
                          bool is_last, struct error *err)
{
    char checksum[DIGEST_TEXT_LENGTH + 1];
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, migration->name);
    if (!is_last) {
        pg_parameters_add_integer(&parameters, step);
        return pg_session_execute(session, &insert_step, &parameters, NULL, err);
    }
    checksum_of(migration, checksum);
    pg_parameters_add_reference(&parameters, checksum);
    return pg_session_execute(session, &insert_record, &parameters, NULL, err);
}

static bool is_applied(const struct migration *migration, const struct pg_rows *rows, int *ret_row)
{
    for (*ret_row = 0; *ret_row < rows->row_count; (*ret_row)++) {
        if (text_equals(pg_rows_text(rows, *ret_row, 0), text_of(migration->name)))
            return true;
    }
    return false;
}

static bool is_ours(struct text name)
{
    for (size_t i = 0; i < migration_count; i++) {
        if (text_equals(name, text_of(migrations[i].name)))
            return true;
    }
    return false;
}

static void note_newer(const struct pg_rows *rows, struct migration_skew *ret_newer)
{
    *ret_newer = (struct migration_skew){0};
    for (int row = 0; row < rows->row_count; row++) {
        if (is_ours(pg_rows_text(rows, row, 0)))
            continue;
        ret_newer->count++;
        snprintf(ret_newer->last, sizeof(ret_newer->last), "%s", pg_rows_string(rows, row, 0));
    }
}

int migrations_check(struct pg_session *session, struct migration_skew *ret_newer,
                     struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (pg_session_execute(session, &list_records, NULL, &rows, err) < 0)
        return err->code == ERROR_DATABASE_STATEMENT
                   ? error_prefix(err, "database is not migrated (run 'dcsctl migrate')")
                   : -1;
    for (size_t i = 0; i < migration_count; i++) {
        char checksum[DIGEST_TEXT_LENGTH + 1];
        int row;
        checksum_of(&migrations[i], checksum);
        if (!is_applied(&migrations[i], &rows, &row))
            return error_set(err, ERROR_CONFIG,
                             "database is not migrated: %s is missing (run 'dcsctl migrate')",
                             migrations[i].name);
        if (!text_equals(pg_rows_text(&rows, row, 1), text_of(checksum)))
            return was_changed(&migrations[i], err);
    }
    if (ret_newer)
        note_newer(&rows, ret_newer);
    return 0;
}
