/* The database's schema: migrations embedded from db/migrations, forward only.
 *
 * Each is applied once, in name order, in a transaction of its own, and its SHA-256 is recorded;
 * one that was changed after it was applied is refused.  Running it twice at once is safe: a lock
 * on the record table makes the second wait and then find nothing to do. */
#ifndef MODEL_MIGRATION_H
#define MODEL_MIGRATION_H

#include <stddef.h>

#include "pg/session.h"

struct migration {
    const char *name; /* NNNN_what */
    const char *sql;
    size_t length;
};

extern const struct migration migrations[];
extern const size_t migration_count;

/* db/grants.sql: gives the roles that database_role names what their programs need. */
extern const char database_grants[];

/* Applies what is missing, and then the grants.  on_applied, which may be null, is told of each one
 * applied. */
int migrations_apply(struct pg_session *session, void (*on_applied)(const char *name),
                     struct error *err);

/* Gives every role that database_role names what its program needs, and takes all else away; a role
 * that does not exist fails it as a whole. */
int migrations_grant(struct pg_session *session, struct error *err);

/* 0 where every migration this program knows is applied; later ones do not matter. */
int migrations_check(struct pg_session *session, struct error *err);

#endif
