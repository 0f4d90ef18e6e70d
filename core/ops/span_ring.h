/* Spans on their way from the threads that serve to the one that exports: a ring of fixed size, in
 * which nobody waits for anybody.
 *
 * Any number of threads put, one takes.  A thread that is interrupted while it puts holds up those
 * who take what came after, and nobody who puts. */
#ifndef OPS_SPAN_RING_H
#define OPS_SPAN_RING_H

#include <stddef.h>

#include "ops/span.h"

struct span_ring;

/* capacity is a power of two.  Never null. */
struct span_ring *span_ring_new(size_t capacity);
void span_ring_free(struct span_ring *ring);

/* Copies it.  Returns how many there are now, or 0 where there is no room. */
size_t span_ring_put(struct span_ring *ring, const struct span *span);
/* The oldest; false where there is none. */
bool span_ring_take(struct span_ring *ring, struct span *ret_span);
/* How many there are, of this moment. */
size_t span_ring_count(const struct span_ring *ring);

#endif
