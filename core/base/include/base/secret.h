/* Secrets at rest: an AES-256-GCM envelope under a key-encryption key (base/keyring.h).
 *
 * Format 2, which everything is sealed in, is: 1 byte format (2), 8 bytes key id, then the data key
 * as 12 bytes nonce, 32 bytes ciphertext, 16 bytes tag, then the secret as 12 bytes nonce,
 * ciphertext, 16 bytes tag (NIST SP 800-38D).  A data key is made for each blob, so that another
 * key-encryption key takes a blob over without a look at the secret.  The owner, which is the
 * column, the row's project and the row's id, is authenticated with both: a blob that was moved to
 * another column, row or project does not open.
 *
 * Format 1 was: 1 byte format (1), 8 bytes key id, 12 bytes nonce, ciphertext, 16 bytes tag, with
 * the row's id authenticated alone, or after the column's prefix.  It is opened, and re-sealed in
 * format 2.  Any thread. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

#include "base/error.h"
#include "base/keyring.h"

/* The bound of all that is sealed, and the one of what a person makes up: a private key in PEM is
 * longer than any password. */
enum { SECRET_MAX = 16 * 1024, SECRET_PASSWORD_MAX = 4096 };
enum { SECRET_OVERHEAD = 1 + 8 + 12 + 32 + 16 + 12 + 16, SECRET_HEAD_LENGTH = 1 + 8 };
enum { SECRET_SEALED_MAX = SECRET_MAX + SECRET_OVERHEAD };

/* A column of sealed secrets; a constant. */
struct secret_column {
    const char *name;            /* table.column */
    const char *format_1_prefix; /* of what format 1 authenticated */
};

/* Whose a secret is.  Text is terminated, without further NUL; ids as the database writes them. */
struct secret_owner {
    const struct secret_column *column;
    const char *project; /* null: the row belongs to none */
    const char *row;
};

/* Seals length bytes (at most SECRET_MAX).  ret_sealed has room for length + SECRET_OVERHEAD. */
int secret_seal(const struct keyring *keyring, const struct secret_owner *owner, const void *secret,
                size_t length, unsigned char *ret_sealed, size_t *ret_length, struct error *err);

/* Opens a sealed secret.  ret_secret has room for SECRET_MAX + 1 bytes and is terminated; on
 * failure it is cleansed.  ERROR_SECRET_KEY where the key file does not have the key (it may have
 * it soon), ERROR_SECRET where it will never open: another owner's, damaged, of an unknown format.
 */
int secret_open(const struct keyring *keyring, const struct secret_owner *owner,
                const unsigned char *sealed, size_t length, char *ret_secret, size_t *ret_length,
                struct error *err);

/* Seals what is not sealed by the first key in the newest format: 1, or 0 where it is already.  The
 * secret of a blob of format 2 stays closed.  ret_sealed has room for SECRET_SEALED_MAX.  Fails as
 * secret_open does. */
int secret_reseal(const struct keyring *keyring, const struct secret_owner *owner,
                  const unsigned char *sealed, size_t length, unsigned char *ret_sealed,
                  size_t *ret_length, struct error *err);

/* What every blob begins with that needs no re-sealing. */
void secret_current_head(const struct keyring *keyring, unsigned char ret_head[SECRET_HEAD_LENGTH]);

/* Overwrites in a way that no compiler removes. */
void secret_cleanse(void *memory, size_t length);

/* The same for text that may be null. */
void secret_cleanse_text(char *terminated);

#endif
