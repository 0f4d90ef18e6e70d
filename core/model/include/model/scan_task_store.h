/* All SQL on scan tasks and their results.
 *
 * A change of state is one statement whose WHERE lists the states it may leave, and which says what
 * happened in its first column.  Statements of the API return no row where the instance does not
 * exist in the project; a worker's carry the fence of its claim, and one that matches no row means
 * that the task is no longer its own. */
#ifndef MODEL_SCAN_TASK_STORE_H
#define MODEL_SCAN_TASK_STORE_H

#include "model/scan_task.h"
#include "pg/statement.h"

/* Carries '' when a task was created and the task's id when a running one was deleted. */
#define SCAN_TASK_CHANNEL "scan_task"

/* Records kept per instance and kind; the oldest finished one goes when one more is created. */
#define SCAN_TASK_RECORDS_MAX 100

/* $1 project, $2 instance, $3 id, $4 kind, $5 and $6 tokens of the request (its signature; its
 * Idempotency-Key or null), $7 fingerprint, $8 trace_parent or null, $9 options (a JSON object) or
 * null; of an offline analysis also $10 the node's id (null: a node that has all keys) and $11 the
 * name of a backup or null.  A token that is remembered answers with the task that the first
 * request made.  One row: outcome (`created`, `not_running`, `unsupported`, `busy`, `no_task`:
 * made, and deleted since; `mismatch`: a token of another request; `retry`; and `no_node`,
 * `several_shards`: a node must be named, `no_backups`: the instance has no directory of them),
 * then the task's columns, null unless created, its keys, its options and its source. */
extern const struct pg_statement scan_task_create;

/* $1 project, $2 instance, $3 id, $4 kind.  One row: outcome (`found`), task, keys, options.
 * No row where there is no such task: a task that is there has an instance, so that one is not
 * looked at. */
extern const struct pg_statement scan_task_show;
/* The same with the source; $4 may be several kinds, separated by commas. */
extern const struct pg_statement scan_task_show_analysis;
/* The same of an offline analysis, with the members of its answer in place of the keys; and with
 * neither. */
extern const struct pg_statement scan_task_show_offline, scan_task_show_node;
/* With the same parameters, after one of these gave no row: its outcome, where there is the
 * instance. */
extern const struct pg_statement scan_task_absent;

/* The same parameters and columns; outcome `deleted` or `no_task`.  What an analysis left in the
 * series goes with it. */
extern const struct pg_statement scan_task_delete;
/* The same with the source; $4 may be several kinds, separated by commas. */
extern const struct pg_statement scan_task_delete_analysis;
/* The same without the keys. */
extern const struct pg_statement scan_task_delete_offline;

enum {
    SCAN_TASK_OUTCOME = 0,
    SCAN_TASK_FIRST = 1,
    SCAN_TASK_KEYS = SCAN_TASK_FIRST + SCAN_TASK_COLUMN_COUNT,
    SCAN_TASK_OPTIONS, /* null for kinds without, and where they are the defaults */
    SCAN_TASK_SOURCE,  /* ANALYSIS_SOURCE_COLUMNS, where the statement says so */
};

/* $1 project, $2 instance, $3 kind, $4 status or null, $5 offset, $6 limit.  A row per record of
 * the page, newest first, each with the count of all that match and the sum of their num before the
 * task's columns; one row with a null task where the page is empty. */
extern const struct pg_statement scan_task_list;
enum { SCAN_TASK_LIST_COUNT = 0, SCAN_TASK_LIST_TOTAL = 1, SCAN_TASK_LIST_FIRST = 2 };

/* $1 project, $2 instance, $3 kind or null, $4 status or null, $5 offset, $6 limit.  Tasks of all
 * kinds in the form of scan_task_list: a row per task of the page, newest first, with the count of
 * all that match before its columns and those below after them. */
extern const struct pg_statement scan_task_list_all;
enum {
    SCAN_TASK_ALL_COUNT,
    SCAN_TASK_ALL_FIRST,
    SCAN_TASK_ALL_KIND = SCAN_TASK_ALL_FIRST + SCAN_TASK_COLUMN_COUNT,
    SCAN_TASK_ALL_KEYS_SEEN,
    SCAN_TASK_ALL_KEYS_TOTAL,
    SCAN_TASK_ALL_ATTEMPT,
};

/* $1 project, $2 instance, $3 id.  How a task of any kind goes on.  One row: outcome (`found`,
 * `no_task`), then the columns below. */
extern const struct pg_statement scan_task_progress;
/* The same of many: $1 projects, $2 instances, $3 ids, arrays of equal length.  A row for each task
 * that there is: its place in the arrays, from 1 on, then the same columns. */
extern const struct pg_statement scan_task_watch;
enum {
    SCAN_TASK_PROGRESS_OUTCOME = 0,
    SCAN_TASK_PROGRESS_PLACE = 0,
    SCAN_TASK_PROGRESS_FIRST = 1,
    SCAN_TASK_PROGRESS_KIND = SCAN_TASK_PROGRESS_FIRST + SCAN_TASK_COLUMN_COUNT,
    SCAN_TASK_PROGRESS_ATTEMPT,
    SCAN_TASK_PROGRESS_KEYS_SEEN,
    SCAN_TASK_PROGRESS_KEYS_TOTAL,
    SCAN_TASK_PROGRESS_KEYS_PER_SECOND, /* null where it does not run, or is not known yet */
    SCAN_TASK_PROGRESS_PAUSE,           /* why it pauses now; null: it does not */
    SCAN_TASK_PROGRESS_COST,            /* an object as JSON, or null */
    SCAN_TASK_PROGRESS_SHARDS,          /* an array as JSON; null where it is no cluster */
    SCAN_TASK_PROGRESS_UPDATED_AT,      /* null where nothing was told yet */
    SCAN_TASK_PROGRESS_FAILURE_CODE, /* symbol of the table of errors, SCAN_TASK_GIVEN_UP, or null
                                      */
};

/* The longest result that is recorded: it is copied on its way to the client, and taken apart by
 * statements. */
#define SCAN_TASK_RESULT_MAX (8 * 1024 * 1024)

/* Workers. */

/* How many projects a claim weighs against each other. */
#define SCAN_TASK_PROJECTS_WEIGHED 16

/* $1 owner, $2 lease in seconds, $3 most attempts, $4 most running tasks of a project whose own
 * quota says nothing, or 0, $5 kinds that the worker knows, separated by commas: others' tasks, of
 * a later release, stay where they are.  No row where nothing is due that may run.  Takes a task
 * that a lost worker left behind; else one of the project with the fewest running tasks, its
 * oldest. */
extern const struct pg_statement scan_task_claim;
enum scan_task_claim_column {
    SCAN_TASK_CLAIM_PROJECT_ID,
    SCAN_TASK_CLAIM_INSTANCE_ID,
    SCAN_TASK_CLAIM_ID,
    SCAN_TASK_CLAIM_KIND,
    SCAN_TASK_CLAIM_FENCE,
    SCAN_TASK_CLAIM_ATTEMPT,
    SCAN_TASK_CLAIM_CREATED_AT,
    SCAN_TASK_CLAIM_SCAN_KEYS_COUNT, /* of an automatic one, as configured now; else null */
    SCAN_TASK_CLAIM_TIMEOUT_SECONDS, /* the same */
    SCAN_TASK_CLAIM_SCAN_MS,         /* what earlier attempts took */
    SCAN_TASK_CLAIM_CHECKPOINT,      /* where it can be taken up; null: at the beginning */
    SCAN_TASK_CLAIM_WAS_LOST,        /* by the worker that had it */
    SCAN_TASK_CLAIM_TRACE_PARENT,    /* null where its request told none */
    SCAN_TASK_CLAIM_OPTIONS,         /* null: the defaults, of a kind that has any */
    SCAN_TASK_CLAIM_NODE_HOST,       /* of an offline analysis, as are those up to BACKUP_ID */
    SCAN_TASK_CLAIM_NODE_PORT,
    SCAN_TASK_CLAIM_BACKUP_ID,         /* null: from the replication stream */
    SCAN_TASK_CLAIM_BACKUP_DIRECTORY,  /* of the instance; null: it has none */
    SCAN_TASK_CLAIM_FIRST_OF_INSTANCE, /* INSTANCE_TARGET_COLUMNS of instance_store.h */
};

/* $1 owner, $2 lease in seconds, then arrays of equal length: $3 projects, $4 ids, $5 fences, $6
 * keys seen, $7 keys in all, $8 milliseconds of scanning, $9 checkpoints (null: as it was).
 * Renews the leases that are still this worker's and returns their ids and fences. */
extern const struct pg_statement scan_task_renew;

/* Arrays of equal length: $1 projects, $2 ids, $3 fences, $4 keys seen, $5 keys in all, $6
 * milliseconds of scanning, $7 keys per second (null: not known), $8 what else is told (an object;
 * null: as it was, but for a pause).  Writes how the scans go on that are still this worker's, and
 * returns their ids and fences; leases stay as they are. */
extern const struct pg_statement scan_task_tell;

/* $1 projects, $2 ids, $3 fences.  Returns the same; writes nothing. */
extern const struct pg_statement scan_task_check;
enum { SCAN_TASK_KEPT_ID, SCAN_TASK_KEPT_FENCE };

/* $1 project, $2 id, $3 fence, $4 num, $5 keys (JSON text or null), $6 keys seen, $7 what it
 * cost (a JSON object, or null), $8 milliseconds of scanning, $9 members of an offline analysis'
 * answer, or null.  A row where it was recorded, with the points of its series where it is an
 * analysis of the whole instance. */
extern const struct pg_statement scan_task_succeed;

/* $1 project, $2 id, $3 fence, $4 reason, $5 num, $6 milliseconds of scanning, $7 symbol of the
 * failure (base/error.def).  A row where it was
 * recorded. */
extern const struct pg_statement scan_task_fail;

/* $1 project, $2 id, $3 fence, $4 checkpoint or null, $5 milliseconds of scanning.  Gives a running
 * task back, as if it had not been tried. */
extern const struct pg_statement scan_task_release;

/* The same parameters, then $6 why the attempt failed, $7 seconds to wait after a first attempt,
 * doubled for each one more, $8 the most.  Puts a running task to rest until then, give or take a
 * fifth; a row with the milliseconds where it was. */
extern const struct pg_statement scan_task_retry;
enum { SCAN_TASK_RETRY_ID, SCAN_TASK_RETRY_WAIT_MS };

/* The code of such a failure, which is none of the table of errors. */
#define SCAN_TASK_GIVEN_UP "GIVEN_UP"

/* $1 most attempts.  Fails tasks whose last attempt's lease ran out, and returns their ids. */
extern const struct pg_statement scan_task_give_up;

/* $1 days, $2 most rows, up to 1000.  Forgets the oldest tasks of those that ended more than so
 * many days ago, with their results; a row per task. */
extern const struct pg_statement scan_task_forget;

/* Operators. */

/* $1 project or null, $2 instance or null, $3 status or null, $4 limit.  Newest first. */
extern const struct pg_statement scan_task_survey;
/* $1 id, in any project. */
extern const struct pg_statement scan_task_inspect;
enum scan_task_survey_column {
    SCAN_TASK_SURVEY_PROJECT_NAME = SCAN_TASK_COLUMN_COUNT,
    SCAN_TASK_SURVEY_PROJECT_ID,
    SCAN_TASK_SURVEY_INSTANCE_NAME,
    SCAN_TASK_SURVEY_KIND,
    SCAN_TASK_SURVEY_ATTEMPT,
    SCAN_TASK_SURVEY_OWNER,
    SCAN_TASK_SURVEY_KEYS_SEEN,
    SCAN_TASK_SURVEY_KEYS_TOTAL,
    SCAN_TASK_SURVEY_FAILURE,
    SCAN_TASK_SURVEY_KEYS, /* from here on scan_task_inspect only */
    SCAN_TASK_SURVEY_COST,
    SCAN_TASK_SURVEY_SCAN_MS,
    SCAN_TASK_SURVEY_LAST_ERROR,
    SCAN_TASK_SURVEY_CHECKPOINT_AT, /* null where it has none */
    SCAN_TASK_SURVEY_TOLD,          /* first of SCAN_TASK_TOLD_... */
};

/* What its worker told last of a task. */
enum {
    SCAN_TASK_TOLD_KEYS_PER_SECOND, /* null where it does not run, or is not known yet */
    SCAN_TASK_TOLD_PAUSE,           /* why it pauses now, or null */
    SCAN_TASK_TOLD_PAUSES,          /* so far; null where nothing was told */
    SCAN_TASK_TOLD_SHARDS_DONE,
    SCAN_TASK_TOLD_SHARDS, /* 0: it is no cluster */
    SCAN_TASK_TOLD_COUNT
};

/* No more than this are counted of those that wait. */
#define SCAN_TASK_WAITING_COUNTED 10000

/* ANALYSIS_SOURCE_COLUMNS of scan_task_inspect. */
enum { SCAN_TASK_SURVEY_SOURCE = SCAN_TASK_SURVEY_TOLD + SCAN_TASK_TOLD_COUNT };

/* $1 project or null, $2 most tasks.  Those that run or rest between two attempts, the oldest
 * first; one row with a null task where there is none. */
extern const struct pg_statement scan_task_running;
enum {
    SCAN_TASK_RUNNING_SCAN_MS = SCAN_TASK_SURVEY_KEYS, /* after the columns of the survey */
    SCAN_TASK_RUNNING_COUNT,                           /* of all, also of those left out */
    SCAN_TASK_RUNNING_WAITING,
    SCAN_TASK_RUNNING_TOLD, /* first of SCAN_TASK_TOLD_... */
};

#endif
