/* The prober: one thread that keeps what is known of instances true.
 *
 * Which instance is due when is a column of its row (probe_at), which a claim moves on: any number
 * of workers share the work and a restart changes nothing.  A notification makes it look at once;
 * that it looks every poll_seconds makes it certain. */
#ifndef WORKERS_PROBER_H
#define WORKERS_PROBER_H

#include "instance/access.h"
#include "pg/login.h"

struct prober;

/* Starts the thread.  What access has must outlive it, and the login's password. */
struct prober *prober_new(const struct instance_access *access, const struct pg_login *database);
/* Stops the thread, in the middle of a probe as well: that one is given back. */
void prober_free(struct prober *prober);

#endif
