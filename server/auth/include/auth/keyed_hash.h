/* Names in tables that strangers can fill: 64 bits of a name, under a key that nobody outside
 * knows, so that nobody can choose names that meet in one place.  SipHash-2-4 (Aumasson and
 * Bernstein, 2012), OpenSSL's.
 *
 * A hasher is one thread's; all of a key give the same hashes. */
#ifndef AUTH_KEYED_HASH_H
#define AUTH_KEYED_HASH_H

#include <stdint.h>

#include "base/text.h"

enum { KEYED_HASH_KEY_LENGTH = 16 };

struct keyed_hasher;

/* Never null; freed by keyed_hasher_free. */
struct keyed_hasher *keyed_hasher_new(const unsigned char key[KEYED_HASH_KEY_LENGTH]);
void keyed_hasher_free(struct keyed_hasher *hasher);

/* Of both parts together; the caller sees to it that no two pairs read the same. */
uint64_t keyed_hash(struct keyed_hasher *hasher, struct text first, struct text second);

#endif
