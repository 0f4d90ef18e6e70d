/* Secrets at rest: an AES-256-GCM envelope under a key-encryption key from a file.
 *
 * A sealed secret is: 1 byte format (1), 8 bytes key id, 12 bytes nonce, ciphertext, 16 bytes tag
 * (NIST SP 800-38D).  The key id is the head of the key's SHA-256.  The owner's identity is
 * authenticated with it, so that a blob moved to another row does not open.  A keyring is read-only
 * once loaded and may be used by any thread. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

#include "base/error.h"

/* The bound of all that is sealed, and the one of what a person makes up: a private key in PEM is
 * longer than any password. */
enum { SECRET_MAX = 16 * 1024, SECRET_PASSWORD_MAX = 4096 };
enum { SECRET_OVERHEAD = 1 + 8 + 12 + 16, SECRET_KEYS_MAX = 8 };

struct keyring;

/* Reads a file of one key per line, 64 hex digits each (the first one seals, all of them open); it
 * must not be readable by others.  The result is freed by keyring_free. */
int keyring_load(const char *path, struct keyring **ret_keyring, struct error *err);
void keyring_free(struct keyring *keyring);

/* Seals length bytes (at most SECRET_MAX).  ret_sealed has room for length + SECRET_OVERHEAD. */
int secret_seal(const struct keyring *keyring, const char *owner, const void *secret, size_t length,
                unsigned char *ret_sealed, size_t *ret_length, struct error *err);

/* Opens a sealed secret.  ret_secret has room for SECRET_MAX + 1 bytes and is terminated; on
 * failure it is cleansed. */
int secret_open(const struct keyring *keyring, const char *owner, const unsigned char *sealed,
                size_t length, char *ret_secret, size_t *ret_length, struct error *err);

/* Overwrites in a way that no compiler removes. */
void secret_cleanse(void *memory, size_t length);

#endif
