/* All SQL on projects. */
#ifndef MODEL_PROJECT_STORE_H
#define MODEL_PROJECT_STORE_H

#include "pg/statement.h"

enum project_column {
    PROJECT_ID,
    PROJECT_NAME,
    PROJECT_CREATED_AT,
    PROJECT_UPDATED_AT,
    PROJECT_INSTANCES,
    PROJECT_ACCESS_KEYS, /* enabled ones */
    PROJECT_VERSION,
    PROJECT_INSTANCES_MAX, /* this and those below: null is the programs' setting, 0 no limit */
    PROJECT_SCANS_MAX,
    PROJECT_SCHEDULE_ENTRIES_MAX,
    PROJECT_COLUMN_COUNT
};

/* In the place of a quota: leave it as it is. */
enum { PROJECT_QUOTA_KEPT = -1, PROJECT_QUOTA_MAX = 1000000 };

/* $1 id, $2 name, $3 to $5 the quotas in the order above, $6 token and $7
 * fingerprint of the request, or nulls.  The columns above.  A name that is taken, or the same
 * request again, is ERROR_ALREADY_EXISTS. */
extern const struct pg_statement project_insert;

/* $1 offset, $2 limit.  By name; the count of all, then the columns above; one row with null
 * columns where the page is empty. */
extern const struct pg_statement project_list;
enum { PROJECT_LIST_COUNT = 0, PROJECT_LIST_FIRST = 1 };

/* $1 id.  The columns above, or no row. */
extern const struct pg_statement project_show;

/* $1 id or name.  The columns above, or no row. */
extern const struct pg_statement project_find;

/* $1 id, $2 name, $3 to $5 the quotas, $6 the version that was read.  One row: outcome (`updated`,
 * `version`, `no_project`), then the columns above. */
extern const struct pg_statement project_update;

/* $1 id.  A row where there was one.  One that has keys or instances is ERROR_STILL_IN_USE. */
extern const struct pg_statement project_delete;

#endif
