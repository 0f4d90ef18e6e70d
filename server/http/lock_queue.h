/* Requests whose statement met a lock that somebody else holds.
 *
 * A statement that waits holds up all that are behind it on its connection, so the server's
 * connections wait for a lock for LOCK_WAIT_MS only (database.c).  What did not get it in that time
 * was rolled back as a whole; its request waits here, on no connection, and is tried again until it
 * has got through or database_timeout_ms have passed since it came: then it was not done, and the
 * client is told so (ERROR_DATABASE_LOCKED).  One at a time is tried, on the loop's last
 * connection, which others keep away from meanwhile; after one that got through the next one at
 * once, after one that did not on the loop's next tick.
 *
 * While a request waits, others that ask for the same (statement, project, instance) join it
 * without a try of their own, and where LOCKED_ALIKE different ones of a statement wait, which may
 * be a lock of its table, all of that statement get their turn here.  So what is locked costs the
 * others a moment once, and not with each request.  A request that waits is one of an open
 * connection, so that there are connections_max of them at most.  Loop's thread only. */
#ifndef SERVER_HTTP_LOCK_QUEUE_H
#define SERVER_HTTP_LOCK_QUEUE_H

#include "exchange_state.h"

struct lock_queue;

/* Never null. */
struct lock_queue *lock_queue_new(struct loop *loop);
/* Lets go of those that wait, without an answer: before the loop's databases are freed. */
void lock_queue_close(struct lock_queue *queue);
void lock_queue_free(struct lock_queue *queue);

/* Whether any request waits, or is being tried again. */
bool lock_queue_is_used(const struct lock_queue *queue);

enum lock_way {
    LOCK_WAY_OPEN,  /* nobody waits for what the exchange's statement asks for */
    LOCK_WAY_LAST,  /* it is its turn, on the loop's last connection */
    LOCK_WAY_QUEUED /* it waits for its turn, with a reference of its own */
};

/* How the statement in `lock` is to be run. */
enum lock_way lock_queue_admit(struct lock_queue *queue, struct exchange *exchange);

/* The statement met a lock: the exchange waits, with the reference that the statement had.  Returns
 * false where it does not, as its time is over or its client gone. */
bool lock_queue_take(struct lock_queue *queue, struct exchange *exchange);
/* The statement is over, or could not be sent; got_through: it met no lock.  Returns whether the
 * exchange had its turn: lock_queue_go_on is to be called once it has been answered. */
bool lock_queue_settle(struct lock_queue *queue, struct exchange *exchange, bool got_through);
void lock_queue_go_on(struct lock_queue *queue);

/* A few times a second: tells those whose time is over, and tries the next one. */
void lock_queue_tick(struct lock_queue *queue);

#endif
