/* Waits that are too short to be interrupted. */
#ifndef SCAN_NAP_H
#define SCAN_NAP_H

#include <time.h>

/* Less than a second. */
static inline void scan_nap(int ms)
{
    struct timespec nap = {.tv_nsec = (long)ms * 1000000};
    nanosleep(&nap, NULL);
}

#endif
