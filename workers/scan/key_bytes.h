/* What a key's memory tells about its length, so that most keys need one question: MEMORY USAGE
 * (Redis 4.0 and Valkey), which touches no counter of use, reads no value and looks at five
 * elements at most.
 *
 * The proof, by how the servers lay out values (object.c, objectComputeSize; the shares below are
 * the least that any of them counts, whatever the allocator):
 *   string       its bytes are counted, or it is a number of at most 20 digits, kept in place
 *   set          an intset's number has 2 bytes, an entry of a listpack 2, of a table more than 8
 *   hash, zset   the same for a field or member alone; an estimate from five sampled entries
 *                counts each of the others with their average, thus at least the least
 *   list         an entry of a listpack or ziplist has 2 bytes, but an estimate counts nodes after
 *                the fifth with the average of the first five, and a compressed node holds up to 88
 *                times its bytes (LZF: 264 bytes by a reference of 3).  A node costs at least 40
 *                bytes, the list's heads 56: below 176 bytes there are two nodes at most, which are
 *                never compressed, below 296 five, and above that nothing is known. */
#ifndef SCAN_KEY_BYTES_H
#define SCAN_KEY_BYTES_H

#include "batch.h"

extern const struct scan_command key_bytes_command;

/* Takes the answer: the key's bytes, or 0 where it is gone or has moved to another node.  Fails
 * with ERROR_REDIS_REFUSED where the server does not allow or have the command. */
int key_take_bytes(struct scan_key *key, const struct redis_reply *reply, struct error *err);

/* The most that the length of a key of that type and memory can be; rises with the bytes. */
int64_t key_length_most(enum scan_key_type type, int64_t bytes);

/* The bytes below which length_most is below the length given; 0: there are none. */
int64_t key_bytes_below(enum scan_key_type type, int64_t length);

#endif
