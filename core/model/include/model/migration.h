/* The database's schema: migrations embedded from db/migrations, forward only.
 *
 * Each is applied once, in name order, and its SHA-256 is recorded; one that was changed after it
 * was applied is refused.  A migration is a row of steps (model/migration_step.h), each of which is
 * recorded as it is done: one that is cut off, in whatever way, goes on where it was.
 *
 * Nothing waits for a lock for long: what queues for one holds up all who come after it.  A step
 * gives up after a fraction of a second and is tried again for as long as its caller has patience.
 * A lock of the database makes runners come one after another, and a lock on the record table
 * makes sure that a step is not done twice even where they do not. */
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

enum { MIGRATION_PATIENCE_SECONDS = 300, MIGRATION_PATIENCE_SECONDS_MAX = 86400 };

/* Applies what is missing, and then the grants, unless the schema is newer than the program.
 * on_applied, which may be null, is told of each one applied.  patience_ms is how long a step is
 * tried again where locks are not granted, another runner is at work or the connection is lost;
 * ERROR_DATABASE_LOCKED and the like then, and what is done stays done.  The session is nobody
 * else's meanwhile. */
int migrations_apply(struct pg_session *session, int64_t patience_ms,
                     void (*on_applied)(const char *name), struct error *err);

/* Gives every role that database_role names what its program needs, and takes all else away; a role
 * that does not exist fails it as a whole, and so does a schema that is newer than the program. */
int migrations_grant(struct pg_session *session, int64_t patience_ms, struct error *err);

enum { MIGRATION_NAME_MAX = 63 };

/* What a newer release has applied that this program does not know. */
struct migration_skew {
    int count;
    char last[MIGRATION_NAME_MAX + 1];
};

/* 0 where every migration this program knows is applied; later ones do not matter and are told by
 * ret_newer, which may be null. */
int migrations_check(struct pg_session *session, struct migration_skew *ret_newer,
                     struct error *err);

#endif
