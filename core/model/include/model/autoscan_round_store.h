/* All SQL on the rounds of automatic analyses: which fall due, what becomes of each, and what is
 * kept of that.
 *
 * Whoever executes autoscan_advance moves every schedule on that is due; the rows are locked while
 * it does and the key of autoscan_round makes each round single, so that any number may do it at
 * once. */
#ifndef MODEL_AUTOSCAN_ROUND_STORE_H
#define MODEL_AUTOSCAN_ROUND_STORE_H

#include "pg/statement.h"

/* How long a round for expired keys waits for the task before it to end, how often it looks, and
 * how many days rounds are kept, and how many of an instance's for expired keys. */
#define AUTOSCAN_GRACE_SECONDS 300
#define AUTOSCAN_RECHECK_SECONDS 10
#define AUTOSCAN_ROUND_DAYS 7
#define AUTOSCAN_ROUNDS_MAX 200

/* How long a schedule is left alone whose round cannot be made. */
#define AUTOSCAN_ASIDE_SECONDS 60

/* How many schedules one statement takes at most. */
#define AUTOSCAN_ADVANCE_MOST 1000

/* $1 ids for the tasks to be made, as many as schedules are taken at most; $2 the longest spread in
 * seconds; $3 the moment, null for the database's own, which is what a worker passes.
 *
 * Of all rounds of a schedule that are due, the latest counts.  It makes a task, unless the
 * instance is not running, cannot be analysed that way, or has a task of the kind that waits or
 * runs.  In the last case a round for expired keys waits its grace.  The task may be claimed within
 * the spread, and within a tenth of the time to the next round: at a moment by the hash of instance
 * and kind.  ERROR_ALREADY_EXISTS where another one decided the same round at the same time:
 * nothing was done, and it is to be executed again. */
extern const struct pg_statement autoscan_advance;
enum autoscan_advance_column {
    AUTOSCAN_ADVANCE_TAKEN, /* schedules that were due */
    AUTOSCAN_ADVANCE_STARTED,
    AUTOSCAN_ADVANCE_SKIPPED,
    AUTOSCAN_ADVANCE_MISSED,
};

/* The same of one schedule: $4 project, $5 instance, $6 kind, and of $1 one id.  Where one row
 * fails, a batch fails as a whole: this finds out which.  Takes none where it is not due any more,
 * or somebody else is at it. */
extern const struct pg_statement autoscan_advance_one;

/* What is due now, the longest first, AUTOSCAN_ADVANCE_MOST at most; nothing is locked. */
extern const struct pg_statement autoscan_list_due;
enum autoscan_list_due_column {
    AUTOSCAN_DUE_PROJECT_ID,
    AUTOSCAN_DUE_INSTANCE_ID,
    AUTOSCAN_DUE_KIND,
};

/* $1 project, $2 instance, $3 kind.  Makes a due schedule wait for AUTOSCAN_ASIDE_SECONDS, so that
 * it is not in the way of others; its round stays due.  No row where it is not due any more, or
 * somebody else is at it. */
extern const struct pg_statement autoscan_set_aside;

/* $1 most rows, up to 1000.  Forgets the oldest rounds of more than AUTOSCAN_ROUND_DAYS; a row per
 * round. */
extern const struct pg_statement autoscan_round_forget;

/* Operators. */

/* $1 project or null, $2 instance or null.  Every schedule with its last round. */
extern const struct pg_statement autoscan_survey;
enum autoscan_survey_column {
    AUTOSCAN_SURVEY_PROJECT_ID,
    AUTOSCAN_SURVEY_PROJECT_NAME,
    AUTOSCAN_SURVEY_INSTANCE_ID,
    AUTOSCAN_SURVEY_INSTANCE_NAME,
    AUTOSCAN_SURVEY_KIND,
    AUTOSCAN_SURVEY_ENABLED,
    AUTOSCAN_SURVEY_NEXT_AT,
    AUTOSCAN_SURVEY_DEFERRED_UNTIL, /* null unless the next round waits */
    AUTOSCAN_SURVEY_LAST_SLOT,      /* null where there is none, as are the following */
    AUTOSCAN_SURVEY_LAST_OUTCOME,
    AUTOSCAN_SURVEY_LAST_REASON,
    AUTOSCAN_SURVEY_LAST_MISSED,
    AUTOSCAN_SURVEY_LAST_TASK_ID,
};

/* $1 project or null, $2 instance or null, $3 limit.  Rounds, the latest decided first. */
extern const struct pg_statement autoscan_round_survey;
enum autoscan_round_survey_column {
    AUTOSCAN_ROUND_PROJECT_ID,
    AUTOSCAN_ROUND_PROJECT_NAME,
    AUTOSCAN_ROUND_INSTANCE_ID,
    AUTOSCAN_ROUND_INSTANCE_NAME,
    AUTOSCAN_ROUND_KIND,
    AUTOSCAN_ROUND_SLOT,
    AUTOSCAN_ROUND_OUTCOME,
    AUTOSCAN_ROUND_REASON,
    AUTOSCAN_ROUND_MISSED,
    AUTOSCAN_ROUND_TASK_ID,
    AUTOSCAN_ROUND_DECIDED_AT,
};

#endif
