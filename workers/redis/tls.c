/* OpenSSL over a BIO of our own: its socket BIO writes with write(2), which raises SIGPIPE when the
 * server is gone; ours sends with MSG_NOSIGNAL, so that no signal mask of a thread is touched. */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "base/scope.h"

static int bio_write(BIO *bio, const char *bytes, int length)
{
    const struct stream *stream = BIO_get_data(bio);
    ssize_t moved = send(stream->socket, bytes, (size_t)length, MSG_NOSIGNAL);
    BIO_clear_retry_flags(bio);
    if (moved < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)moved;
}

static int bio_read(BIO *bio, char *bytes, int size)
{
    const struct stream *stream = BIO_get_data(bio);
    ssize_t moved = recv(stream->socket, bytes, (size_t)size, 0);
    BIO_clear_retry_flags(bio);
    if (moved < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    return (int)moved;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

static void make_bio_method(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    if (!bio_method || !BIO_meth_set_write(bio_method, bio_write) ||
        !BIO_meth_set_read(bio_method, bio_read) || !BIO_meth_set_ctrl(bio_method, bio_control))
        abort();
}

/* What an operator should hear beside OpenSSL's words.  Alerts are what the server says of us (RFC
 * 8446, section 6). */
static const struct {
    int reason;
    const char *hint;
} hints[] = {
    {SSL_R_WRONG_VERSION_NUMBER, "the port does not speak TLS"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the server wants a client certificate"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "no TLS version or cipher in common, or the server wants a client certificate"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the server does not trust the client certificate's issuer"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the server refuses the client certificate"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "the server refuses the client certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the server refuses the client certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "the client certificate is revoked"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the client certificate has expired"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "no TLS version in common"},
};

static const char *hint_of(int reason)
{
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (hints[i].reason == reason)
            return hints[i].hint;
    }
    return NULL;
}

/* The newest reason in this thread's queue, or what stands for none. */
static int fail_with_reason(const char *otherwise, struct error *err)
{
    unsigned long number = ERR_peek_last_error();
    const char *reason = number ? ERR_reason_error_string(number) : NULL;
    const char *hint = number ? hint_of(ERR_GET_REASON(number)) : NULL;
    if (hint)
        return error_set(err, ERROR_REDIS_CONNECTION, "TLS: %s (%s)", hint, reason);
    return error_set(err, ERROR_REDIS_CONNECTION, "TLS: %s", reason ? reason : otherwise);
}

static int load_authorities(SSL_CTX *context, const char *pem)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate;
    int count = 0;
    while (bio && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        count += X509_STORE_add_cert(store, certificate) == 1;
        X509_free(certificate);
    }
    BIO_free(bio);
    return count > 0 ? 0 : -1;
}

/* A key under a passphrase is not asked for on a terminal. */
static int give_no_passphrase(char *bytes, int size, int writing, void *argument)
{
    (void)bytes, (void)size, (void)writing, (void)argument;
    return -1;
}

/* The certificate and those of its chain that follow it. */
static int use_certificates(SSL_CTX *context, BIO *pem)
{
    X509 *certificate = PEM_read_bio_X509(pem, NULL, give_no_passphrase, NULL);
    int used = certificate && SSL_CTX_use_certificate(context, certificate) == 1;
    X509_free(certificate);
    while (used && (certificate = PEM_read_bio_X509(pem, NULL, give_no_passphrase, NULL))) {
        used = SSL_CTX_add1_chain_cert(context, certificate) == 1;
        X509_free(certificate);
    }
    return used ? 0 : -1;
}

static int use_identity(SSL_CTX *context, const struct redis_target *target, struct error *err)
{
    if (!target->tls_certificate || !target->tls_key)
        return 0;
    BIO *certificates = BIO_new_mem_buf(target->tls_certificate, -1);
    BIO *key_text = BIO_new_mem_buf(target->tls_key, -1);
    if (!certificates || !key_text)
        abort();
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_text, NULL, give_no_passphrase, NULL);
    bool used = key && use_certificates(context, certificates) == 0 &&
                SSL_CTX_use_PrivateKey(context, key) == 1 &&
                SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    BIO_free(key_text);
    BIO_free(certificates);
    return used ? 0
                : error_set(err, ERROR_REDIS_CONNECTION,
                            "TLS: the client certificate and its key cannot be used");
}

static SSL_CTX *new_context(const struct redis_target *target, struct error *err)
{
    const char *ca = target->tls_ca;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION))
        abort();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    bool trusted =
        ca ? load_authorities(context, ca) == 0 : SSL_CTX_set_default_verify_paths(context) == 1;
    if (trusted && use_identity(context, target, err) == 0)
        return context;
    SSL_CTX_free(context);
    error_set(err, ERROR_REDIS_CONNECTION, "TLS: %s",
              ca ? "the CA certificate cannot be read" : "the system has no CA certificates");
    return NULL;
}

/* The certificate must be for this name; an address is not sent as a name (RFC 6066, section 3). */
static int expect_name(SSL *ssl, const char *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 ? 0 : -1;
    /* A copy, as OpenSSL's macro casts const away. */
    SCOPED(scope_free) char *copy = text_copy(name, strlen(name));
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, copy) == 1 ? 0 : -1;
}

static int attach(struct stream *stream, SSL_CTX *context, const char *name, struct error *err)
{
    BIO *bio = BIO_new(bio_method);
    stream->ssl = SSL_new(context);
    if (!bio || !stream->ssl)
        abort();
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    SSL_set_bio(stream->ssl, bio, bio);
    SSL_set_connect_state(stream->ssl);
    if (expect_name(stream->ssl, name) < 0)
        return error_set(err, ERROR_REDIS_CONNECTION, "TLS: not a server's name: %s", name);
    return 0;
}

static int fail(const struct stream *stream, const char *otherwise, struct error *err)
{
    long verdict = SSL_get_verify_result(stream->ssl);
    if (verdict == X509_V_OK)
        return fail_with_reason(otherwise, err);
    return error_set(err, ERROR_REDIS_CONNECTION, "TLS: the server's certificate is refused: %s",
                     X509_verify_cert_error_string(verdict));
}

static int shake_hands(struct stream *stream, int64_t deadline, struct error *err)
{
    for (;;) {
        ERR_clear_error();
        int status = SSL_do_handshake(stream->ssl);
        if (status == 1)
            return 0;
        int wanted = SSL_get_error(stream->ssl, status);
        if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE)
            return fail(stream, "connection closed during the handshake: does the port speak TLS?",
                        err);
        int ready = stream_wait(stream, wanted == SSL_ERROR_WANT_READ,
                                wanted == SSL_ERROR_WANT_WRITE, deadline, err);
        if (ready == 0)
            return error_set(err, ERROR_REDIS_TIMEOUT,
                             "no end of the TLS handshake in time: does the port speak TLS?");
        if (ready < 0)
            return -1;
    }
}

int tls_open(struct stream *stream, const struct redis_target *target, int64_t deadline,
             struct error *err)
{
    const char *name = target->tls_server_name ? target->tls_server_name : target->endpoint.host;
    pthread_once(&bio_once, make_bio_method);
    ERR_clear_error();
    SSL_CTX *context = new_context(target, err);
    if (!context)
        return -1;
    int result = attach(stream, context, name, err);
    SSL_CTX_free(context);
    return result < 0 ? -1 : shake_hands(stream, deadline, err);
}

void tls_release(struct stream *stream)
{
    SSL_free(stream->ssl);
    stream->ssl = NULL;
}

/* What an unfinished call wants: 0 to be called again, -1 where the connection is over. */
static int outcome(struct stream *stream, int status, struct error *err)
{
    switch (SSL_get_error(stream->ssl, status)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return error_set(err, ERROR_REDIS_CONNECTION, "connection closed by the server");
    default:
        return fail(stream, "connection closed by the server", err);
    }
}

ptrdiff_t tls_read(struct stream *stream, char *bytes, size_t size, struct error *err)
{
    size_t moved = 0;
    ERR_clear_error();
    int status = SSL_read_ex(stream->ssl, bytes, size, &moved);
    stream->read_wants_write = status != 1 && SSL_want_write(stream->ssl);
    return status == 1 ? (ptrdiff_t)moved : outcome(stream, status, err);
}

ptrdiff_t tls_write(struct stream *stream, const char *bytes, size_t length, struct error *err)
{
    size_t moved = 0;
    ERR_clear_error();
    int status = SSL_write_ex(stream->ssl, bytes, length, &moved);
    return status == 1 ? (ptrdiff_t)moved : outcome(stream, status, err);
}
