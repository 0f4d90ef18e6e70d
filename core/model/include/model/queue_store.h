/* What the queue of tasks and the schedules look like, for whoever watches them. */
#ifndef MODEL_QUEUE_STORE_H
#define MODEL_QUEUE_STORE_H

#include "pg/statement.h"

/* $1 how far is counted.  One row; ages are of the oldest, 0 where there is none.  Each column
 * reads the end of an index. */
extern const struct pg_statement queue_survey;
enum queue_survey_column {
    QUEUE_SURVEY_WAITING,     /* tasks, up to $1 */
    QUEUE_SURVEY_RUNNING,     /* the same; those that rest between two attempts count */
    QUEUE_SURVEY_WAITING_MS,  /* since a waiting task could be claimed */
    QUEUE_SURVEY_LOST_MS,     /* since a running task could be claimed again */
    QUEUE_SURVEY_SCHEDULE_MS, /* since a round fell due that nobody has made */
    QUEUE_SURVEY_WEBHOOKS,    /* deliveries that are not over, up to $1 */
    QUEUE_SURVEY_WEBHOOKS_MS  /* since the next attempt of one fell due */
};

#endif
