/* Whether two classes of measurements differ, in the manner of dudect (Reparaz, Balasch,
 * Verbauwhede 2017): Welch's t of all of them, and of what is left below each of a hundred
 * percentiles, since what other work adds has a long tail.  The largest |t| counts. */
#ifndef LEAKAGE_WELCH_H
#define LEAKAGE_WELCH_H

#include <stddef.h>
#include <stdint.h>

/* Sorts nothing and keeps nothing; classes are 0 and 1. */
double welch_largest(const uint32_t *times, const uint8_t *classes, size_t count);

#endif
