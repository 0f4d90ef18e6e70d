/* Applies the embedded migrations under a lock on their record. */
#include "model/migration.h"

#include <string.h>

#include "base/digest.h"
#include "base/scope.h"

enum { DIGEST_TEXT_LENGTH = 2 * DIGEST_LENGTH };

static const char create_record[] = "CREATE TABLE IF NOT EXISTS schema_migration ("
                                    "name text PRIMARY KEY, checksum text NOT NULL, "
                                    "applied_at timestamptz NOT NULL DEFAULT now())";
static const char begin[] = "BEGIN; LOCK TABLE schema_migration IN EXCLUSIVE MODE";

static const struct pg_statement find_record = {
    "schema_migration_find", "SELECT checksum FROM schema_migration WHERE name = $1", 1, PG_WRITES};

static const struct pg_statement list_records = {
    "schema_migration_list", "SELECT name, checksum FROM schema_migration", 0, PG_READS};

static const struct pg_statement insert_record = {
    "schema_migration_insert", "INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", 2,
    PG_WRITES};

static void checksum_of(const struct migration *migration, char ret_text[DIGEST_TEXT_LENGTH + 1])
{
    unsigned char digest[DIGEST_LENGTH];
    digest_of((struct text){migration->sql, migration->length}, digest);
    text_format_hex(digest, sizeof(digest), ret_text);
}

static int was_changed(const struct migration *migration, struct error *err)
{
    return error_set(err, ERROR_CONFIG, "migration %s was changed after it was applied",
                     migration->name);
}

/* 1 where it is applied, 0 where it is not, -1 where it was changed since or on any other failure.
 */
static int find(struct pg_session *session, const struct migration *migration, const char *checksum,
                struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, migration->name);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (pg_session_execute(session, &find_record, &parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count == 0)
        return 0;
    if (!text_equals(pg_rows_text(&rows, 0, 0), text_of(checksum)))
        return was_changed(migration, err);
    return 1;
}

/* Within the transaction that `begin` opened. */
static int apply_missing(struct pg_session *session, const struct migration *migration,
                         int *ret_applied, struct error *err)
{
    char checksum[DIGEST_TEXT_LENGTH + 1];
    checksum_of(migration, checksum);
    int found = find(session, migration, checksum, err);
    if (found != 0)
        return found < 0 ? -1 : 0;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, migration->name);
    pg_parameters_add_reference(&parameters, checksum);
    if (pg_session_script(session, migration->sql, err) < 0)
        return error_prefix(err, "migration %s", migration->name);
    *ret_applied = 1;
    return pg_session_execute(session, &insert_record, &parameters, NULL, err);
}

static int create_record_table(struct pg_session *session, struct error *err)
{
    /* Two at once may both find it missing; the one that comes second fails and looks again. */
    for (int attempt = 0; attempt < 3; attempt++) {
        error_clear(err);
        if (pg_session_script(session, create_record, err) == 0)
            return 0;
        if (err->code != ERROR_ALREADY_EXISTS && err->code != ERROR_DATABASE_CONFLICT)
            return -1;
    }
    return -1;
}

static void roll_back(struct pg_session *session)
{
    struct error ignored = {0};
    pg_session_script(session, "ROLLBACK", &ignored);
}

int migrations_grant(struct pg_session *session, struct error *err)
{
    /* Under the lock: two that grant at once would meet in the catalogue. */
    if (pg_session_script(session, begin, err) < 0)
        return -1;
    if (pg_session_script(session, database_grants, err) < 0) {
        roll_back(session);
        return error_prefix(err, "grants");
    }
    return pg_session_script(session, "COMMIT", err);
}

int migrations_apply(struct pg_session *session, void (*on_applied)(const char *name),
                     struct error *err)
{
    if (create_record_table(session, err) < 0)
        return -1;
    for (size_t i = 0; i < migration_count; i++) {
        int applied = 0;
        if (pg_session_script(session, begin, err) < 0)
            return -1;
        if (apply_missing(session, &migrations[i], &applied, err) < 0) {
            roll_back(session);
            return -1;
        }
        if (pg_session_script(session, "COMMIT", err) < 0)
            return -1;
        if (applied && on_applied)
            on_applied(migrations[i].name);
    }
    return migrations_grant(session, err);
}

static bool is_applied(const struct migration *migration, const struct pg_rows *rows, int *ret_row)
{
    for (*ret_row = 0; *ret_row < rows->row_count; (*ret_row)++) {
        if (text_equals(pg_rows_text(rows, *ret_row, 0), text_of(migration->name)))
            return true;
    }
    return false;
}

int migrations_check(struct pg_session *session, struct error *err)
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
    return 0;
}
