/* From libpq's results to plain rows, and from SQLSTATE to our errors. */
#include "pg/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "libpq.h"

void pg_rows_release(struct pg_rows *rows)
{
    if (rows->owner) {
        PQclear(rows->owner);
        free((void *)(uintptr_t)rows->values);
    }
    *rows = (struct pg_rows){0};
}

static const struct pg_value *value_at(const struct pg_rows *rows, int row, int column)
{
    if (row < 0 || row >= rows->row_count || column < 0 || column >= rows->column_count)
        abort();
    return &rows->values[(size_t)row * (size_t)rows->column_count + (size_t)column];
}

bool pg_rows_is_null(const struct pg_rows *rows, int row, int column)
{
    return !value_at(rows, row, column)->text;
}

struct text pg_rows_text(const struct pg_rows *rows, int row, int column)
{
    const struct pg_value *value = value_at(rows, row, column);
    return (struct text){value->text ? value->text : "", (size_t)value->length};
}

const char *pg_rows_string(const struct pg_rows *rows, int row, int column)
{
    return value_at(rows, row, column)->text;
}

int64_t pg_rows_integer(const struct pg_rows *rows, int row, int column)
{
    int64_t number = 0;
    return text_parse_integer(pg_rows_text(rows, row, column), &number) < 0 ? 0 : number;
}

bool pg_rows_boolean(const struct pg_rows *rows, int row, int column)
{
    return pg_rows_text(rows, row, column).length > 0 &&
           pg_rows_text(rows, row, column).bytes[0] == 't';
}

ptrdiff_t pg_rows_bytes(const struct pg_rows *rows, int row, int column, unsigned char *ret_bytes,
                        size_t room)
{
    struct text text = pg_rows_text(rows, row, column);
    if (text.length < 2 || text.length % 2 != 0 || memcmp(text.bytes, "\\x", 2) != 0)
        return -1;
    size_t length = text.length / 2 - 1;
    if (length > room || text_parse_hex(text.bytes + 2, ret_bytes, length) < 0)
        return -1;
    return (ptrdiff_t)length;
}

int pg_rows_time(const struct pg_rows *rows, int row, int column, char ret_text[PG_TIME_LENGTH + 1])
{
    enum { SECONDS_LENGTH = 19 }; /* YYYY-MM-DD HH:MM:SS, then [.ffffff]+00 */
    struct text text = pg_rows_text(rows, row, column);
    if (text.length < SECONDS_LENGTH + 3 || text.bytes[4] != '-' || text.bytes[10] != ' ' ||
        memcmp(text.bytes + text.length - 3, "+00", 3) != 0)
        return -1;
    memcpy(ret_text, text.bytes, SECONDS_LENGTH);
    ret_text[10] = 'T';
    memcpy(ret_text + SECONDS_LENGTH, ".000Z", 6);
    if (text.bytes[SECONDS_LENGTH] == '.') {
        size_t fraction = text.length - 3 - SECONDS_LENGTH - 1;
        memcpy(ret_text + SECONDS_LENGTH + 1, text.bytes + SECONDS_LENGTH + 1,
               fraction < 3 ? fraction : 3);
    }
    return 0;
}

static enum error_code code_of_sqlstate(const char *sqlstate)
{
    static const struct {
        const char *prefix;
        enum error_code code;
    } codes[] = {
        {"40001", ERROR_DATABASE_CONFLICT}, /* serialization failure */
        {"40P01", ERROR_DATABASE_CONFLICT}, /* deadlock */
        {"40", ERROR_UNAVAILABLE},          /* 40003: the outcome is unknown */
        {"23505", ERROR_ALREADY_EXISTS},    /* unique violation */
        {"42710", ERROR_DATABASE_CONFLICT}, /* another one made the same type meanwhile */
        {"42P07", ERROR_DATABASE_CONFLICT}, /* or table */
        {"23503", ERROR_STILL_IN_USE},      /* foreign key violation */
        {"08", ERROR_DATABASE_CONNECTION},
        {"57P", ERROR_DATABASE_CONNECTION},   /* shut down, crashed, starting */
        {"53", ERROR_DATABASE_CONNECTION},    /* out of connections, memory, disk */
        {"25006", ERROR_DATABASE_CONNECTION}, /* read-only: a stand-by */
        {"57014", ERROR_UNAVAILABLE},         /* statement_timeout */
        {"55P03", ERROR_DATABASE_LOCKED},     /* lock_timeout, NOWAIT */
        {"25P03", ERROR_UNAVAILABLE},         /* idle_in_transaction_session_timeout */
    };
    for (size_t i = 0; sqlstate && i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strncmp(sqlstate, codes[i].prefix, strlen(codes[i].prefix)) == 0)
            return codes[i].code;
    }
    return ERROR_DATABASE_STATEMENT;
}

static struct pg_value *values_of(const PGresult *result, int rows, int columns)
{
    struct pg_value *values = calloc((size_t)rows * (size_t)columns + 1, sizeof(*values));
    if (!values)
        abort();
    struct pg_value *next = values;
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++, next++) {
            if (PQgetisnull(result, row, column))
                continue;
            next->text = PQgetvalue(result, row, column);
            next->length = PQgetlength(result, row, column);
        }
    }
    return values;
}

bool pg_result_is_read_only(const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return sqlstate && strcmp(sqlstate, "25006") == 0;
}

int pg_result_read(PGresult *result, const char *statement, struct pg_rows *ret_rows,
                   struct error *err)
{
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        error_set(err, sqlstate ? code_of_sqlstate(sqlstate) : ERROR_DATABASE_CONNECTION,
                  "statement %s: %s %s", statement, sqlstate ? sqlstate : "",
                  primary ? primary : PQresStatus(status));
        PQclear(result);
        return -1;
    }
    ret_rows->row_count = PQntuples(result);
    ret_rows->column_count = PQnfields(result);
    ret_rows->values = values_of(result, ret_rows->row_count, ret_rows->column_count);
    ret_rows->owner = result;
    return 0;
}
