/* What a scan is while it runs: the connection, what is in flight on it, and the batches of keys.
 *
 * Replies come in the order of the commands, so a queue of what is expected says whose a reply is.
 * What is in flight never leaves the database that is selected. */
#ifndef SCAN_DRIVER_H
#define SCAN_DRIVER_H

#include "cursor.h"
#include "method.h"
#include "pacing.h"
#include "redis/retry.h"
#include "redis/slots.h"

enum { DRIVER_BATCHES_MAX = PACER_WINDOW_MOST, DRIVER_EXPECTED_MAX = DRIVER_BATCHES_MAX + 1 };

struct driver {
    const struct scan_request *request;
    const struct scan_method *method;
    void *state; /* the method's */
    struct redis_connection *connection;
    int64_t started; /* monotonic ms */
    int64_t commands;
    struct scan_progress progress;
    struct pacing pacing;
    struct redis_slots redirected; /* of keys that another node has by now */

    /* For checkpoints (node_checkpoint.h). */
    const struct scan_snapshot *before; /* what the scan is of; null: there can be none */
    int database;                       /* of these, the place of the one that is scanned */
    int64_t checkpoint_ms;              /* monotonic: the last */
    char resume_cursor[SCAN_CURSOR_DIGITS_MAX + 1]; /* in the first database; empty: its start */
    int64_t earlier_ms;                             /* what runs before this one took, */
    struct scan_cost earlier_cost;                  /* and cost */

    struct redis_retry retry; /* while it says that it will answer soon, */
    struct error unready;     /* in these words */

    int db;
    struct scan_cursor cursor;
    bool hurry;     /* the method asked for it */
    bool scan_held; /* the next SCAN waits for a place in the window */
    struct scan_batch batches[DRIVER_BATCHES_MAX];
    struct scan_batch *expected[DRIVER_EXPECTED_MAX]; /* whose replies come; null: the SCAN's */
    int64_t sent_us[DRIVER_EXPECTED_MAX];             /* when they were asked for */
    int64_t burst_us;                                 /* since when something has been in flight */
    int first_expected;
    int expected_count;
};

/* Connects; the driver is released whether or not this succeeds. */
int driver_init(struct driver *driver, const struct scan_request *request, struct error *err);
void driver_release(struct driver *driver);

/* Fails when the scan is to stop; the function of an interrupt whose argument is the driver. */
int driver_check_time(void *driver, struct error *err);

/* For the functions of the method that wait; what it sent is to be added to the commands. */
struct scan_source driver_source(struct driver *driver);

void driver_report_progress(struct driver *driver, size_t keys);

/* Since the scan began, with what runs before this one had of it. */
int64_t driver_duration_ms(const struct driver *driver);
struct scan_cost driver_cost(const struct driver *driver);

/* Scans a database from a cursor on, "0" for all of it. */
int driver_scan(struct driver *driver, int db, const char *cursor, struct error *err);

/* Asks about the keys of a batch that has begun, in its database and from its stage. */
int driver_visit(struct driver *driver, struct scan_batch *batch, struct error *err);

#endif
