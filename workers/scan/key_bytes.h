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

struct redis_probe;

extern const struct scan_command key_bytes_command;

/* Takes the answer: the key's bytes, or 0 where it is gone or has moved to another node.  Fails
 * with ERROR_REDIS_REFUSED where the server does not allow or have the command. */
int key_take_bytes(struct scan_key *key, const struct redis_reply *reply, struct error *err);

/* The most that the length of a key of that type and memory can be; rises with the bytes. */
int64_t key_length_most(enum scan_key_type type, int64_t bytes);

/* The bytes below which length_most is below the length given; 0: there are none. */
int64_t key_bytes_below(enum scan_key_type type, int64_t length);

/* How a value is laid out, which OBJECT ENCODING tells without a use of the key. */
enum key_encoding {
    KEY_ENCODING_OTHER, /* none of these */
    KEY_NUMBER,         /* int */
    KEY_EMBEDDED,       /* embstr */
    KEY_RAW,
    KEY_QUICKLIST,
    KEY_INTSET,
    KEY_COMPACT, /* ziplist, listpack */
    KEY_TABLE,   /* hashtable */
    KEY_SKIPLIST,
    KEY_GONE
};

extern const struct scan_command key_encoding_command;

/* Takes the answer; a key that is gone or has moved to another node is KEY_GONE.  Fails with
 * ERROR_REDIS_REFUSED where the server does not allow or have the command. */
int key_take_encoding(const struct redis_reply *reply, enum key_encoding *ret_encoding,
                      struct error *err);

/* The least that a server counts: of Redis 4.0 to 7.0, built for 64 bits, all of which is known.
 * Where any other counts less it is not `known`. */
struct key_layout {
    bool known;
    bool names;   /* the key's name; before 6.0 a word of the command is counted in its place */
    int64_t text; /* a string of any length: from 6.2 what is allocated, 8 bytes with jemalloc */
    int64_t node; /* what a list's node has beside its entries */
};

struct key_layout key_layout_of(const struct redis_probe *probe);

/* As key_length_most, and never more, for what is known besides.  The sums, by the same sources of
 * 4.0.0 to 7.0.15:
 *   every key    an object (16) and an entry of the database's table (24), its name's string
 *   string       a number, an embedded string of at most 44 bytes, or two bytes beside it
 *   intset       8 bytes beside the numbers
 *   compact      7 bytes; the fields of a hash and the members of a sorted set are all different,
 *                and of 2 bytes there are 129 at most (128 numbers and the empty string), of 3 any
 *                number; values and scores have 2
 *   table        an entry (24) and one string, for a hash two; sampled as above
 *   skiplist     the same, and a node (40)
 *   quicklist    40 bytes and its nodes, as above, of which every one has 8 bytes at least */
int64_t key_length_most_as(const struct key_layout *layout, enum scan_key_type type,
                           enum key_encoding encoding, int64_t bytes, size_t name_length);

/* The same where the encoding is not known: of those that a type can have, the one that holds the
 * most. */
int64_t key_length_most_of(const struct key_layout *layout, enum scan_key_type type, int64_t bytes,
                           size_t name_length);

#endif
