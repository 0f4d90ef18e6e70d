/* What a key takes of its server's memory, estimated as its value's bytes pass: what
 * `MEMORY USAGE key SAMPLES 0` of the server that wrote the file says, by that version's own
 * arithmetic, also where that leaves something out (Valkey 8.1 the key's name) or counts what was
 * asked for and not what was allocated (Redis 4.0 to 6.0).  Redis before 4.0 has no such command:
 * 4.0's arithmetic over their structures.
 *
 * Constant size, no allocation; one thread at a time.  A value is told between footprint_begin and
 * footprint_end by the calls of its form; calls of another form are counted somehow, never refused.
 * Sums stay within 2^62.
 *
 * What a file does not tell is taken as it is on average, or as right after the key was written:
 * - the levels of skip lists are random: three nodes of four have one, and so on;
 * - hash tables grew one element at a time (table_size.h), from packed values of the size that
 *   servers are shipped with;
 * - strings have no room left over from APPEND, SETRANGE or large requests;
 * - the last listpack of a stream has the room that it was made with (Redis 6.2 and newer), and a
 *   stream without entries had some;
 * - keys of servers in cluster mode have no links to each other (Redis 7.0, 7.2: 16 bytes);
 * - servers of 32 bits: pointers are half as large; nothing else differs. */
#ifndef RDB_FOOTPRINT_H
#define RDB_FOOTPRINT_H

#include "allocator.h"
#include "radix.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layout;

struct footprint_server {
    int version; /* major * 10000 + minor * 100 + patch, of Redis or Valkey */
    bool valkey;
    int bits; /* 64 or 32 */
    enum allocator allocator;
};

/* How a value is kept in memory, which its RDB type tells. */
enum footprint_form {
    FOOTPRINT_STRING,
    FOOTPRINT_LINKED_LIST,
    FOOTPRINT_PACKED_LIST, /* one ziplist or listpack for the whole value, of whatever type */
    FOOTPRINT_QUICKLIST,   /* since Redis 7.2 a single packed node is a listpack by itself */
    FOOTPRINT_INTSET,
    FOOTPRINT_HASHTABLE_SET,
    FOOTPRINT_HASHTABLE_HASH,
    FOOTPRINT_SKIPLIST,
    FOOTPRINT_PACKED_HASH_TTL, /* one listpack with the fields' times */
    FOOTPRINT_STREAM
};

/* How a string is, as OBJECT ENCODING has it: int, embstr, raw. */
enum footprint_text_form { FOOTPRINT_INTEGER, FOOTPRINT_EMBEDDED, FOOTPRINT_APART };

enum { FOOTPRINT_STREAM_ID = RADIX_KEY };

struct footprint {
    struct footprint_server server;
    const struct layout *layout;
    enum footprint_form form;
    uint64_t name_length;
    bool has_expiry;
    uint64_t elements, fields_with_time;
    uint64_t bytes;        /* of the parts so far */
    uint64_t part_of_byte; /* and parts of SIZE_FRACTION */
    uint64_t text_length;  /* of a string */
    enum footprint_text_form text_form;
    uint64_t nodes, nodes_compressed, nodes_plain;
    uint64_t node_text, node_parts; /* of a sorted set: the length asked last, and its answer */
    uint64_t compressed_bytes;      /* of the parts, if nodes are kept compressed */
    uint64_t last_node, last_node_asked; /* bytes */
    uint64_t longest;                    /* of the elements' parts */
    bool has_words;                      /* elements that are no integers */
    bool first_tells, last_tells;        /* that the file compresses only what the server has so */
    bool in_group, in_consumer;
    struct radix stream, group, consumer;
};

/* A value begins. */
void footprint_begin(struct footprint *f, const struct footprint_server *server,
                     enum footprint_form form, size_t name_length, bool has_expiry);

/* The value of a string. */
void footprint_text(struct footprint *f, uint64_t length, enum footprint_text_form form);

/* A list element, a set member.  is_integer: the text of a signed integer of 64 bits as the server
 * prints it (no leading zeros, no plus); after one that is none, the others may pass for none. */
void footprint_element(struct footprint *f, uint64_t length, bool is_integer);

/* A field of a hash. */
void footprint_field(struct footprint *f, uint64_t name_length, uint64_t value_length,
                     bool has_ttl);

/* A member of a sorted set. */
void footprint_member(struct footprint *f, uint64_t length);

/* A ziplist, listpack or intset, or a node of a quicklist (plain: one large element by itself).
 * bytes: as it is, not compressed.  compressed_bytes: as the file has it; 0: not compressed there.
 * Servers compress what they write (rdbcompression), so that this says little: nodes are taken as
 * compressed in memory (list-compress-depth) where the file has inner nodes so and not the ends,
 * which memory never has so. */
void footprint_block(struct footprint *f, uint64_t bytes, bool plain, uint64_t compressed_bytes);

/* Of a stream, in the order of the file: its listpacks with the id that each is kept under (16
 * bytes, big endian), then group by group its pending entries and consumer by consumer those of the
 * consumer. */
void footprint_stream_block(struct footprint *f, const uint8_t id[FOOTPRINT_STREAM_ID],
                            uint64_t bytes);
void footprint_stream_group(struct footprint *f, uint64_t name_length);
void footprint_stream_pending(struct footprint *f, const uint8_t id[FOOTPRINT_STREAM_ID]);
void footprint_stream_consumer(struct footprint *f, uint64_t name_length);
void footprint_stream_consumer_pending(struct footprint *f, const uint8_t id[FOOTPRINT_STREAM_ID]);

/* Estimated bytes as MEMORY USAGE key SAMPLES 0 says. */
int64_t footprint_end(struct footprint *f);

#endif
