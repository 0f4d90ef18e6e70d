/* The only code that seals and opens secrets; a tag that does not match leaves no plaintext behind.
 */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/scope.h"
#include "base/text.h"

enum {
    FORMAT = 1,
    KEY_LENGTH = 32,
    KEY_ID_LENGTH = 8,
    NONCE_LENGTH = 12,
    TAG_LENGTH = 16,
    HEADER_LENGTH = 1 + KEY_ID_LENGTH + NONCE_LENGTH,
    KEY_FILE_MAX = SECRET_KEYS_MAX * (2 * KEY_LENGTH + 2),
};

struct key {
    unsigned char id[KEY_ID_LENGTH];
    unsigned char bytes[KEY_LENGTH];
};

struct keyring {
    size_t count;
    struct key keys[SECRET_KEYS_MAX];
};

static void cipher_cleanup(EVP_CIPHER_CTX **cipher)
{
    EVP_CIPHER_CTX_free(*cipher);
}

void secret_cleanse(void *memory, size_t length)
{
    OPENSSL_cleanse(memory, length);
}

static int add_key(struct keyring *keyring, struct text line, const char *path, struct error *err)
{
    if (keyring->count == SECRET_KEYS_MAX)
        return error_set(err, ERROR_SECRET, "%s: more than %d keys", path, SECRET_KEYS_MAX);
    struct key *key = &keyring->keys[keyring->count];
    unsigned char digest[32];
    if (line.length != 2 * KEY_LENGTH || text_parse_hex(line.bytes, key->bytes, KEY_LENGTH) < 0)
        return error_set(err, ERROR_SECRET, "%s: a key is not 64 hex digits", path);
    if (EVP_Digest(key->bytes, KEY_LENGTH, digest, NULL, EVP_sha256(), NULL) != 1)
        return error_set(err, ERROR_SECRET, "SHA-256 failed");
    memcpy(key->id, digest, KEY_ID_LENGTH);
    keyring->count++;
    return 0;
}

static int add_lines(struct keyring *keyring, char *content, const char *path, struct error *err)
{
    char *rest = content;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        struct text trimmed = text_trim(text_of(line));
        if (trimmed.length > 0 && add_key(keyring, trimmed, path, err) < 0)
            return -1;
    }
    if (keyring->count == 0)
        return error_set(err, ERROR_SECRET, "%s: no key in the file", path);
    return 0;
}

static int read_key_file(const char *path, char content[KEY_FILE_MAX + 1], struct error *err)
{
    SCOPED(scope_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) < 0)
        return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode) || (status.st_mode & S_IRWXO))
        return error_set(err, ERROR_SECRET, "%s: must be a regular file that others cannot read",
                         path);
    if (status.st_size > KEY_FILE_MAX)
        return error_set(err, ERROR_SECRET, "%s: larger than %d bytes", path, KEY_FILE_MAX);
    ssize_t length = read(file, content, KEY_FILE_MAX);
    if (length < 0)
        return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
    content[length] = '\0';
    return 0;
}

int keyring_load(const char *path, struct keyring **ret_keyring, struct error *err)
{
    char content[KEY_FILE_MAX + 1];
    struct keyring *keyring = calloc(1, sizeof(*keyring));
    if (!keyring)
        abort();
    int status = read_key_file(path, content, err);
    if (status == 0)
        status = add_lines(keyring, content, path, err);
    secret_cleanse(content, sizeof(content));
    if (status < 0) {
        keyring_free(keyring);
        return -1;
    }
    *ret_keyring = keyring;
    return 0;
}

void keyring_free(struct keyring *keyring)
{
    if (!keyring)
        return;
    secret_cleanse(keyring, sizeof(*keyring));
    free(keyring);
}

int secret_seal(const struct keyring *keyring, const char *owner, const void *secret, size_t length,
                unsigned char *ret_sealed, size_t *ret_length, struct error *err)
{
    if (length > SECRET_MAX)
        return error_set(err, ERROR_SECRET, "a secret is longer than %d bytes", SECRET_MAX);
    const struct key *key = &keyring->keys[0];
    unsigned char *nonce = ret_sealed + 1 + KEY_ID_LENGTH;
    unsigned char *body = ret_sealed + HEADER_LENGTH;
    ret_sealed[0] = FORMAT;
    memcpy(ret_sealed + 1, key->id, KEY_ID_LENGTH);

    SCOPED(cipher_cleanup) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int part;
    if (!cipher || RAND_bytes(nonce, NONCE_LENGTH) != 1 ||
        EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->bytes, nonce) != 1 ||
        EVP_EncryptUpdate(cipher, NULL, &part, (const unsigned char *)owner, (int)strlen(owner)) !=
            1 ||
        EVP_EncryptUpdate(cipher, body, &part, secret, (int)length) != 1 ||
        EVP_EncryptFinal_ex(cipher, body + part, &part) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_LENGTH, body + length) != 1)
        return error_set(err, ERROR_SECRET, "AES-256-GCM failed to seal");
    *ret_length = length + SECRET_OVERHEAD;
    return 0;
}

static const struct key *find_key(const struct keyring *keyring, const unsigned char *id)
{
    for (size_t i = 0; i < keyring->count; i++) {
        if (memcmp(keyring->keys[i].id, id, KEY_ID_LENGTH) == 0)
            return &keyring->keys[i];
    }
    return NULL;
}

int secret_open(const struct keyring *keyring, const char *owner, const unsigned char *sealed,
                size_t length, char *ret_secret, size_t *ret_length, struct error *err)
{
    if (length < SECRET_OVERHEAD || length > SECRET_MAX + SECRET_OVERHEAD || sealed[0] != FORMAT)
        return error_set(err, ERROR_SECRET, "not a sealed secret");
    const struct key *key = find_key(keyring, sealed + 1);
    if (!key)
        return error_set(err, ERROR_SECRET, "sealed under a key that is not in the key file");
    const unsigned char *nonce = sealed + 1 + KEY_ID_LENGTH;
    const unsigned char *body = sealed + HEADER_LENGTH;
    size_t body_length = length - SECRET_OVERHEAD;
    unsigned char tag[TAG_LENGTH];
    memcpy(tag, body + body_length, TAG_LENGTH);

    SCOPED(cipher_cleanup) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    unsigned char *plain = (unsigned char *)ret_secret;
    int part;
    if (!cipher || EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->bytes, nonce) != 1 ||
        EVP_DecryptUpdate(cipher, NULL, &part, (const unsigned char *)owner, (int)strlen(owner)) !=
            1 ||
        EVP_DecryptUpdate(cipher, plain, &part, body, (int)body_length) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_LENGTH, tag) != 1 ||
        EVP_DecryptFinal_ex(cipher, plain + part, &part) != 1) {
        /* GCM hands out plaintext before it knows that the tag is right. */
        secret_cleanse(ret_secret, body_length);
        return error_set(err, ERROR_SECRET, "a sealed secret does not open: wrong key or owner");
    }
    ret_secret[body_length] = '\0';
    *ret_length = body_length;
    return 0;
}
