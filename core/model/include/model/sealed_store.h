/* All columns that hold sealed secrets, and the SQL that finds and re-seals what another key than
 * the newest has sealed.
 *
 * A column is walked by primary key, in chunks, without an index of its own; rows that are made
 * behind the walk are found by the next one.  A blob is replaced only where it is still the one
 * that was read: whoever changes the row meanwhile wins.  Neither the row's version nor its time of
 * update changes, as what the secret is does not. */
#ifndef MODEL_SEALED_STORE_H
#define MODEL_SEALED_STORE_H

#include <stdbool.h>

#include "base/secret.h"
#include "pg/statement.h"

struct sealed_column {
    /* $1 the last row's id ('' or the nil UUID to begin with), $2 what a blob begins with that is
     * left alone (secret_current_head), $3 most rows and, where by_project, $4 the last row's
     * project (the nil UUID to begin with).  The columns below, of every row, in the walk's order.
     */
    const struct pg_statement *list;
    /* $1 project or null, $2 id, $3 the blob that was read, $4 the one to take its place.  A row
     * where it took it. */
    const struct pg_statement *replace;
    struct secret_owner (*owner)(const char *project, const char *id);
    bool by_project;
};

enum sealed_list_column {
    SEALED_LIST_PROJECT_ID, /* may be null */
    SEALED_LIST_ID,
    SEALED_LIST_HAS_SECRET,
    SEALED_LIST_SEALED, /* null where it is left alone */
};

extern const struct sealed_column sealed_columns[];
extern const size_t sealed_column_count;

#endif
