/* OpenSSL reads both; what it says of a key's text is dropped rather than reported. */
#include "base/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/scope.h"

static void bio_cleanup(BIO **bio)
{
    BIO_free(*bio);
}

static void x509_cleanup(X509 **certificate)
{
    X509_free(*certificate);
}

static void key_cleanup(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* Without it OpenSSL asks for a passphrase on the terminal. */
static int give_no_passphrase(char *bytes, int size, int writing, void *argument)
{
    (void)bytes, (void)size, (void)writing, (void)argument;
    return -1;
}

static int fail(const char *name, const char *reason, struct error *err)
{
    ERR_clear_error();
    error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
    return error_prefix(err, "%s", reason);
}

int certificate_check(const char *certificate, const char *key, struct error *err)
{
    SCOPED(bio_cleanup) BIO *certificate_bio = BIO_new_mem_buf(certificate, -1);
    SCOPED(bio_cleanup) BIO *key_bio = BIO_new_mem_buf(key, -1);
    if (!certificate_bio || !key_bio)
        abort();
    SCOPED(x509_cleanup)
    X509 *leaf = PEM_read_bio_X509(certificate_bio, NULL, give_no_passphrase, NULL);
    if (!leaf)
        return fail("tls_certificate", "it is no certificate in PEM", err);
    SCOPED(key_cleanup)
    EVP_PKEY *private = PEM_read_bio_PrivateKey(key_bio, NULL, give_no_passphrase, NULL);
    if (!private)
        return fail("tls_key", "it is no private key in PEM without passphrase", err);
    if (X509_check_private_key(leaf, private) != 1)
        return fail("tls_key", "the key belongs to another certificate", err);
    return 0;
}
