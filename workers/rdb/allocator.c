/* Size classes of the allocators that servers are built with. */
#include "allocator.h"

#include <string.h>

enum {
    CLASSES_PER_DOUBLING_LOG2 = 2,
    QUANTUM = 8,
    QUANTUM_SYSTEM = 16,
    LIBC_UNIT = 16,
    LIBC_HEADER = 8,
    LIBC_LEAST = 24,
    LIBC_MAPPED_FROM = 128 * 1024,
    COUNTED_HEADER = 8,
    PAGE = 4096
};

static const uint64_t largest = (uint64_t)1 << 62;

/* unit: a power of two. */
static uint64_t up_to(uint64_t bytes, uint64_t unit)
{
    return (bytes + unit - 1) & ~(unit - 1);
}

/* Four classes to a doubling, and at least a quantum apart. */
static uint64_t jemalloc_size(uint64_t bytes, uint64_t quantum)
{
    if (bytes <= 8)
        return 8;
    if (bytes <= 16)
        return 16;
    int log2 = 63 - __builtin_clzll(bytes - 1);
    uint64_t unit = UINT64_C(1) << (log2 - CLASSES_PER_DOUBLING_LOG2);
    return up_to(bytes, unit < quantum ? quantum : unit);
}

/* Large requests are pages of their own, with a header of two words. */
static uint64_t libc_size(uint64_t bytes)
{
    if (bytes >= LIBC_MAPPED_FROM)
        return up_to(bytes + LIBC_UNIT, PAGE) - LIBC_UNIT;
    uint64_t size = up_to(bytes + LIBC_HEADER, LIBC_UNIT) - LIBC_HEADER;
    return size < LIBC_LEAST ? LIBC_LEAST : size;
}

uint64_t allocator_size(enum allocator allocator, uint64_t bytes)
{
    if (bytes > largest)
        return bytes;
    switch (allocator) {
    case ALLOCATOR_JEMALLOC_SYSTEM:
        return jemalloc_size(bytes, QUANTUM_SYSTEM);
    case ALLOCATOR_LIBC:
        return libc_size(bytes);
    case ALLOCATOR_LIBC_COUNTED:
        return up_to(bytes, sizeof(uint64_t)) + COUNTED_HEADER;
    case ALLOCATOR_JEMALLOC:
        break;
    }
    return jemalloc_size(bytes, QUANTUM);
}

/* What the projects build in, from which version on; a build with another is a distribution's. */
static const char *built_in(int version, bool valkey)
{
    if (valkey || version >= 70200)
        return "5.3.0";
    if (version >= 70000)
        return "5.2.1";
    if (version >= 50000)
        return "5.1.0";
    return version >= 30200 ? "4.0.3" : "3.6.0";
}

enum allocator allocator_named(const char *mem_allocator, int version, bool valkey)
{
    static const char jemalloc[] = "jemalloc-";
    if (strncmp(mem_allocator, "libc", 4) == 0)
        return !valkey && version < 50000 ? ALLOCATOR_LIBC_COUNTED : ALLOCATOR_LIBC;
    if (strncmp(mem_allocator, jemalloc, strlen(jemalloc)) != 0)
        return ALLOCATOR_JEMALLOC;
    const char *told = mem_allocator + strlen(jemalloc);
    return strncmp(told, built_in(version, valkey), 5) == 0 ? ALLOCATOR_JEMALLOC
                                                            : ALLOCATOR_JEMALLOC_SYSTEM;
}
