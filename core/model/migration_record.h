/* Which migrations and steps are done: schema_migration has a row for each migration that is over,
 * schema_migration_step one for each step of one that is not.  Private to the model; the session's
 * thread. */
#ifndef MODEL_MIGRATION_RECORD_H
#define MODEL_MIGRATION_RECORD_H

#include "model/migration.h"

/* Where they are missing. */
int migration_record_create(struct pg_session *session, struct error *err);

/* ret_steps: how many of its steps are done, -1 where it is over.  ERROR_CONFIG where it was
 * changed since. */
int migration_record_find(struct pg_session *session, const struct migration *migration,
                          int *ret_steps, struct error *err);

/* In the caller's transaction or in one of its own.  step counts from 1; with the last one the
 * migration is over. */
int migration_record_step(struct pg_session *session, const struct migration *migration, int step,
                          bool is_last, struct error *err);

#endif
