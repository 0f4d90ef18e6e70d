/* Sets of a cluster's hash slots, and which slot a key is in.  Plain values; any thread.
 * Source: redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec. */
#ifndef REDIS_SLOTS_H
#define REDIS_SLOTS_H

#include "redis/reply.h"

enum { REDIS_SLOT_COUNT = 16384, REDIS_SLOT_WORDS = REDIS_SLOT_COUNT / 64 };

struct redis_slots {
    uint64_t words[REDIS_SLOT_WORDS];
};

static inline bool redis_slots_has(const struct redis_slots *slots, int slot)
{
    return slots->words[slot / 64] >> (slot % 64) & 1;
}

/* first to last, both included and in 0 to REDIS_SLOT_COUNT - 1. */
void redis_slots_add(struct redis_slots *slots, int first, int last);
void redis_slots_unite(struct redis_slots *slots, const struct redis_slots *others);
void redis_slots_remove(struct redis_slots *slots, const struct redis_slots *others);
int redis_slots_count(const struct redis_slots *slots);
bool redis_slots_are_none(const struct redis_slots *slots);

/* The lowest slot that is not in the set, or -1. */
int redis_slots_find_missing(const struct redis_slots *slots);

/* CRC16 of the name, or of what is between its first `{` and the next `}` where that is not empty.
 */
int redis_key_slot(struct text name);

/* Whether the reply says that the key's slot is served, or is about to be, by another node: an
 * error MOVED or ASK. */
bool redis_reply_is_redirect(const struct redis_reply *reply);

/* Adds the slot that a redirect names; other replies name none. */
void redis_slots_add_redirect(struct redis_slots *slots, const struct redis_reply *reply);

#endif
