/* Schedules: one thread that makes tasks of the rounds that fall due.
 *
 * Every worker has one and all do the same: which schedule is due is a column of its row, and a
 * round is single by the schema's key.  There is no leader and no clock but the database's. */
#ifndef WORKERS_SCHEDULE_H
#define WORKERS_SCHEDULE_H

#include "base/config.h"
#include "pg/login.h"

struct scheduler;

/* Starts the thread.  config must outlive it, and the login's password. */
struct scheduler *scheduler_new(const struct config *config, const struct pg_login *database);
/* Stops the thread, between two statements. */
void scheduler_free(struct scheduler *scheduler);

#endif
