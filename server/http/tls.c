/* TLS as the server offers it.  HTTP/2 is not negotiated: h2o 2.2.5 bounds neither its headers nor
 * its resets; it ends at the ingress. */
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <h2o.h>
#include <openssl/err.h>

static int fail(struct error *err, const char *setting, const char *path)
{
    char reason[256];
    const char *text = ERR_reason_error_string(ERR_peek_error());
    snprintf(reason, sizeof(reason), "%s", text ? text : strerror(errno));
    ERR_clear_error();
    return error_set(err, ERROR_CONFIG, "%s: %s: %s", setting, path[0] ? path : "(not set)",
                     reason);
}

int tls_context_new(const char *certificate_path, const char *key_path, SSL_CTX **ret_context,
                    struct error *err)
{
    static const h2o_iovec_t protocols[] = {{(char *)(uintptr_t) "http/1.1", 8}, {NULL, 0}};
    static const unsigned char session_context[] = "dcs-server";
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        abort();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_session_id_context(context, session_context, sizeof(session_context) - 1);
    h2o_ssl_register_alpn_protocols(context, protocols);

    int status = 0;
    if (SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1)
        status = fail(err, "tls_certificate", certificate_path);
    else if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(context) != 1)
        status = fail(err, "tls_key", key_path);
    if (status < 0)
        SSL_CTX_free(context);
    else
        *ret_context = context;
    return status;
}
