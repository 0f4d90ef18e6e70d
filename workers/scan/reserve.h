/* Keys whose lengths are not asked yet, as asking would count as a use of them: each with the most
 * that its length can be.
 *
 * A ranking is known when its weakest place is ahead of the most of every key that is left, so the
 * keys are asked by falling bounds and the rest never.  A key that is recalled is one that every
 * exact way must ask: fewer keys can be ahead of its bound than the ranking has places.  Names are
 * kept whole, so that the order, ties by name among them, is the ranking's.  Bounded in bytes: what
 * finds no room is asked at once.  Plain values, one thread. */
#ifndef SCAN_RESERVE_H
#define SCAN_RESERVE_H

#include <jansson.h>

#include "base/json_writer.h"
#include "ranking.h"

enum {
    RESERVE_BYTES_MAX = 512 << 10, /* of all keys, with what the allocator adds to their names */
    RESERVE_BYTES_FULL = RESERVE_BYTES_MAX / 2, /* from which it is thinned, as more is in flight */
    RESERVE_BYTES_THIN = RESERVE_BYTES_MAX / 4
};

struct reserved_key {
    char *name;
    size_t length; /* of the name, at most RANKED_NAME_MAX */
    int64_t most;
    int64_t bytes;
    int db;
};

struct reserved_type {
    struct reserved_key *keys; /* as a ranking by `most` would have them, the first one last */
    size_t count, capacity;
};

struct reserve {
    struct reserved_type types[SCAN_KEY_TYPE_COUNT];
    size_t bytes;
};

void reserve_release(struct reserve *reserve);

/* For checkpoints: the elements of an array that the caller has begun, and back.  Returns false
 * where something else is in it; what was before that is taken. */
void reserve_write(const struct reserve *reserve, struct json_writer *json);
bool reserve_read(struct reserve *reserve, const json_t *array);

/* Keeps a key of which name, type and bytes are known; once, if it is offered twice with the same
 * bound.  False: there is no room, or its name is too long. */
bool reserve_add(struct reserve *reserve, int db, const struct scan_key *key, int64_t most);

/* Drops the keys whose bounds the type's ranking does not admit. */
void reserve_trim(struct reserve *reserve, const struct ranking rankings[SCAN_KEY_TYPE_COUNT]);

/* Begins the batch with keys of one database that have to be asked, of all types, and takes them
 * out; every one is wanted, with its type and bytes.  False: none is left. */
bool reserve_recall(struct reserve *reserve, const struct ranking rankings[SCAN_KEY_TYPE_COUNT],
                    struct scan_batch *batch);

/* The same while more keys are to come: those of the database given only, and of the type alone
 * that takes the most room.  False: it has none of that database. */
bool reserve_recall_some(struct reserve *reserve,
                         const struct ranking rankings[SCAN_KEY_TYPE_COUNT], int db,
                         struct scan_batch *batch);

#endif
