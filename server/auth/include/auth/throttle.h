/* A table of token buckets of one size, one for each name: so many requests a second, and so many
 * at once.
 *
 * Names are keyed hashes (auth/keyed_hash.h).  The memory is fixed.  A name has a place in one
 * small set of buckets; where others have taken all of them, the newcomer takes over the least
 * empty one as it is, with what was taken out of it.  So nobody gets a full bucket back by pushing
 * his own out: whatever comes after it, his own name as well, begins with no more in it.  The price
 * is that names share a bucket while more of a set's names have something owing than it has places.
 *
 * Any thread: each set is under one of several locks, held for the look at one set. */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum { THROTTLE_WAYS = 8, THROTTLE_RATE_MAX = 1000000, THROTTLE_BURST_MAX = 1000000 };

struct throttle;

struct throttle_verdict {
    bool allowed;
    int64_t limit;     /* what a full bucket allows at once */
    int64_t remaining; /* what is left of it now */
    int64_t reset_us;  /* until it is full again; where nothing is left, until there is one */
};

/* rate (a second) and burst from 1 to their most; places are rounded up to whole sets.  Never null;
 * freed by throttle_free. */
struct throttle *throttle_new(int64_t rate, int64_t burst, int64_t places);
void throttle_free(struct throttle *throttle);

/* Takes one out of the bucket of that name; out of one that is empty nothing is taken.  now_us is
 * of a clock that does not go back; threads may be a little apart. */
void throttle_take(struct throttle *throttle, uint64_t name, int64_t now_us,
                   struct throttle_verdict *ret_verdict);

#endif
