/* Secrets on their way into and out of the database, under the keys of the setting key_file. */
#ifndef CLI_SEALING_H
#define CLI_SEALING_H

#include "base/config.h"
#include "base/secret.h"

/* `\x`, two digits a byte, and a NUL. */
enum { SEALED_TEXT_MAX = 2 + 2 * SECRET_SEALED_MAX + 1 };

/* The keys of key_file, freed by keyring_free; the failure says how to make them. */
int sealing_load(const struct config *config, struct keyring **ret_keyring, struct error *err);

/* Seals a secret and writes it as a bytea's text. */
int seal(const struct config *config, struct secret_owner owner, const char *secret, size_t length,
         char ret_text[SEALED_TEXT_MAX], struct error *err);

/* Reads a password from a file, or from standard input where the path is "-".  One line break at
 * its end does not belong to it.  ret_password has room for SECRET_PASSWORD_MAX + 1 bytes and is
 * cleansed by the caller. */
int password_read(const char *path, char *ret_password, size_t *ret_length, struct error *err);

#endif
