/* The map of a cluster: which master serves which slots, and of which slots there may be keys left
 * that no scan has seen.
 *
 * A key is missed only where it moved while both nodes were being scanned.  So after a round the
 * map is read again, and what a node has gained since the map before is to do there, as far as it
 * may hold a key that was to do elsewhere; what a round could not read is to do wherever it is now.
 * Keys that were seen stay seen, however far they move.  Plain values; one thread at a time. */
#ifndef SCAN_SHARD_MAP_H
#define SCAN_SHARD_MAP_H

#include "base/error.h"
#include "redis/nodes.h"
#include "redis/slots.h"

enum { SHARD_REPLICAS_MAX = 4 }; /* that are tried; more are not needed */

struct shard {
    char id[REDIS_NODE_ID_MAX + 1]; /* of the master */
    struct endpoint endpoint;
    struct endpoint replicas[SHARD_REPLICAS_MAX];
    int replica_count;
    int64_t epoch;  /* rises when the master takes slots over */
    int64_t offset; /* of its replication, when the map was read */
    int64_t keys;
    int64_t seen; /* of these, by what this attempt has read of it so far */
    struct redis_slots owned, importing;
    struct redis_slots todo; /* that may hold keys here which were not seen */

    struct redis_slots picked; /* to be read one by one here, in place of a scan */

    /* What a round leaves. */
    bool done;                     /* it was scanned to its end */
    struct redis_slots redirected; /* of keys that were there and could not be asked about */
};

struct shard_map {
    struct shard *items;
    int count;
};

/* A shard with nothing but zeros; at most REDIS_NODES_MAX, then null. */
struct shard *shard_map_add(struct shard_map *map);
void shard_map_release(struct shard_map *map);

/* Fails with ERROR_REDIS_UNREADY where a slot is served by no master. */
int shard_map_check(const struct shard_map *map, struct error *err);

/* Everything is to do. */
void shard_map_begin(struct shard_map *map);

/* What is to do in a map that was read after a round over the one before. */
void shard_map_carry(const struct shard_map *before, struct shard_map *after);
bool shard_map_is_done(const struct shard_map *map);

/* Where at most so many slots are left to do: picks each at the masters that serve it, and returns
 * true. */
bool shard_map_pick(struct shard_map *map, int slots_most);
/* The keys of these slots were all seen at one moment: nothing is to do about them any more. */
void shard_map_settle(struct shard_map *map, const struct redis_slots *settled);

/* Writes `ip:port` of the master that serves the slot. */
void shard_map_format(const struct shard_map *map, int slot, char ret_text[ENDPOINT_TEXT_MAX + 1]);

#endif
