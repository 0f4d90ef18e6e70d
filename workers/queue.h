/* What the threads of a worker share: whether to go on, and a bell that says that there may be
 * work. */
#ifndef WORKERS_QUEUE_H
#define WORKERS_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct queue {
    atomic_bool stopping;
    pthread_mutex_t mutex;
    pthread_cond_t rung;
    unsigned tickets; /* runners that were called and have not looked yet */
};

void queue_init(struct queue *queue);
void queue_release(struct queue *queue);

/* Wakes one runner, or the next one that waits. */
void queue_ring(struct queue *queue);
/* Ends every wait, now and later. */
void queue_stop(struct queue *queue);
/* Returns when called, stopped or after the time. */
void queue_wait(struct queue *queue, int milliseconds);

static inline bool queue_is_stopping(struct queue *queue)
{
    return atomic_load(&queue->stopping);
}

#endif
