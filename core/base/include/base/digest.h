/* SHA-256 and HMAC-SHA-256, on contexts that each thread makes once and keeps: to fetch an
 * algorithm and make a context costs more than to hash a request.
 *
 * Any thread.  Nothing here fails: the program ends where the library or memory does. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/text.h"

enum { DIGEST_LENGTH = 32 };

struct digest;

/* A hash of what is put between begin and end: one at a time in a thread. */
struct digest *digest_begin(void);
void digest_put(struct digest *digest, struct text bytes);
void digest_end(struct digest *digest, unsigned char ret_digest[DIGEST_LENGTH]);

/* The hash of bytes; also between begin and end. */
void digest_of(struct text bytes, unsigned char ret_digest[DIGEST_LENGTH]);

/* The context forgets the key. */
void digest_hmac(struct text key, struct text message, unsigned char ret_digest[DIGEST_LENGTH]);

#endif
