/* Schedules: one thread that makes tasks of the rounds that fall due.
 *
 * Every worker has one and all do the same: which schedule is due is a column of its row, and a
 * round is single by the schema's key.  There is no leader and no clock but the database's. */
#ifndef WORKERS_SCHEDULE_H
#define WORKERS_SCHEDULE_H

#include "base/config.h"

struct scheduler;

/* Starts the thread.  config must outlive it. */
struct scheduler *scheduler_new(const struct config *config);
/* Stops the thread, between two statements. */
void scheduler_free(struct scheduler *scheduler);

#endif
