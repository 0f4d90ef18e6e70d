/* The only code that seals and opens secrets; a tag that does not match leaves no plaintext behind.
 */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/scope.h"
#include "base/text.h"
#include "keyring_key.h"

enum { FORMAT_1 = 1, FORMAT_2 = 2, DATA_KEY_LENGTH = 32, NONCE_LENGTH = 12, TAG_LENGTH = 16 };

/* Where the parts of a blob begin. */
enum {
    KEY_ID = 1,
    FORMAT_1_NONCE = SECRET_HEAD_LENGTH,
    FORMAT_1_BODY = FORMAT_1_NONCE + NONCE_LENGTH,
    FORMAT_1_OVERHEAD = FORMAT_1_BODY + TAG_LENGTH,
    WRAP_NONCE = SECRET_HEAD_LENGTH,
    WRAPPED = WRAP_NONCE + NONCE_LENGTH,
    WRAP_TAG = WRAPPED + DATA_KEY_LENGTH,
    NONCE = WRAP_TAG + TAG_LENGTH,
    BODY = NONCE + NONCE_LENGTH,
};
_Static_assert(BODY + TAG_LENGTH == SECRET_OVERHEAD, "the parts of a blob");

/* What is authenticated beside a ciphertext: the blob's head as far as it says what this is, and
 * the owner. */
enum { ASSOCIATED_MAX = 512 };
struct associated {
    size_t length;
    unsigned char bytes[ASSOCIATED_MAX];
};

static void cipher_cleanup(EVP_CIPHER_CTX **cipher)
{
    EVP_CIPHER_CTX_free(*cipher);
}

static void key_cleanup(struct keyring_key *key)
{
    secret_cleanse(key, sizeof(*key));
}

/* libc's, which goes by whole vectors: OpenSSL's own takes eight bytes at a time, and what TLS
 * gives back with every record is 16 KiB. */
void secret_cleanse(void *memory, size_t length)
{
    explicit_bzero(memory, length);
}

void secret_cleanse_text(char *terminated)
{
    if (terminated)
        secret_cleanse(terminated, strlen(terminated));
}

static void put(struct associated *associated, const void *bytes, size_t length)
{
    if (length > ASSOCIATED_MAX - associated->length)
        abort();
    memcpy(associated->bytes + associated->length, bytes, length);
    associated->length += length;
}

/* With its NUL, so that no two lists of parts look the same. */
static void put_part(struct associated *associated, const char *text)
{
    put(associated, text, strlen(text) + 1);
}

/* head_length is the format's byte for the secret, and the key's id as well for the data key. */
static void associate(const unsigned char *head, size_t head_length,
                      const struct secret_owner *owner, struct associated *ret_associated)
{
    ret_associated->length = 0;
    put(ret_associated, head, head_length);
    put_part(ret_associated, owner->column->name);
    put_part(ret_associated, owner->project ? owner->project : "");
    put_part(ret_associated, owner->row);
}

static void associate_format_1(const struct secret_owner *owner, struct associated *ret_associated)
{
    ret_associated->length = 0;
    put(ret_associated, owner->column->format_1_prefix, strlen(owner->column->format_1_prefix));
    put(ret_associated, owner->row, strlen(owner->row));
}

static int check_owner(const struct secret_owner *owner, struct error *err)
{
    size_t length = strlen(owner->column->name) + strlen(owner->row) +
                    (owner->project ? strlen(owner->project) : 0);
    if (length > ASSOCIATED_MAX / 2)
        return error_set(err, ERROR_SECRET, "an owner's ids are too long");
    return 0;
}

/* Writes the nonce, the ciphertext and, behind it, the tag. */
static int encrypt(const unsigned char *key, const struct associated *associated,
                   const unsigned char *plain, size_t length, unsigned char *ret_nonce,
                   struct error *err)
{
    unsigned char *body = ret_nonce + NONCE_LENGTH;
    SCOPED(cipher_cleanup) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int part;
    if (!cipher || RAND_bytes(ret_nonce, NONCE_LENGTH) != 1 ||
        EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, ret_nonce) != 1 ||
        EVP_EncryptUpdate(cipher, NULL, &part, associated->bytes, (int)associated->length) != 1 ||
        EVP_EncryptUpdate(cipher, body, &part, plain, (int)length) != 1 ||
        EVP_EncryptFinal_ex(cipher, body + part, &part) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_LENGTH, body + length) != 1)
        return error_set(err, ERROR_SECRET, "AES-256-GCM failed to seal");
    return 0;
}

/* Reads the nonce, length bytes of ciphertext, and the tag. */
static int decrypt(const unsigned char *key, const struct associated *associated,
                   const unsigned char *nonce, size_t length, unsigned char *ret_plain,
                   struct error *err)
{
    const unsigned char *body = nonce + NONCE_LENGTH;
    unsigned char tag[TAG_LENGTH];
    memcpy(tag, body + length, TAG_LENGTH);
    SCOPED(cipher_cleanup) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int part;
    if (cipher && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
        EVP_DecryptUpdate(cipher, NULL, &part, associated->bytes, (int)associated->length) == 1 &&
        EVP_DecryptUpdate(cipher, ret_plain, &part, body, (int)length) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_LENGTH, tag) == 1 &&
        EVP_DecryptFinal_ex(cipher, ret_plain + part, &part) == 1)
        return 0;
    /* GCM hands out plaintext before it knows that the tag is right. */
    secret_cleanse(ret_plain, length);
    return error_set(err, ERROR_SECRET,
                     "a sealed secret does not open: damaged, or sealed for another place");
}

/* The blob's head and the data key in it, under the key that seals. */
static int wrap(const struct keyring *keyring, const struct secret_owner *owner,
                const unsigned char data_key[DATA_KEY_LENGTH], unsigned char *ret_sealed,
                struct error *err)
{
    SCOPED(key_cleanup) struct keyring_key key;
    struct associated associated;
    if (keyring_copy_key(keyring, NULL, &key) < 0)
        return error_set(err, ERROR_SECRET, "no key");
    ret_sealed[0] = FORMAT_2;
    memcpy(ret_sealed + KEY_ID, key.id, KEYRING_ID_LENGTH);
    associate(ret_sealed, SECRET_HEAD_LENGTH, owner, &associated);
    return encrypt(key.bytes, &associated, data_key, DATA_KEY_LENGTH, ret_sealed + WRAP_NONCE, err);
}

int secret_seal(const struct keyring *keyring, const struct secret_owner *owner, const void *secret,
                size_t length, unsigned char *ret_sealed, size_t *ret_length, struct error *err)
{
    unsigned char data_key[DATA_KEY_LENGTH];
    struct associated associated;
    if (length > SECRET_MAX)
        return error_set(err, ERROR_SECRET, "a secret is longer than %d bytes", SECRET_MAX);
    if (check_owner(owner, err) < 0)
        return -1;
    if (RAND_priv_bytes(data_key, sizeof(data_key)) != 1)
        return error_set(err, ERROR_SECRET, "the system has no random bytes");
    int status = wrap(keyring, owner, data_key, ret_sealed, err);
    if (status == 0) {
        associate(ret_sealed, KEY_ID, owner, &associated);
        status = encrypt(data_key, &associated, secret, length, ret_sealed + NONCE, err);
    }
    secret_cleanse(data_key, sizeof(data_key));
    *ret_length = length + SECRET_OVERHEAD;
    return status;
}

static size_t overhead_of(const unsigned char *sealed, size_t length)
{
    if (length > 0 && sealed[0] == FORMAT_1)
        return FORMAT_1_OVERHEAD;
    return length > 0 && sealed[0] == FORMAT_2 ? SECRET_OVERHEAD : 0;
}

/* Finds the key of a blob that is one by its form. */
static int find_key(const struct keyring *keyring, const unsigned char *sealed, size_t length,
                    struct keyring_key *ret_key, struct error *err)
{
    char id[KEYRING_ID_DIGITS + 1];
    size_t overhead = overhead_of(sealed, length);
    if (overhead == 0 || length < overhead || length > SECRET_MAX + overhead)
        return error_set(err, ERROR_SECRET, "not a sealed secret");
    if (keyring_copy_key(keyring, sealed + KEY_ID, ret_key) == 0)
        return 0;
    text_format_hex(sealed + KEY_ID, KEYRING_ID_LENGTH, id);
    return error_set(err, ERROR_SECRET_KEY, "sealed by the key %s, which is not in the key file",
                     id);
}

static int unwrap(const struct keyring_key *key, const struct secret_owner *owner,
                  const unsigned char *sealed, unsigned char ret_data_key[DATA_KEY_LENGTH],
                  struct error *err)
{
    struct associated associated;
    associate(sealed, SECRET_HEAD_LENGTH, owner, &associated);
    return decrypt(key->bytes, &associated, sealed + WRAP_NONCE, DATA_KEY_LENGTH, ret_data_key,
                   err);
}

static int open_format_2(const struct keyring_key *key, const struct secret_owner *owner,
                         const unsigned char *sealed, size_t length, unsigned char *ret_plain,
                         struct error *err)
{
    unsigned char data_key[DATA_KEY_LENGTH];
    struct associated associated;
    int status = unwrap(key, owner, sealed, data_key, err);
    if (status == 0) {
        associate(sealed, KEY_ID, owner, &associated);
        status = decrypt(data_key, &associated, sealed + NONCE, length, ret_plain, err);
    }
    secret_cleanse(data_key, sizeof(data_key));
    return status;
}

static int open_format_1(const struct keyring_key *key, const struct secret_owner *owner,
                         const unsigned char *sealed, size_t length, unsigned char *ret_plain,
                         struct error *err)
{
    struct associated associated;
    associate_format_1(owner, &associated);
    return decrypt(key->bytes, &associated, sealed + FORMAT_1_NONCE, length, ret_plain, err);
}

int secret_open(const struct keyring *keyring, const struct secret_owner *owner,
                const unsigned char *sealed, size_t length, char *ret_secret, size_t *ret_length,
                struct error *err)
{
    SCOPED(key_cleanup) struct keyring_key key;
    unsigned char *plain = (unsigned char *)ret_secret;
    if (check_owner(owner, err) < 0 || find_key(keyring, sealed, length, &key, err) < 0)
        return -1;
    size_t plain_length = length - overhead_of(sealed, length);
    int status = sealed[0] == FORMAT_1
                     ? open_format_1(&key, owner, sealed, plain_length, plain, err)
                     : open_format_2(&key, owner, sealed, plain_length, plain, err);
    if (status < 0)
        return -1;
    ret_secret[plain_length] = '\0';
    *ret_length = plain_length;
    return 0;
}

static int seal_anew(const struct keyring *keyring, const struct secret_owner *owner,
                     const unsigned char *sealed, size_t length, unsigned char *ret_sealed,
                     size_t *ret_length, struct error *err)
{
    char secret[SECRET_MAX + 1];
    size_t secret_length;
    if (secret_open(keyring, owner, sealed, length, secret, &secret_length, err) < 0)
        return -1;
    int status = secret_seal(keyring, owner, secret, secret_length, ret_sealed, ret_length, err);
    secret_cleanse(secret, secret_length);
    return status < 0 ? -1 : 1;
}

static int wrap_anew(const struct keyring *keyring, const struct secret_owner *owner,
                     const unsigned char *sealed, size_t length, unsigned char *ret_sealed,
                     size_t *ret_length, struct error *err)
{
    SCOPED(key_cleanup) struct keyring_key key;
    unsigned char data_key[DATA_KEY_LENGTH];
    if (find_key(keyring, sealed, length, &key, err) < 0 ||
        unwrap(&key, owner, sealed, data_key, err) < 0)
        return -1;
    int status = wrap(keyring, owner, data_key, ret_sealed, err);
    secret_cleanse(data_key, sizeof(data_key));
    memcpy(ret_sealed + NONCE, sealed + NONCE, length - NONCE);
    *ret_length = length;
    return status < 0 ? -1 : 1;
}

int secret_reseal(const struct keyring *keyring, const struct secret_owner *owner,
                  const unsigned char *sealed, size_t length, unsigned char *ret_sealed,
                  size_t *ret_length, struct error *err)
{
    unsigned char head[SECRET_HEAD_LENGTH];
    secret_current_head(keyring, head);
    if (length >= SECRET_OVERHEAD && memcmp(sealed, head, sizeof(head)) == 0)
        return 0;
    if (check_owner(owner, err) < 0)
        return -1;
    if (overhead_of(sealed, length) == FORMAT_1_OVERHEAD)
        return seal_anew(keyring, owner, sealed, length, ret_sealed, ret_length, err);
    return wrap_anew(keyring, owner, sealed, length, ret_sealed, ret_length, err);
}

void secret_current_head(const struct keyring *keyring, unsigned char ret_head[SECRET_HEAD_LENGTH])
{
    SCOPED(key_cleanup) struct keyring_key key;
    if (keyring_copy_key(keyring, NULL, &key) < 0)
        abort();
    ret_head[0] = FORMAT_2;
    memcpy(ret_head + KEY_ID, key.id, KEYRING_ID_LENGTH);
}
