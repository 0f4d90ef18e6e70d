/* Whether threads still go on: each beats a pulse of its own, and who watches finds one that has
 * not for too long.
 *
 * A thread whose waits all have an end beats wherever one ends, and is given more patience than the
 * longest of them.  Any thread. */
#ifndef BASE_PULSE_H
#define BASE_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { PULSE_NAME_MAX = 31 };

/* Owned by its thread; zeroed until it begins. */
struct pulse {
    char name[PULSE_NAME_MAX + 1];
    int64_t patience_ms;
    atomic_int_fast64_t beaten_ms;
    struct pulse *next;
};

/* Watched from now on.  number tells pulses of one name apart; negative is none. */
void pulse_begin(struct pulse *pulse, const char *name, int number, int64_t patience_ms);
/* Not watched any more: before its memory goes. */
void pulse_end(struct pulse *pulse);

void pulse_beat(struct pulse *pulse);

/* What was found; plain values. */
struct pulse_stuck {
    char name[PULSE_NAME_MAX + 1];
    int64_t silent_ms;
};

/* Whether one has been silent for longer than its patience; the longest is told. */
bool pulse_find_stuck(struct pulse_stuck *ret_stuck);

#endif
