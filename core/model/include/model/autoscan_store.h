/* All SQL on autoscan configurations.  Every statement returns no row where the instance does not
 * exist in the project; otherwise one row: an outcome, then AUTOSCAN_COLUMNS, null where it was
 * never configured. */
#ifndef MODEL_AUTOSCAN_STORE_H
#define MODEL_AUTOSCAN_STORE_H

#include "model/autoscan.h"
#include "pg/statement.h"

enum { AUTOSCAN_OUTCOME = 0, AUTOSCAN_FIRST = 1 };

/* $1 project, $2 instance, $3 kind.  Outcome `found`. */
extern const struct pg_statement autoscan_show;

/* Writes of the same token change nothing and show what there is; null is none.  Outcome `written`,
 * or for expired keys `past` (enabled with a first scan that is not later than now) and `timeout`
 * (less than twice the interval, one of the two perhaps as it was), or `full`: more entries than
 * before, and more than the project's quota.  The last parameter is the quota of a project that has
 * none of its own, or 0. */

/* $1 project, $2 instance, $3 kind, $4 enabled, $5 minutes of the day as an array, $6 token, $7
 * fingerprint, $8 quota, $9 options of a kind that has any, or null. */
extern const struct pg_statement autoscan_write_times;

/* $1 project, $2 instance, $3 kind, $4 enabled, $5 first scan at, $6 interval, $7 timeout, $8 keys
 * count, $9 token, $10 fingerprint, $11 quota.  Null keeps what there is. */
extern const struct pg_statement autoscan_write_interval;

#endif
