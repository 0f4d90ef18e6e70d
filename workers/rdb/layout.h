/* How versions of the servers count their memory: a row for every version that counts otherwise
 * than the one before.
 *
 * Facts: objectComputeSize (Redis 8.2: kvobjComputeSize) and memoryCommand in object.c, and the
 * structures in server.h, dict.h, quicklist.h, stream.h, hashtable.c and entry.c of Redis 4.0, 5.0,
 * 6.2, 7.0, 7.4, 8.0 and 8.2 and of Valkey 8.0, 8.1 and 9.1.  Redis 6.0 and Valkey 9.0 are taken
 * from what lies around them. */
#ifndef RDB_LAYOUT_H
#define RDB_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/* What is counted for a key and its name. */
enum layout_key {
    LAYOUT_KEY_ARGUMENT,  /* an entry, and the name as the command's argument has it */
    LAYOUT_KEY_ASKED,     /* an entry and a string, as asked for */
    LAYOUT_KEY_ALLOCATED, /* an entry and a string, as allocated */
    LAYOUT_KEY_IN_ENTRY,  /* an entry that holds the name */
    LAYOUT_KEY_OMITTED,   /* nothing, but with a value that is embedded beside it */
    LAYOUT_KEY_IN_OBJECT  /* an object that holds the name */
};

/* What the members of sets and the fields of hashes are kept in. */
enum layout_table {
    LAYOUT_TABLE_OBJECTS, /* dict; every string is an object of its own */
    LAYOUT_TABLE_DICT,
    LAYOUT_TABLE_FIELDS, /* dict; fields of hashes have room for their time */
    LAYOUT_TABLE_KEYS,   /* dict; the last member of a chain of a set has no entry */
    LAYOUT_TABLE_BUCKETS /* hashtable; a field and its value are one piece */
};

struct layout {
    int since; /* major * 10000 + minor * 100 */
    enum layout_key key;
    enum layout_table table;
    bool strings_allocated;  /* else as asked for, as the two that follow */
    bool blobs_allocated;    /* ziplists, listpacks, intsets */
    bool embedded_allocated; /* values in their objects */
    bool embeds_in_pointer;  /* an embedded value begins where its object had a pointer */
    bool node_embeds;        /* nodes of sorted sets hold their members */
    bool short_ranked_entry; /* the table of a sorted set has no values */
    bool keeps_times;        /* a hash keeps its fields by their times as well */
    bool radix_allocated;    /* else by the rule of thumb that these versions use */
    bool stream_reserves;    /* the last listpack of a stream has room */
    uint8_t string_header;   /* bytes of every string's; 0: by its length */
    uint8_t hash_moves;      /* slots that a new field moves (table_size.h) */
    uint8_t table_bytes;     /* without slots */
    uint8_t quicklist_node;
    uint8_t stream, stream_group, stream_consumer;
    uint8_t skiplist_levels; /* of the list's head; 0: head and list are not counted */
};

/* Of that version; of one older than all: the oldest.  Valkey before 8.0 is Redis 7.2. */
const struct layout *layout_of(int version, bool valkey);

#endif
