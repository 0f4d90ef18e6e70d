/* A non-blocking connection with many statements in flight, to be driven by an event loop.
 *
 * The owner watches pg_pipeline_descriptor() for pg_pipeline_interest() and calls
 * pg_pipeline_advance() when it is ready, and pg_pipeline_tick() a few times a second; after each
 * call, descriptor and interest may have changed.  Once it has submitted, it calls
 * pg_pipeline_flush() before it waits: statements that only read and were submitted since are sent
 * as one transaction, and one of them that fails takes no other with it, as what the server dropped
 * is sent again.  Every other statement is a transaction of its own, and is answered when that is
 * committed.  A lost connection fails what is in flight, which may have been committed or not and
 * is never repeated here; it comes back by itself, a second after the database at most.  A server
 * that became read-only is left.
 *
 * Every statement is answered: after its time-out and two seconds at the latest, and within two
 * seconds where the database has fallen silent and does not answer a second connection either.
 * Nothing waits for a connection, so that what is held is bounded by in_flight_max.  One thread;
 * callbacks run inside advance and tick and may submit. */
#ifndef PG_PIPELINE_H
#define PG_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pg/login.h"
#include "pg/result.h"
#include "pg/statement.h"

struct pg_pipeline;

/* rows is null on failure, and err then says why.  The callee may take rows over by copying the
 * struct and zeroing the original; otherwise they are released on return. */
typedef void pg_pipeline_done_fn(void *argument, struct pg_rows *rows, const struct error *err);

struct pg_pipeline_settings {
    struct pg_login login;
    const char *application;
    int statement_timeout_ms;
    int lock_timeout_ms; /* past it a statement fails with ERROR_DATABASE_LOCKED, undone */
    int in_flight_max;
    const struct pg_statement *const *statements; /* prepared on each new connection */
    int statement_count;
    const char *listen_channel; /* or null */
    void (*on_notify)(void *argument, const char *payload);
    void (*on_reset)(void *argument); /* notifications may have been missed; may be null */
    void *argument;
};

enum pg_pipeline_interest {
    PG_PIPELINE_NOTHING = 0,
    PG_PIPELINE_READ = 1,
    PG_PIPELINE_WRITE = 2,
};

/* settings and what it points to must outlive the pipeline.  Begins to connect at the first tick.
 */
struct pg_pipeline *pg_pipeline_new(const struct pg_pipeline_settings *settings);
/* Fails what is in flight. */
void pg_pipeline_free(struct pg_pipeline *pipeline);

/* The descriptor to watch, or -1.  generation changes whenever it means another socket than before.
 */
int pg_pipeline_descriptor(const struct pg_pipeline *pipeline, unsigned *ret_generation);
unsigned pg_pipeline_interest(const struct pg_pipeline *pipeline);

void pg_pipeline_advance(struct pg_pipeline *pipeline);
void pg_pipeline_tick(struct pg_pipeline *pipeline);

bool pg_pipeline_is_ready(const struct pg_pipeline *pipeline);
/* Statements in flight. */
int pg_pipeline_depth(const struct pg_pipeline *pipeline);
/* How long the database has said nothing on what is in flight: the statement at the head takes its
 * time, and those behind it wait.  0 where nothing is. */
int64_t pg_pipeline_silent_ms(const struct pg_pipeline *pipeline);

/* Sends a statement, or fails at once with ERROR_UNAVAILABLE where there is no connection or no
 * room. done is called exactly once where 0 is returned, and never otherwise.  parameters may go
 * away. */
int pg_pipeline_submit(struct pg_pipeline *pipeline, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                       void *argument, struct error *err);
/* Sends what was submitted. */
void pg_pipeline_flush(struct pg_pipeline *pipeline);

#endif
