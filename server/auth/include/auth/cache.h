/* What an event loop remembers for a while, values of one size by key: a set-associative table, as
 * in a processor's cache, without growth, chains or lists.
 *
 * A full set gives up what would go first, and where that is the new value it is not taken: what is
 * remembered for seconds never displaces what is remembered for minutes.  Values are cleansed when
 * they leave.  One thread. */
#ifndef AUTH_CACHE_H
#define AUTH_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* The longest key, in bytes. */
enum { CACHE_KEY_MAX = 64 };

struct cache;

/* entries is rounded up to whole sets.  Never null; freed by cache_free. */
struct cache *cache_new(int64_t entries, size_t value_size);
void cache_free(struct cache *cache);

/* The value, or null where it is not there or its time has passed at now_ms.  Valid until the next
 * call. */
const void *cache_find(struct cache *cache, struct text key, int64_t now_ms);

/* Remembers a copy of the value in place of an earlier one.  A lifetime of 0 forgets. */
void cache_put(struct cache *cache, struct text key, const void *value, int64_t now_ms,
               int64_t lifetime_ms);
void cache_forget(struct cache *cache, struct text key);
void cache_clear(struct cache *cache);

#endif
