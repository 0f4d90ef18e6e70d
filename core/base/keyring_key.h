/* The keys themselves: for base/secret alone. */
#ifndef BASE_KEYRING_KEY_H
#define BASE_KEYRING_KEY_H

#include "base/keyring.h"

struct keyring_key {
    unsigned char id[KEYRING_ID_LENGTH];
    unsigned char bytes[KEYRING_KEY_LENGTH];
};

/* Copies the key of that id, or the one that seals where id is null; the caller cleanses it.
 * Returns -1 where there is none. */
int keyring_copy_key(const struct keyring *keyring, const unsigned char *id,
                     struct keyring_key *ret_key);

#endif
