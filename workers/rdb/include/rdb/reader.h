/* Reads an RDB, the dump format of Redis and Valkey, as it passes, and says key by key what it
 * holds: pull-style, in constant memory, whatever the sizes of the values.
 *
 * Versions 1 to 14 with the magic REDIS (Redis 1.x to 8.8, Valkey up to 8.1), 80 and 81 with the
 * magic VALKEY (Valkey 9).  docs/rdb.md says what is read, what is refused and what the figures
 * mean.  Lengths and counts that the input tells are checked against what really passes; nothing
 * is allocated by them.
 *
 * A reader belongs to one thread at a time; several are independent.  The format is described by
 * rdb.h, rdb.c, ziplist.c, listpack.c, zipmap.c and stream.h of both servers. */
#ifndef RDB_READER_H
#define RDB_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

enum {
    RDB_NAME_MAX = 1 << 20, /* bytes of a key's name that are kept */
    RDB_SERVER_VERSION_MAX = 31,
    RDB_ALLOCATOR_MAX = 31,
    RDB_VERSION_REDIS = 14, /* the newest that is read */
    RDB_VERSION_VALKEY = 81
};

/* The first six as enum insight_type; whatever else TYPE may say is RDB_MODULE. */
enum rdb_type { RDB_STRING, RDB_LIST, RDB_SET, RDB_ZSET, RDB_HASH, RDB_STREAM, RDB_MODULE };

/* Where the bytes come from; valid as long as the reader is. */
struct rdb_source {
    /* Reads 1 to `most` bytes and returns their number; 0: the end; -1: failed, err is set. */
    ssize_t (*read)(void *argument, void *ret_bytes, size_t most, struct error *err);
    void *argument;
};

/* What the input says of itself and of its server: filled as it passes, complete at the end. */
struct rdb_facts {
    int rdb_version;
    bool valkey_magic;
    bool valkey;                                     /* of the server, or the magic */
    char server_version[RDB_SERVER_VERSION_MAX + 1]; /* "7.2.6"; empty: not told */
    int bits;                                        /* 64 or 32; 0: not told */
    int64_t created_s;                               /* Unix time; -1: not told, as all below */
    int64_t used_memory;
    int64_t replication_offset;
    int64_t functions;      /* libraries; 0 where there are none */
    int64_t keys_announced; /* in the databases that have begun */
};

struct rdb_key {
    struct text name;   /* until the next call; of a longer one the first RDB_NAME_MAX bytes */
    size_t name_length; /* of all of it */
    int db;
    enum rdb_type type;
    /* As TYPE says; of a module's value the nine letters of its type, of an array of Redis 8.8
     * "array".  Valid until the next call. */
    const char *type_name;
    /* As OBJECT ENCODING says in the server that wrote the input; null: the input does not tell.
     * Constant text.  What it cannot tell and is taken for the usual: short strings that APPEND or
     * SETRANGE left `raw`; a list of 7.2 and later whose quicklist has shrunk to one node of more
     * than half of list-max-listpack-size, which is taken for `listpack`. */
    const char *encoding;
    int64_t size;       /* bytes of a string, elements of another (XLEN of a stream); -1: unknown */
    int64_t bytes;      /* of memory, estimated as MEMORY USAGE key SAMPLES 0 says; -1: unknown */
    int64_t ttl_fields; /* of a hash: fields that have a time to live, expired ones too */
    int64_t expires_at_ms; /* Unix time, which may have passed; -1: none */
    int freq;              /* of the LFU counter, 0 to 255; -1: not told */
    int64_t idle_s;        /* -1: not told */
};

struct rdb_reader;

/* The reader reads nothing before rdb_reader_next is called.  Never null; freed by
 * rdb_reader_free, of which null is nothing. */
struct rdb_reader *rdb_reader_new(const struct rdb_source *source);
void rdb_reader_free(struct rdb_reader *reader);

/* What INFO says of the server's memory (mem_allocator: "jemalloc-5.3.0", "libc"), which no RDB
 * tells, for the estimates of keys; before the first rdb_reader_next.  "jemalloc-system": one that
 * a distribution built, where its version does not tell (docs/rdb.md).  Unless told, or of what is
 * not known: the jemalloc that releases are built with. */
void rdb_reader_set_allocator(struct rdb_reader *reader, const char *mem_allocator);

/* 1: a key.  0: the end; the checksum was right, or the input has none; the source is not asked
 * again, and what it gave beyond is not looked at (rdb_reader_offset says where it begins).
 * -1: ERROR_RDB_FORMAT, whose text names the offset and what was wrong there, or what the source
 * failed with; keys that were told before may be wrong then, for the checksum comes last.
 * Once it has returned 0 or -1 it does so again. */
int rdb_reader_next(struct rdb_reader *reader, struct rdb_key *ret_key, struct error *err);

const struct rdb_facts *rdb_reader_facts(const struct rdb_reader *reader);

/* Bytes of the input that have been read. */
int64_t rdb_reader_offset(const struct rdb_reader *reader);

#endif
