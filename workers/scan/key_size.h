/* What type a key has and how large it is, as every kind asks it: TYPE, then the length of the five
 * types, then, where the length is 0 and that matters, TYPE again: a length says 0 for a key that
 * is gone as well, and of the five only a string can be empty.
 *
 * TYPE leaves the server's counters of use alone.  A length touches them before CLIENT NO-TOUCH
 * (Redis 7.2), and only where the key is there. */
#ifndef SCAN_KEY_SIZE_H
#define SCAN_KEY_SIZE_H

#include "base/json_writer.h"
#include "batch.h"
#include "ranking.h"

struct shard_map;

extern const struct scan_command key_type_command;

/* STRLEN, LLEN and so on; not for SCAN_KEY_OTHER. */
const struct scan_command *key_length_command(enum scan_key_type type);

/* Takes the answer to TYPE; a key that is gone, or has moved to another
 * node, is SCAN_KEY_OTHER. */
int key_take_type(struct scan_key *key, const struct redis_reply *reply, struct error *err);

/* Takes the answer to the length.  The size of a key that has another type by now, or has
 * moved to another node, is SCAN_SIZE_UNKNOWN. */
int key_take_length(struct scan_key *key, const struct redis_reply *reply, struct error *err);

/* Writes the members name, type, db, size and unit of an entry; with a map its shard as well. */
void key_write_members(struct json_writer *writer, const struct ranked_key *key,
                       const struct shard_map *map);

#endif
