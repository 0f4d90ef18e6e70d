/* A migration's text, taken apart at its marks: lines that begin with `-- step: `.
 *
 *     -- step: transaction     one transaction, done or not done; short bounds
 *     -- step: batches         a statement that is run, each time in a transaction, until it
 * returns no row
 *     -- step: index NAME      CREATE INDEX CONCURRENTLY NAME, alone; one that was left invalid by
 *                              an interruption is dropped first
 *     -- step: alone           one command outside a transaction; harmless to repeat
 *
 * What stands before the first mark is comment.  A text without marks is one transaction, with the
 * bounds of the time before there were marks.  Private to the model; any thread. */
#ifndef MODEL_MIGRATION_STEP_H
#define MODEL_MIGRATION_STEP_H

#include "base/error.h"
#include "base/text.h"
#include "model/migration.h"

enum migration_step_kind {
    MIGRATION_STEP_WHOLE,
    MIGRATION_STEP_TRANSACTION,
    MIGRATION_STEP_BATCHES,
    MIGRATION_STEP_INDEX,
    MIGRATION_STEP_ALONE
};

enum { MIGRATION_STEPS_MAX = 16, MIGRATION_INDEX_NAME_MAX = 63 };

struct migration_step {
    enum migration_step_kind kind;
    struct text sql;                          /* the migration's own bytes */
    char index[MIGRATION_INDEX_NAME_MAX + 1]; /* of MIGRATION_STEP_INDEX: [a-z0-9_]+ */
};

struct migration_steps {
    int count;
    struct migration_step steps[MIGRATION_STEPS_MAX];
};

/* At least one step.  ERROR_CONFIG where a mark is none of the above or there are too many. */
int migration_steps_parse(const struct migration *migration, struct migration_steps *ret_steps,
                          struct error *err);

/* What follows `-- NAME: ` on the first line that begins so; empty where there is none. */
struct text migration_line(const struct migration *migration, const char *name);

#endif
