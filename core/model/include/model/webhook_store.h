/* All SQL on webhooks and their deliveries.  What ends a task queues deliveries by itself
 * (scan_task_store.c), in the functions of migrations 0016 and 0017. */
#ifndef MODEL_WEBHOOK_STORE_H
#define MODEL_WEBHOOK_STORE_H

#include "model/webhook.h"
#include "pg/statement.h"

enum webhook_column {
    WEBHOOK_ID,
    WEBHOOK_NAME,
    WEBHOOK_URL,
    WEBHOOK_EVENTS, /* separated by commas, as the two below; null: of all */
    WEBHOOK_KINDS,
    WEBHOOK_INSTANCE_IDS,
    WEBHOOK_LIMITS, /* a JSON array */
    WEBHOOK_ENABLED,
    WEBHOOK_CREATED_AT,
    WEBHOOK_UPDATED_AT,
    WEBHOOK_VERSION,
    WEBHOOK_FAILING_SINCE,   /* or null */
    WEBHOOK_DISABLED_REASON, /* or null */
    WEBHOOK_COLUMN_COUNT
};

/* $1 project, $2 offset, $3 limit.  By name; the count of all, then the columns above; one row with
 * null columns where the page is empty. */
extern const struct pg_statement webhook_list;
enum { WEBHOOK_LIST_COUNT = 0, WEBHOOK_LIST_FIRST = 1 };

/* $1 project, $2 id.  The columns above, or no row. */
extern const struct pg_statement webhook_show;

/* $1 project, $2 id, $3 name, $4 URL, $5 sealed secret, $6 events, $7 kinds and $8 instances or
 * nulls (separated by commas), $9 limits (a JSON array), $10 enabled, $11 most webhooks of a
 * project, $12 token and $13 fingerprint of the request, or nulls.  One row: outcome (`created`,
 * `full`), then the columns above; a name that is taken, or the same request again,
 * is ERROR_ALREADY_EXISTS. */
extern const struct pg_statement webhook_insert;

/* The parameters of webhook_insert up to $10, where a null secret is kept, then $11 the version
 * that was read, or null.  What waits of one that is turned off is given up; what is known of
 * limits that it has no more is forgotten.  One row: outcome (`updated`, `version`, `no_webhook`),
 * then the columns above. */
extern const struct pg_statement webhook_update;

/* $1 project, $2 id.  A row where there was one; its deliveries go with it. */
extern const struct pg_statement webhook_delete;

enum webhook_delivery_column {
    WEBHOOK_DELIVERY_ID,
    WEBHOOK_DELIVERY_EVENT,
    WEBHOOK_DELIVERY_STATUS, /* `pending`, `retrying`, `delivered`, `failed` */
    WEBHOOK_DELIVERY_ATTEMPTS,
    WEBHOOK_DELIVERY_CREATED_AT,
    WEBHOOK_DELIVERY_ATTEMPTED_AT, /* and those below: null where there is none */
    WEBHOOK_DELIVERY_DELIVERED_AT,
    WEBHOOK_DELIVERY_NEXT_ATTEMPT_AT,
    WEBHOOK_DELIVERY_RESPONSE_STATUS,
    WEBHOOK_DELIVERY_ERROR,
    WEBHOOK_DELIVERY_COLUMN_COUNT
};

/* $1 project, $2 webhook, $3 offset, $4 limit.  Newest first; the count of all, then the columns
 * above; one row with null columns where the page is empty, none where there is no such webhook. */
extern const struct pg_statement webhook_delivery_list;
enum { WEBHOOK_DELIVERY_LIST_COUNT = 0, WEBHOOK_DELIVERY_LIST_FIRST = 1 };

/* $1 project, $2 webhook.  Queues a delivery of the event `webhook.test`, whether the webhook is on
 * or off: the columns above as it begins, or no row. */
extern const struct pg_statement webhook_test;

/* Carries '' when deliveries are due. */
#define WEBHOOK_CHANNEL "webhook_delivery"

/* A delivery is sent for so long; one of a webhook that keeps its receiver waiting holds up none of
 * others, as each webhook has one at a time in a worker. */
enum { WEBHOOK_RETRY_HOURS = 24, WEBHOOK_RETRY_SECONDS_MAX = 3600 };

/* $1 seconds after which others may take it, $2 most rows, $3 webhooks that are not to be taken and
 * $4 the projects of these (arrays, a project as often as it has some), $5 most rows of a project,
 * those of $4 included.  Takes what is due, one of a webhook. */
extern const struct pg_statement webhook_delivery_claim;
enum webhook_claim_column {
    WEBHOOK_CLAIM_PROJECT_ID,
    WEBHOOK_CLAIM_ID,
    WEBHOOK_CLAIM_WEBHOOK_ID,
    WEBHOOK_CLAIM_ATTEMPT, /* the fence of what follows */
    WEBHOOK_CLAIM_PAYLOAD,
    WEBHOOK_CLAIM_URL,
    WEBHOOK_CLAIM_SEALED_SECRET,
    WEBHOOK_CLAIM_COLUMN_COUNT
};

/* $1 project, $2 id, $3 attempt, $4 status.  A row where it was still this attempt's, as of those
 * below. */
extern const struct pg_statement webhook_delivery_succeed;

/* $1 project, $2 id, $3 attempt, $4 status or null, $5 why, $6 seconds to rest after a first
 * attempt, doubled each time up to WEBHOOK_RETRY_SECONDS_MAX, give or take a fifth, $7 the least
 * that the receiver asked for, $8 whether it wants no more: that turns the webhook off.  One whose
 * time is over is given up.  A row: whether it was. */
extern const struct pg_statement webhook_delivery_fail;

/* $1 project, $2 id, $3 attempt.  Makes it due again. */
extern const struct pg_statement webhook_delivery_release;

/* $1 days, $2 most rows, up to 1000: a row per delivery that is forgotten. */
extern const struct pg_statement webhook_delivery_forget;

#endif
