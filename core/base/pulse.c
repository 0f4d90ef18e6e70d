/* The pulses of the process, in a list: they are few, and looked at once a second. */
#include "base/pulse.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct pulse *first;

void pulse_begin(struct pulse *pulse, const char *name, int number, int64_t patience_ms)
{
    if (number < 0)
        snprintf(pulse->name, sizeof(pulse->name), "%s", name);
    else
        snprintf(pulse->name, sizeof(pulse->name), "%s %d", name, number);
    pulse->patience_ms = patience_ms;
    pulse_beat(pulse);
    pthread_mutex_lock(&mutex);
    pulse->next = first;
    first = pulse;
    pthread_mutex_unlock(&mutex);
}

void pulse_end(struct pulse *pulse)
{
    pthread_mutex_lock(&mutex);
    struct pulse **place = &first;
    while (*place && *place != pulse)
        place = &(*place)->next;
    if (*place)
        *place = pulse->next;
    pthread_mutex_unlock(&mutex);
}

void pulse_beat(struct pulse *pulse)
{
    atomic_store_explicit(&pulse->beaten_ms, clock_monotonic_ms(), memory_order_relaxed);
}

bool pulse_find_stuck(struct pulse_stuck *ret_stuck)
{
    int64_t now_ms = clock_monotonic_ms();
    ret_stuck->silent_ms = 0;
    pthread_mutex_lock(&mutex);
    for (struct pulse *pulse = first; pulse; pulse = pulse->next) {
        int64_t silent_ms = now_ms - atomic_load_explicit(&pulse->beaten_ms, memory_order_relaxed);
        if (silent_ms <= pulse->patience_ms || silent_ms <= ret_stuck->silent_ms)
            continue;
        memcpy(ret_stuck->name, pulse->name, sizeof(pulse->name));
        ret_stuck->silent_ms = silent_ms;
    }
    pthread_mutex_unlock(&mutex);
    return ret_stuck->silent_ms > 0;
}
