/* A pg_pipeline in h2o's event loop: watches its socket and drives it. */
#ifndef SERVER_HTTP_DATABASE_H
#define SERVER_HTTP_DATABASE_H

#include "loop.h"
#include "pg/pipeline.h"

/* What a connection is for. */
enum database_use {
    DATABASE_REQUESTS,
    DATABASE_REQUESTS_AND_CHANGES, /* listens to changes of access keys as well: one of a loop's */
    DATABASE_AUDIT                 /* that of the audit log, where it has one of its own */
};

struct database *database_new(struct loop *loop, enum database_use use);
void database_free(struct database *database);

/* A few times a second: connects, reconnects, gives up on silence. */
void database_tick(struct database *database);

/* Whether a connection of the loop can take statements. */
bool database_is_ready(const struct loop *loop);

/* Sends a statement on that connection; see pg_pipeline_submit. */
int database_submit_to(struct database *database, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                       void *argument, struct error *err);

typedef int database_submit_fn(struct loop *loop, const struct pg_statement *statement,
                               const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                               void *argument, struct error *err);

/* Sends a statement on one of the loop's connections that has room, where nothing is held up and no
 * locks are waited for (lock_queue.h), as far as there is one: what reads on the first of them,
 * what writes on the one that has the least in flight; see pg_pipeline_submit. */
database_submit_fn database_submit;
/* On the loop's last connection, or where it is away as the former. */
database_submit_fn database_submit_last;

#endif
