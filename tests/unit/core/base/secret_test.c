/* The envelope: it opens for its owner under its key, and for nothing else; and it changes keys. */
#include "base/secret.h"

#include <string.h>

#include "base/text.h"
#include "key_file.h"
#include "unit.h"

static const struct secret_column column = {"table.column", ""}, other_column = {"table.other", ""};
static const struct secret_column prefixed = {"table.prefixed", "tls_key:"};
static const struct secret_owner owner = {&column, "PROJECT", "ROW"};

/* "secret", sealed by KEY_A; made by another implementation. */
static const char format_1[] =
    "01630dcd2966c43366a0a1a2a3a4a5a6a7a8a9aaab957d1f5f20bfad9f3f907c6a2e5fc7d181f828a038aa";
static const char format_1_prefixed[] =
    "01630dcd2966c43366a0a1a2a3a4a5a6a7a8a9aaab957d1f5f20bf157500d2102c1f6b625ddd6099c68e45";
static const char format_2[] = "02630dcd2966c43366b0b1b2b3b4b5b6b7b8b9babbc30f00f1b697e1051da2cdf89"
                               "707d298de6613884f74d56f0494d8"
                               "ab06d8a84c8cfdd46c008c2fa73beb867192b2f2ddc0c1c2c3c4c5c6c7c8c9cacbe"
                               "19103293f55835c3571c8c0df6e1b"
                               "ae42acad06eeef";

struct blob {
    size_t length;
    unsigned char bytes[SECRET_SEALED_MAX];
};

static struct blob blob_of(const char *digits)
{
    struct blob blob = {.length = strlen(digits) / 2};
    assert_int_equal(text_parse_hex(digits, blob.bytes, blob.length), 0);
    return blob;
}

static struct blob sealed_by(const struct keyring *keyring)
{
    struct blob blob;
    struct error err = {0};
    assert_int_equal(secret_seal(keyring, &owner, "secret", 6, blob.bytes, &blob.length, &err), 0);
    return blob;
}

/* ERROR_NONE where it opens, and then it is "secret". */
static enum error_code opened(const struct keyring *keyring, const struct secret_owner *whose,
                              const struct blob *blob)
{
    char text[SECRET_MAX + 1] = "";
    size_t length;
    struct error err = {0};
    int status = secret_open(keyring, whose, blob->bytes, blob->length, text, &length, &err);
    assert_int_equal(status, err.code == ERROR_NONE ? 0 : -1);
    if (status == 0)
        assert_string_equal(text, "secret");
    else
        assert_null(memmem(text, sizeof(text), "ecre", 4));
    return err.code;
}

static void test_round_trip(void **state)
{
    (void)state;
    static char long_secret[SECRET_MAX];
    memset(long_secret, 's', sizeof(long_secret));
    const struct {
        const char *bytes;
        size_t length;
    } cases[] = {{"", 0}, {"x", 1}, {"a\0b", 3}, {"password \xff", 10}, {long_secret, SECRET_MAX}};
    struct keyring *keyring = keyring_of(KEY_A "\n");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static unsigned char sealed[SECRET_MAX + SECRET_OVERHEAD], again[sizeof(sealed)];
        static char opened[SECRET_MAX + 1];
        size_t sealed_length, length;
        struct error err = {0};
        assert_int_equal(secret_seal(keyring, &owner, cases[i].bytes, cases[i].length, sealed,
                                     &sealed_length, &err),
                         0);
        assert_int_equal(sealed_length, cases[i].length + SECRET_OVERHEAD);
        assert_int_equal(secret_open(keyring, &owner, sealed, sealed_length, opened, &length, &err),
                         0);
        assert_int_equal(length, cases[i].length);
        assert_memory_equal(opened, cases[i].bytes, length);
        assert_int_equal(opened[length], '\0');
        /* A nonce is used once, and a data key. */
        secret_seal(keyring, &owner, cases[i].bytes, cases[i].length, again, &sealed_length, &err);
        assert_memory_not_equal(sealed, again, sealed_length);
    }
    keyring_free(keyring);
}

static void test_too_long(void **state)
{
    (void)state;
    static char secret[SECRET_MAX + 1];
    static unsigned char sealed[sizeof(secret) + SECRET_OVERHEAD];
    size_t length;
    struct error err = {0};
    struct keyring *keyring = keyring_of(KEY_A);
    assert_int_equal(secret_seal(keyring, &owner, secret, sizeof(secret), sealed, &length, &err),
                     -1);
    assert_int_equal(err.code, ERROR_SECRET);
    keyring_free(keyring);
}

/* Each bit, and each length below the whole. */
static void refuses_what_was_changed(struct keyring *keyring, struct blob blob,
                                     const struct secret_owner *whose)
{
    assert_int_equal(opened(keyring, whose, &blob), ERROR_NONE);
    for (size_t i = 0; i < blob.length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bool of_the_key_id = i >= 1 && i < SECRET_HEAD_LENGTH;
            blob.bytes[i] ^= (unsigned char)(1 << bit);
            assert_int_equal(opened(keyring, whose, &blob),
                             of_the_key_id ? ERROR_SECRET_KEY : ERROR_SECRET);
            blob.bytes[i] ^= (unsigned char)(1 << bit);
        }
    }
    for (size_t whole = blob.length; blob.length-- > 0 && whole > 0;)
        assert_int_equal(opened(keyring, whose, &blob), ERROR_SECRET);
}

static void test_tampered(void **state)
{
    struct keyring *keyring = keyring_of(KEY_A);
    (void)state;
    refuses_what_was_changed(keyring, sealed_by(keyring), &owner);
    refuses_what_was_changed(keyring, blob_of(format_1), &owner);
    keyring_free(keyring);
}

static void test_vectors(void **state)
{
    struct keyring *keyring = keyring_of(KEY_A);
    struct secret_owner key_owner = {&prefixed, "PROJECT", "ROW"};
    struct blob first = blob_of(format_1), key = blob_of(format_1_prefixed);
    struct blob second = blob_of(format_2);
    (void)state;
    assert_int_equal(opened(keyring, &owner, &first), ERROR_NONE);
    assert_int_equal(opened(keyring, &owner, &second), ERROR_NONE);
    assert_int_equal(opened(keyring, &key_owner, &key), ERROR_NONE);
    assert_int_equal(opened(keyring, &owner, &key), ERROR_SECRET);
    assert_int_equal(opened(keyring, &key_owner, &first), ERROR_SECRET);
    /* What is sealed is of the newest format. */
    assert_int_equal(sealed_by(keyring).bytes[0], 2);
    for (int format = 0; format < 256; format++) {
        second.bytes[0] = (unsigned char)format;
        assert_int_equal(opened(keyring, &owner, &second), format == 2 ? ERROR_NONE : ERROR_SECRET);
    }
    keyring_free(keyring);
}

/* A blob that was moved opens nowhere else, and what re-seals it does not either. */
static void test_moved(void **state)
{
    static char long_row[SECRET_MAX];
    const struct secret_owner others[] = {{&other_column, "PROJECT", "ROW"},
                                          {&column, "OTHER", "ROW"},
                                          {&column, NULL, "ROW"},
                                          {&column, "", "ROW"},
                                          {&column, "PROJECT", "WOR"},
                                          {&column, "PROJECT", ""},
                                          {&column, "PROJEC", "TROW"},
                                          {&column, "PROJECTR", "OW"},
                                          {&column, "project", "ROW"},
                                          {&column, "PROJECT", long_row},
                                          {&prefixed, "PROJECT", "ROW"}};
    struct keyring *a = keyring_of(KEY_A), *rotated = keyring_of(KEY_B "\n" KEY_A "\n");
    struct blob blob = sealed_by(a), again;
    (void)state;
    memset(long_row, 'r', sizeof(long_row) - 1);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct error err = {0};
        assert_int_equal(opened(a, &others[i], &blob), ERROR_SECRET);
        assert_int_equal(secret_reseal(rotated, &others[i], blob.bytes, blob.length, again.bytes,
                                       &again.length, &err),
                         -1);
        assert_int_equal(err.code, ERROR_SECRET);
    }
    /* null and empty are the same: of no project. */
    const struct secret_owner nobody = {&column, NULL, "ROW"}, empty = {&column, "", "ROW"};
    struct error err = {0};
    secret_seal(a, &nobody, "secret", 6, blob.bytes, &blob.length, &err);
    assert_int_equal(opened(a, &empty, &blob), ERROR_NONE);
    keyring_free(a);
    keyring_free(rotated);
}

static void test_keys(void **state)
{
    struct keyring *a = keyring_of(KEY_A), *b = keyring_of(KEY_B);
    struct keyring *rotated = keyring_of(KEY_B "\n" KEY_A "\n");
    struct blob blob = sealed_by(a);
    char text[SECRET_MAX + 1];
    size_t length;
    struct error err = {0};
    (void)state;
    assert_int_equal(secret_open(b, &owner, blob.bytes, blob.length, text, &length, &err), -1);
    assert_int_equal(err.code, ERROR_SECRET_KEY);
    assert_non_null(strstr(err.text, "the key 630dcd2966c43366, which is not in the key file"));
    assert_int_equal(opened(rotated, &owner, &blob), ERROR_NONE);
    /* The first key seals. */
    blob = sealed_by(rotated);
    assert_int_equal(opened(b, &owner, &blob), ERROR_NONE);
    assert_int_equal(opened(a, &owner, &blob), ERROR_SECRET_KEY);
    keyring_free(a);
    keyring_free(b);
    keyring_free(rotated);
}

static void test_reseal(void **state)
{
    struct keyring *a = keyring_of(KEY_A), *b = keyring_of(KEY_B);
    struct keyring *rotated = keyring_of(KEY_B "\n" KEY_A "\n");
    const struct blob blobs[] = {blob_of(format_1), blob_of(format_2), sealed_by(a)};
    unsigned char head[SECRET_HEAD_LENGTH];
    (void)state;
    secret_current_head(b, head);
    for (size_t i = 0; i < COUNT_OF(blobs); i++) {
        struct blob again, third;
        struct error err = {0};
        /* Without the old key it cannot, and says which is missing. */
        assert_int_equal(secret_reseal(b, &owner, blobs[i].bytes, blobs[i].length, again.bytes,
                                       &again.length, &err),
                         -1);
        assert_int_equal(err.code, ERROR_SECRET_KEY);
        error_clear(&err);
        assert_int_equal(secret_reseal(rotated, &owner, blobs[i].bytes, blobs[i].length,
                                       again.bytes, &again.length, &err),
                         1);
        assert_int_equal(again.length, 6 + SECRET_OVERHEAD);
        assert_memory_equal(again.bytes, head, sizeof(head));
        assert_int_equal(opened(b, &owner, &again), ERROR_NONE);
        assert_int_equal(opened(a, &owner, &again), ERROR_SECRET_KEY);
        /* Once is enough. */
        assert_int_equal(secret_reseal(rotated, &owner, again.bytes, again.length, third.bytes,
                                       &third.length, &err),
                         0);
    }
    /* The secret's own part of format 2 stays as it is: only its data key is taken over. */
    struct blob again;
    struct error err = {0};
    secret_reseal(rotated, &owner, blobs[1].bytes, blobs[1].length, again.bytes, &again.length,
                  &err);
    size_t tail = 12 + 6 + 16, start = again.length - tail;
    assert_memory_equal(again.bytes + start, blobs[1].bytes + start, tail);
    assert_memory_not_equal(again.bytes, blobs[1].bytes, start);
    keyring_free(a);
    keyring_free(b);
    keyring_free(rotated);
}

static void test_reseal_of_nonsense(void **state)
{
    struct keyring *rotated = keyring_of(KEY_B "\n" KEY_A "\n");
    (void)state;
    for (size_t format = 0; format < 4; format++) {
        for (size_t length = 0; length < SECRET_OVERHEAD + 8; length++) {
            struct blob blob = sealed_by(rotated), again;
            struct error err = {0};
            blob.bytes[0] = (unsigned char)format;
            blob.length = length;
            if (format == 2 && length >= SECRET_OVERHEAD)
                blob.bytes[1] ^= 1;
            assert_int_equal(secret_reseal(rotated, &owner, blob.bytes, blob.length, again.bytes,
                                           &again.length, &err),
                             -1);
        }
    }
    struct blob blob = {.length = SECRET_SEALED_MAX, .bytes = {2}}, again;
    struct error err = {0};
    assert_int_equal(
        secret_reseal(rotated, &owner, blob.bytes, blob.length, again.bytes, &again.length, &err),
        -1);
    keyring_free(rotated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_tampered),   cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_moved),      cmocka_unit_test(test_keys),
        cmocka_unit_test(test_reseal),     cmocka_unit_test(test_reseal_of_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
