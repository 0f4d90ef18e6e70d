/* So many bytes a second: a bucket that fills with time.  It reads no clock: every function is told
 * the time (us, of a clock that never jumps).  One thread. */
#ifndef OFFLINE_RATE_H
#define OFFLINE_RATE_H

#include <stdint.h>

enum {
    RATE_BURST_PARTS = 10,      /* what was left unused is kept for a tenth of a second */
    RATE_PIECE_LEAST = 16 << 10 /* bytes worth reading at a time, where the rate allows for them */
};

struct rate {
    int64_t credit; /* bytes */
    int64_t at_us;  /* up to which it was given */
};

void rate_init(struct rate *rate, int64_t now_us);

/* How many bytes may be taken now, at so many a second (1 to 10^12) since the last call.  0: none
 * yet, and ret_wait_us is when to ask again. */
int64_t rate_allow(struct rate *rate, int64_t per_second, int64_t now_us, int64_t *ret_wait_us);

void rate_take(struct rate *rate, int64_t bytes);

#endif
