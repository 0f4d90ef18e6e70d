/* The audit log as the server writes it: what changes something, what is refused, and all that
 * operators ask for; with `audit` set to `all`, every other request as well.
 *
 * An event is a line of the log at once and a row of the database soon: events are gathered and
 * written in batches on the loop's ticks, so that no answer waits for them.  While the database is
 * away they are kept, AUDIT_PENDING_MAX of a loop at most; what is lost past that is counted and
 * logged, and its lines are in the log.  Refusals of nobody in particular are bounded by the
 * second, what is more is one event with their number.  Loop's thread only. */
#ifndef SERVER_HTTP_AUDIT_H
#define SERVER_HTTP_AUDIT_H

#include "exchange_state.h"

enum { AUDIT_PENDING_MAX = 4096, AUDIT_UNPROVED_PER_SECOND = 50 };

struct audit;

/* Never null. */
struct audit *audit_new(struct loop *loop);
/* Connects, where the audit log has a database of its own; once the loop runs. */
void audit_open(struct audit *audit);
void audit_free(struct audit *audit);

/* An exchange's answer; subject is the id of what was made, or empty. */
void audit_note(struct exchange *exchange, int status, const struct error *err,
                const char *subject);

/* A few times a second: writes what is gathered. */
void audit_tick(struct audit *audit);

/* Whether nothing waits to be written. */
bool audit_is_idle(const struct audit *audit);

#endif
