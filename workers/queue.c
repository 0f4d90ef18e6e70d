/* The bell between the thread that hears of work and those that do it. */
#include "queue.h"

#include <time.h>

enum { TICKETS_MAX = 256 };

void queue_init(struct queue *queue)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    atomic_init(&queue->stopping, false);
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->rung, &attributes);
    pthread_condattr_destroy(&attributes);
    queue->tickets = 0;
}

void queue_release(struct queue *queue)
{
    pthread_cond_destroy(&queue->rung);
    pthread_mutex_destroy(&queue->mutex);
}

void queue_ring(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    if (queue->tickets < TICKETS_MAX)
        queue->tickets++;
    pthread_cond_signal(&queue->rung);
    pthread_mutex_unlock(&queue->mutex);
}

void queue_stop(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    atomic_store(&queue->stopping, true);
    pthread_cond_broadcast(&queue->rung);
    pthread_mutex_unlock(&queue->mutex);
}

void queue_wait(struct queue *queue, int milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&queue->mutex);
    int status = 0;
    while (queue->tickets == 0 && !queue_is_stopping(queue) && status == 0)
        status = pthread_cond_timedwait(&queue->rung, &queue->mutex, &until);
    if (queue->tickets > 0)
        queue->tickets--;
    pthread_mutex_unlock(&queue->mutex);
}
