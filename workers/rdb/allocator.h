/* What an allocation of a server takes: the sizes that its allocator hands out.
 *
 * Pure arithmetic.  Facts from jemalloc's manual (section on size classes), glibc's malloc (chunks
 * of 16 bytes with a header of 8) and the servers' zmalloc. */
#ifndef RDB_ALLOCATOR_H
#define RDB_ALLOCATOR_H

#include <stdbool.h>
#include <stdint.h>

enum allocator {
    ALLOCATOR_JEMALLOC, /* as the projects' own builds have it: small classes every 8 bytes */
    ALLOCATOR_JEMALLOC_SYSTEM, /* a distribution's: 8, then every 16 bytes */
    ALLOCATOR_LIBC,            /* glibc's, as malloc_usable_size says */
    ALLOCATOR_LIBC_COUNTED     /* the same before Redis 5.0, which counted a header of its own */
};

/* Bytes that a request of so many takes, as the server's zmalloc_size says.  Of 0: of the smallest.
 * Requests above 2^62 come back as they are. */
uint64_t allocator_size(enum allocator allocator, uint64_t bytes);

/* By what INFO says (mem_allocator: "jemalloc-5.3.0", "libc") of a server of that version (major *
 * 10000 + minor * 100 + patch).  A jemalloc that is not the one that this version is released with
 * is a system's; where a system has the same one, it is taken for the release's. */
enum allocator allocator_named(const char *mem_allocator, int version, bool valkey);

#endif
