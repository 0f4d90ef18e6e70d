/* All SQL on projects. */
#ifndef MODEL_PROJECT_STORE_H
#define MODEL_PROJECT_STORE_H

#include "pg/statement.h"

/* $1 id, $2 name.  A name that is taken is ERROR_DATABASE_CONFLICT. */
extern const struct pg_statement project_insert;

/* No parameters; by name. */
extern const struct pg_statement project_list;
enum project_list_column {
    PROJECT_ID,
    PROJECT_NAME,
    PROJECT_CREATED_AT,
    PROJECT_INSTANCES,
    PROJECT_ACCESS_KEYS,
};

/* $1 id or name.  No row where there is none; columns as above up to PROJECT_CREATED_AT. */
extern const struct pg_statement project_find;

#endif
