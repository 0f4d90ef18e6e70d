/* All SQL on the audit log: who did or tried what.  Lines are written and never changed. */
#ifndef MODEL_AUDIT_STORE_H
#define MODEL_AUDIT_STORE_H

#include "pg/statement.h"

/* $1 a JSON array of events, each with members named as the columns of audit_event and `at` in ISO
 * form; what is left out is null.  One that is there already (of a batch whose answer was lost) is
 * not written again. */
extern const struct pg_statement audit_insert;

/* $1 project or null, $2 identity or null, $3 decision or null, $4 not before or null, $5 before or
 * null, $6 request id or null, $7 most rows.  The newest first. */
extern const struct pg_statement audit_list;
enum audit_column {
    AUDIT_AT,
    AUDIT_REQUEST_ID,
    AUDIT_PROJECT_ID,
    AUDIT_IDENTITY,
    AUDIT_PROVED,
    AUDIT_SOURCE,
    AUDIT_ACTION,
    AUDIT_INSTANCE_ID,
    AUDIT_SUBJECT,
    AUDIT_DECISION,
    AUDIT_STATUS,
    AUDIT_CODE,
    AUDIT_TIMES
};

/* $1 days, $2 most rows.  Takes away what is older, the oldest first; a row for each. */
extern const struct pg_statement audit_prune;

#endif
