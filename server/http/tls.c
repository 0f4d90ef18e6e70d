/* TLS as the server offers it.  HTTP/2 is not negotiated: h2o 2.2.5 bounds neither its headers nor
 * its resets; it ends at the ingress.  Suites and groups are those of RFC 9325, 4.2 and 4.3, that
 * have forward secrecy and authenticated encryption. */
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/scope.h"

enum { SECURITY_LEVEL = 2, CLIENT_CHAIN_MAX = 4, CLIENT_CA_BYTES_MAX = 1024 * 1024 };

static const char suites_1_2[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char suites_1_3[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
static const char groups[] = "X25519:P-256:P-384";
static const unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

static int fail(struct error *err, const char *setting, const char *path)
{
    char reason[256];
    const char *text = ERR_reason_error_string(ERR_peek_error());
    snprintf(reason, sizeof(reason), "%s", text ? text : strerror(errno));
    ERR_clear_error();
    return error_set(err, ERROR_CONFIG, "%s: %s: %s", setting, path[0] ? path : "(not set)",
                     reason);
}

/* A client that names protocols and not this one is told so (RFC 7301, 3.2). */
static int select_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_length,
                           const unsigned char *offered, unsigned offered_length, void *argument)
{
    (void)ssl;
    (void)argument;
    for (unsigned i = 0; i + 1 <= offered_length; i += offered[i] + 1U) {
        if (offered[i] == http_1_1[0] && offered_length - i >= sizeof(http_1_1) &&
            memcmp(offered + i, http_1_1, sizeof(http_1_1)) == 0) {
            *ret = offered + i + 1;
            *ret_length = http_1_1[0];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Negative where OpenSSL refused; what it returns to OpenSSL otherwise is for the caller to say. */
static int set_up_ticket(const struct ticket_key *key, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                         EVP_MAC_CTX *mac, int sealing)
{
    char digest[] = "SHA256";
    unsigned char mac_key[TICKET_KEY_LENGTH];
    memcpy(mac_key, key->mac, sizeof(mac_key));
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, sizeof(mac_key)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool done = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, sealing) == 1 &&
                EVP_MAC_CTX_set_params(mac, parameters) == 1;
    OPENSSL_cleanse(mac_key, sizeof(mac_key));
    return done ? 0 : -1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 0 is a ticket that does not open, 2 one to be replaced.
 */
static int ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac, int sealing)
{
    struct ticket_keys *keys = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key key;
    int64_t now_s = clock_monotonic_ms() / 1000;
    bool is_current = true;
    if (sealing) {
        ticket_keys_current(keys, now_s, &key);
        memcpy(name, key.name, sizeof(key.name));
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
            return -1;
    } else if (!ticket_keys_find(keys, now_s, name, &key, &is_current)) {
        return 0;
    }
    int status = set_up_ticket(&key, iv, cipher, mac, sealing);
    OPENSSL_cleanse(&key, sizeof(key));
    if (status < 0)
        return -1;
    return is_current ? 1 : 2;
}

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *argument)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)argument;
    return 0;
}

static void set_protocol(SSL_CTX *context, struct ticket_keys *keys)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_security_level(context, SECURITY_LEVEL);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    if (SSL_CTX_set_cipher_list(context, suites_1_2) != 1 ||
        SSL_CTX_set_ciphersuites(context, suites_1_3) != 1 ||
        SSL_CTX_set1_groups_list(context, (uintptr_t)groups) != 1)
        abort();
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    /* An idle connection keeps no record buffers, and what they held is overwritten as all that
     * OpenSSL gives back (base/cleansing.h).  A session keeps nothing at all: it is in its ticket.
     */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_timeout(context, TICKET_KEY_SECONDS);
    SSL_CTX_set_app_data(context, keys);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket);
}

static int use_certificate(SSL_CTX *context, const struct config *config, struct error *err)
{
    if (SSL_CTX_use_certificate_chain_file(context, config->tls_certificate) != 1)
        return fail(err, "tls_certificate", config->tls_certificate);
    if (SSL_CTX_use_PrivateKey_file(context, config->tls_key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return fail(err, "tls_key", config->tls_key);
    return 0;
}

static void file_cleanup(FILE **file)
{
    if (*file)
        fclose(*file);
}

static void digest_cleanup(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
}

/* A session of a client that another authority vouched for must not be resumed under this one: what
 * is vouched for is part of what sessions belong to. */
static int digest_file(const char *path, unsigned char ret_digest[EVP_MAX_MD_SIZE],
                       struct error *err)
{
    SCOPED(file_cleanup) FILE *file = fopen(path, "re");
    SCOPED(digest_cleanup) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char part[4096];
    size_t length, total = 0;
    if (!file)
        return fail(err, "tls_client_ca", path);
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        abort();
    while ((length = fread(part, 1, sizeof(part), file)) > 0) {
        total += length;
        if (total > CLIENT_CA_BYTES_MAX)
            return error_set(err, ERROR_CONFIG, "tls_client_ca: %s: more than %d bytes", path,
                             CLIENT_CA_BYTES_MAX);
        EVP_DigestUpdate(digest, part, length);
    }
    if (ferror(file))
        return fail(err, "tls_client_ca", path);
    EVP_DigestFinal_ex(digest, ret_digest, NULL);
    return 0;
}

static int use_client_authority(SSL_CTX *context, const struct config *config, struct error *err)
{
    unsigned char session_context[EVP_MAX_MD_SIZE] = "dcs-server";
    const char *path = config->tls_client_ca;
    if (path[0]) {
        STACK_OF(X509_NAME) * names;
        if (digest_file(path, session_context, err) < 0)
            return -1;
        if (SSL_CTX_load_verify_file(context, path) != 1 ||
            !(names = SSL_load_client_CA_file(path)))
            return fail(err, "tls_client_ca", path);
        SSL_CTX_set_client_CA_list(context, names);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_set_verify_depth(context, CLIENT_CHAIN_MAX);
    }
    SSL_CTX_set_session_id_context(context, session_context, SSL_MAX_SID_CTX_LENGTH);
    return 0;
}

int tls_context_new(const struct config *config, struct ticket_keys *keys, SSL_CTX **ret_context,
                    struct error *err)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        abort();
    set_protocol(context, keys);
    if (use_certificate(context, config, err) < 0 ||
        use_client_authority(context, config, err) < 0) {
        SSL_CTX_free(context);
        return -1;
    }
    *ret_context = context;
    return 0;
}

static void time_cleanup(ASN1_TIME **time)
{
    ASN1_TIME_free(*time);
}

static int64_t not_after_of(const X509 *certificate)
{
    enum { SECONDS_PER_DAY = 86400 };
    SCOPED(time_cleanup) ASN1_TIME *beginning = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    if (!beginning)
        abort();
    ASN1_TIME_diff(&days, &seconds, beginning, X509_get0_notAfter(certificate));
    return (int64_t)days * SECONDS_PER_DAY + seconds;
}

int64_t tls_context_not_after(const SSL_CTX *context)
{
    STACK_OF(X509) *chain = NULL;
    int64_t least = not_after_of(SSL_CTX_get0_certificate(context));
    SSL_CTX_get0_chain_certs((SSL_CTX *)(uintptr_t)context, &chain);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        int64_t next = not_after_of(sk_X509_value(chain, i));
        least = next < least ? next : least;
    }
    return least;
}
