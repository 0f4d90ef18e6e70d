/* The server's TLS: 1.2 and 1.3, HTTP/1.1 only, resumption by tickets, client certificates where
 * they are asked for. */
#ifndef SERVER_HTTP_TLS_H
#define SERVER_HTTP_TLS_H

#include <openssl/ssl.h>

#include "base/config.h"
#include "ticket_keys.h"

/* Loads the files that tls_certificate, tls_key and tls_client_ca name; the error (ERROR_CONFIG)
 * names the setting that is wrong.  keys must live longer than every context made with them.  Freed
 * by SSL_CTX_free. */
int tls_context_new(const struct config *config, struct ticket_keys *keys, SSL_CTX **ret_context,
                    struct error *err);

/* When the first of the certificates ends that its clients are sent: seconds since 1970. */
int64_t tls_context_not_after(const SSL_CTX *context);

#endif
