/* Rows of failures, and the names that are locked for them.
 *
 * A name is a keyed hash (auth/keyed_hash.h) of who tries what from where, so that nobody is locked
 * out by what others do elsewhere.  A row that is so long locks its name for a while from its last
 * failure on; what is tried meanwhile does not count, so that a lock ends.  After it, after a
 * success, and where nothing failed for as long, the row begins anew.
 *
 * The memory is fixed.  Where a set of names has no place left, the newcomer takes that of the
 * shortest row, of several the one that ends first: rows near a lock, and locks, give way last, so
 * that many names tried once push none of them out.  Any thread. */
#ifndef AUTH_LOCKOUT_H
#define AUTH_LOCKOUT_H

#include <stdbool.h>
#include <stdint.h>

enum { LOCKOUT_WAYS = 8 };

struct lockout;

/* failures and lock_us above 0; places are rounded up to whole sets.  Never null; freed by
 * lockout_free. */
struct lockout *lockout_new(int64_t failures, int64_t lock_us, int64_t places);
void lockout_free(struct lockout *lockout);

/* How long the name is still locked; 0 where it is not.  now_us is of a clock that does not go
 * back. */
int64_t lockout_remaining_us(struct lockout *lockout, uint64_t name, int64_t now_us);
/* Whether this failure locked the name. */
bool lockout_fail(struct lockout *lockout, uint64_t name, int64_t now_us);
void lockout_succeed(struct lockout *lockout, uint64_t name);

#endif
