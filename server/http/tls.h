/* The server's TLS: 1.2 and 1.3, HTTP/1.1 only. */
#ifndef SERVER_HTTP_TLS_H
#define SERVER_HTTP_TLS_H

#include <openssl/ssl.h>

#include "base/error.h"

/* Loads certificate chain and key from PEM files; the error names the setting that is wrong.  Freed
 * by SSL_CTX_free. */
int tls_context_new(const char *certificate_path, const char *key_path, SSL_CTX **ret_context,
                    struct error *err);

#endif
