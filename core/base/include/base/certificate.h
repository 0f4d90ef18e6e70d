/* Certificates and keys as PEM text: whether they can be used, before they are stored.  Nothing is
 * ever asked of a terminal: a key under a passphrase is no key.  Any thread. */
#ifndef BASE_CERTIFICATE_H
#define BASE_CERTIFICATE_H

#include "base/error.h"

enum { CERTIFICATE_PEM_MAX = 32 * 1024 };

/* A certificate, which further ones of its chain may follow, and the private key of the first one.
 * Fails with ERROR_INVALID_PARAMETER, whose public argument is `tls_certificate` where that cannot
 * be read, and `tls_key` where the key cannot be or belongs to another certificate. */
int certificate_check(const char *certificate, const char *key, struct error *err);

#endif
