/* Key-encryption keys: what a key file holds, and its exchange while the program runs.
 *
 * A keyring is one object for the life of a program.  Its keys lie in memory that is neither
 * swapped out nor written to core files, and are exchanged in place under a lock: whoever seals or
 * opens copies the one key that it needs, so that nobody holds keys that the file does not have any
 * more, and nothing is kept for those who may still read.  Any thread, but for keyring_refresh and
 * keyring_watch, which one thread calls, and keyring_free. */
#ifndef BASE_KEYRING_H
#define BASE_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
    KEYRING_KEYS_MAX = 8,
    KEYRING_KEY_LENGTH = 32,
    KEYRING_ID_LENGTH = 8, /* the head of the key's SHA-256 */
    KEYRING_ID_DIGITS = 2 * KEYRING_ID_LENGTH,
    KEYRING_WATCH_MS = 2000, /* how often a program looks at the file */
};

struct keyring;

/* A key's name, which is no secret; terminated. */
struct keyring_id {
    char digits[KEYRING_ID_DIGITS + 1];
};

/* Reads a file of one key per line, 64 hex digits each (the first one seals, all of them open); it
 * must not be readable by others.  The result is freed by keyring_free. */
int keyring_load(const char *path, struct keyring **ret_keyring, struct error *err);
void keyring_free(struct keyring *keyring);

/* Reads the file again: 1 where the keys are others now or in another order, 0 where they are not.
 * Where the file cannot be used, -1, and the keys stay as they are. */
int keyring_refresh(struct keyring *keyring, struct error *err);

/* The same, logged: `keys_loaded`, or `keys_not_loaded`, once for each reason.  asked says that a
 * person wants to know: then it is logged whatever comes of it. */
void keyring_watch(struct keyring *keyring, bool asked);

/* Logs `keys_loaded`, by which one sees which key a program seals with. */
void keyring_log(const struct keyring *keyring);

/* The names of the keys, the sealing one first, and their number. */
size_t keyring_ids(const struct keyring *keyring, struct keyring_id ret_ids[KEYRING_KEYS_MAX]);

#endif
