/* Hashes of names for tables in memory: quick, and not to be foreseen by those who choose the
 * names, as every process has a seed of its own.  Not for anything that is kept. */
#ifndef INSIGHT_NAME_HASH_H
#define INSIGHT_NAME_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t name_hash_begin(void);

/* The hash of what was hashed before, followed by these bytes as a part of its own. */
uint64_t name_hash_add(uint64_t hash, const char *bytes, size_t length);

#endif
