/* The largest keys: those with the most memory, and per type those with the largest size, exact:
 * value descending, then name ascending by bytes, then database.
 *
 * A key is kept once, however many rankings it is in, with what was said of it last.  Rankings are
 * heaps with their weakest key at the top, so that nearly every key fails one comparison and costs
 * no more.  Of each name as many bytes are kept as all places together may have
 * (INSIGHT_NAMES_MAX).  Plain values, one thread. */
#ifndef INSIGHT_LEADERS_H
#define INSIGHT_LEADERS_H

#include "insight/insight.h"
#include "insight/key_name.h"

enum {
    LEADERS_BY_BYTES,
    LEADERS_BY_SIZE, /* of the first type; then of the other built-in ones */
    LEADERS_RANKINGS = LEADERS_BY_SIZE + INSIGHT_TYPES_BUILT_IN
};

struct leader {
    char *name;
    uint32_t kept;
    uint32_t places[2]; /* in the ranking by bytes and in that of its type, from 1; 0: in none */
    size_t length;
    uint64_t name_hash; /* of a name that is not kept whole */
    uint64_t hash;      /* for the index */
    int64_t bytes, size, ttl_ms, idle_s;
    int db, slot, type, encoding, freq;
    bool utf8;
    bool asked; /* for its size */
};

struct ranking_heap {
    uint32_t *items; /* places in the pool */
    uint32_t count, capacity;
};

struct leaders {
    struct leader *pool; /* one without a name is free */
    uint32_t pool_count, pool_capacity;
    uint32_t *free_places;
    uint32_t free_count;
    uint64_t *index; /* open addressing: upper half of the hash, place in the pool + 1 */
    uint32_t index_size;
    struct ranking_heap heaps[LEADERS_RANKINGS];
    uint32_t top;
    uint32_t name_most; /* bytes of a name that are kept */
    bool by_bytes_only; /* the types' rankings are by bytes, too */
    int (*slot_of)(struct text name);
};

/* Bytes that are taken at most with so many keys per ranking. */
size_t leaders_size_most(uint32_t top);

void leaders_init(struct leaders *leaders, const struct insight_setup *setup);
void leaders_release(struct leaders *leaders);

/* Takes a key whose name has that hash (name_hash.h). */
void leaders_offer(struct leaders *leaders, uint64_t hash, const struct insight_key *key);

/* The same for a key of another; type and encoding are places in this one's tables. */
void leaders_offer_leader(struct leaders *leaders, const struct leader *leader, int type,
                          int encoding);

/* Null where it has no place. */
struct leader *leaders_find(struct leaders *leaders, uint64_t hash, int db, struct text name);

struct kept_name leader_name(const struct leader *leader);

/* The keys of a ranking, best first: an array that the caller frees. */
const struct leader **leaders_sort(const struct leaders *leaders, int ranking, uint32_t *ret_count);

/* For checkpoints: the value of a member, and back again into leaders that are empty.  The caller
 * gives the hash of a name that is kept whole. */
void leaders_write(const struct leaders *leaders, struct json_writer *json);
bool leaders_read(struct leaders *leaders, const json_t *saved, int type_count, int encoding_count,
                  uint64_t (*hash_of)(const void *argument, struct text name),
                  const void *argument);

/* Takes in a leader whose name is to be copied; false where it is there already. */
bool leaders_restore(struct leaders *leaders, const struct leader *leader, bool by_bytes,
                     bool by_size);

#endif
