/* Statements in flight on one connection, in groups that a sync ends, each a transaction; for
 * pipeline.c.
 *
 * What only reads shares a group with its neighbours, which saves the server an answer and a system
 * call for each.  Where one fails the server drops those behind it in the group, and they are sent
 * again, each in a group of its own.  Everything else is a group of its own, and is answered once
 * its transaction is over.  One thread. */
#ifndef PG_GROUPS_H
#define PG_GROUPS_H

#include "job_ring.h"
#include "libpq.h"

/* The first of a group may have to wait for its last. */
enum { GROUP_MAX = 32 };

struct groups {
    struct job_ring ring;
    int open;            /* how many of the ring's last are in the group that is not sent yet */
    int last;            /* the size of the last that was sent */
    int sent;            /* groups that are not over */
    bool awaits_sync;    /* the head has its result */
    int64_t progress_ms; /* when something was read last, or the first was sent */
    struct pg_rows rows; /* of the head */
    struct error err;    /* why it failed, where it did */
    bool is_read_only;   /* because the server is */
    const char *what;    /* the head was, for whoever complains */
    int dropped_count;   /* of the group at the head */
    struct job dropped[GROUP_MAX];
};

enum groups_step {
    GROUPS_NOTHING,  /* there is nothing to read, or not yet */
    GROUPS_READ,     /* and there may be more */
    GROUPS_PREPARED, /* the same; it was a JOB_PREPARATION, and succeeded */
    GROUPS_UNFIT,    /* the connection is of no use, as err says */
    GROUPS_LOST,     /* the connection is broken; it knows why */
};

void groups_init(struct groups *groups, int capacity);
void groups_release(struct groups *groups);

/* Statements that have not been answered. */
int groups_depth(const struct groups *groups);

/* Sends a statement, or puts it into the group that groups_flush sends.  False where libpq refuses,
 * and then done is not called. */
bool groups_submit(struct groups *groups, PGconn *connection, const struct pg_statement *statement,
                   const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                   void *argument);
/* Ends the group of what was just sent on the connection on our own account. */
bool groups_submit_own(struct groups *groups, PGconn *connection, enum job_kind kind,
                       const char *name);
/* Sends the open group, but not behind one that is not over and was larger, nor behind two: there
 * it would only wait, and grows meanwhile.  False where libpq refuses. */
bool groups_flush(struct groups *groups, PGconn *connection);

/* Reads one result or the end of a group, and calls whose it is. */
enum groups_step groups_read(struct groups *groups, PGconn *connection);

/* Fails those that were sent more than patience_ms ago; their turn is still to come. */
void groups_fail_overdue(struct groups *groups, int64_t now_ms, int64_t patience_ms);
/* Fails all; err may be the groups' own. */
void groups_fail_all(struct groups *groups, const struct error *err);

#endif
