/* A ring of fixed size: how much is in flight is bounded anyway. */
#include "job_ring.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void job_ring_init(struct job_ring *ring, int capacity)
{
    *ring = (struct job_ring){.capacity = capacity,
                              .jobs = calloc((size_t)capacity, sizeof(*ring->jobs))};
    if (!ring->jobs)
        abort();
}

void job_ring_release(struct job_ring *ring)
{
    free(ring->jobs);
    *ring = (struct job_ring){0};
}

struct job *job_ring_at(const struct job_ring *ring, int index)
{
    return &ring->jobs[(ring->head + index) % ring->capacity];
}

struct job *job_ring_push(struct job_ring *ring)
{
    if (ring->depth == ring->capacity)
        abort();
    struct job *job = job_ring_at(ring, ring->depth++);
    memset(job, 0, offsetof(struct job, bytes));
    job->sent_us = clock_monotonic_us();
    job->sent_ms = job->sent_us / 1000;
    return job;
}

struct job *job_ring_pop(struct job_ring *ring)
{
    struct job *job = job_ring_at(ring, 0);
    ring->head = (ring->head + 1) % ring->capacity;
    ring->depth--;
    return job;
}

void job_ring_take_back(struct job_ring *ring)
{
    ring->depth--;
}

bool job_keep(struct job *job, const struct pg_parameters *parameters)
{
    size_t used = 0;
    job->is_kept = false;
    if (parameters->count > JOB_KEPT_PARAMETERS)
        return false;
    for (int i = 0; i < parameters->count; i++) {
        const char *value = parameters->values[i];
        size_t size = value ? strlen(value) + 1 : 0;
        if (size > sizeof(job->bytes) - used)
            return false;
        job->places[i] = value ? (short)used : -1;
        if (value)
            memcpy(job->bytes + used, value, size);
        used += size;
    }
    job->is_kept = true;
    return true;
}

void job_restore(const struct job *job, const char *ret_values[JOB_KEPT_PARAMETERS])
{
    for (int i = 0; i < job->statement->parameter_count; i++)
        ret_values[i] = job->places[i] < 0 ? NULL : job->bytes + job->places[i];
}
