/* The envelope: it opens for its owner under its key, and for nothing else. */
#include "base/secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

/* A file that is in memory only; loads a keyring from it. */
static int load(const char *content, mode_t mode, struct keyring **ret_keyring, struct error *err)
{
    int file = memfd_create("keys", MFD_CLOEXEC);
    char path[64];
    assert_true(file >= 0);
    assert_int_equal(write(file, content, strlen(content)), (ssize_t)strlen(content));
    assert_int_equal(fchmod(file, mode), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    int status = keyring_load(path, ret_keyring, err);
    close(file);
    return status;
}

static struct keyring *keyring_of(const char *content)
{
    struct error err = {0};
    struct keyring *keyring = NULL;
    assert_int_equal(load(content, 0600, &keyring, &err), 0);
    assert_non_null(keyring);
    return keyring;
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
        assert_int_equal(secret_seal(keyring, "owner", cases[i].bytes, cases[i].length, sealed,
                                     &sealed_length, &err),
                         0);
        assert_int_equal(sealed_length, cases[i].length + SECRET_OVERHEAD);
        assert_int_equal(
            secret_open(keyring, "owner", sealed, sealed_length, opened, &length, &err), 0);
        assert_int_equal(length, cases[i].length);
        assert_memory_equal(opened, cases[i].bytes, length);
        assert_int_equal(opened[length], '\0');
        /* A nonce is used once. */
        secret_seal(keyring, "owner", cases[i].bytes, cases[i].length, again, &sealed_length, &err);
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
    assert_int_equal(secret_seal(keyring, "o", secret, sizeof(secret), sealed, &length, &err), -1);
    assert_int_equal(err.code, ERROR_SECRET);
    keyring_free(keyring);
}

static void test_tampered(void **state)
{
    (void)state;
    static const char secret[] = "the password";
    unsigned char sealed[sizeof(secret) + SECRET_OVERHEAD];
    char opened[SECRET_MAX + 1];
    size_t sealed_length, length;
    struct error err = {0};
    struct keyring *keyring = keyring_of(KEY_A);
    secret_seal(keyring, "owner", secret, strlen(secret), sealed, &sealed_length, &err);
    for (size_t i = 0; i < sealed_length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            sealed[i] ^= (unsigned char)(1 << bit);
            memset(opened, 0, sizeof(opened));
            error_clear(&err);
            assert_int_equal(
                secret_open(keyring, "owner", sealed, sealed_length, opened, &length, &err), -1);
            assert_int_equal(err.code, ERROR_SECRET);
            assert_null(memmem(opened, sizeof(opened), "pass", 4));
            sealed[i] ^= (unsigned char)(1 << bit);
        }
    }
    for (size_t shorter = 0; shorter < sealed_length; shorter++) {
        error_clear(&err);
        assert_int_equal(secret_open(keyring, "owner", sealed, shorter, opened, &length, &err), -1);
    }
    error_clear(&err);
    assert_int_equal(secret_open(keyring, "owner", sealed, sealed_length, opened, &length, &err),
                     0);
    keyring_free(keyring);
}

static void test_owner_and_key(void **state)
{
    (void)state;
    unsigned char sealed[16 + SECRET_OVERHEAD];
    char opened[SECRET_MAX + 1];
    size_t sealed_length, length;
    struct error err = {0};
    struct keyring *a = keyring_of(KEY_A), *b = keyring_of(KEY_B);
    struct keyring *rotated = keyring_of(KEY_B "\n" KEY_A "\n");
    secret_seal(a, "owner", "secret", 6, sealed, &sealed_length, &err);
    static const char *const others[] = {"", "owne", "owner ", "Owner"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        error_clear(&err);
        assert_int_equal(secret_open(a, others[i], sealed, sealed_length, opened, &length, &err),
                         -1);
    }
    error_clear(&err);
    assert_int_equal(secret_open(b, "owner", sealed, sealed_length, opened, &length, &err), -1);
    assert_non_null(strstr(err.text, "not in the key file"));
    error_clear(&err);
    assert_int_equal(secret_open(rotated, "owner", sealed, sealed_length, opened, &length, &err),
                     0);
    assert_string_equal(opened, "secret");
    /* The first key seals. */
    secret_seal(rotated, "owner", "secret", 6, sealed, &sealed_length, &err);
    assert_int_equal(secret_open(b, "owner", sealed, sealed_length, opened, &length, &err), 0);
    keyring_free(a);
    keyring_free(b);
    keyring_free(rotated);
}

static void test_key_file(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        mode_t mode;
        int status;
    } cases[] = {
        {KEY_A, 0600, 0},
        {KEY_A "\n", 0640, 0},
        {"\n \n" KEY_A " \n\n", 0400, 0},
        {KEY_A "\n", 0604, -1},
        {KEY_A "\n", 0602, -1},
        {"", 0600, -1},
        {"\n\n", 0600, -1},
        {KEY_A "0\n", 0600, -1},
        {"0" KEY_A "\n", 0600, -1},
        {"g" KEY_A "\n", 0600, -1},
        {"00", 0600, -1},
        {KEY_A "\nnonsense\n", 0600, -1},
        {KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A "\n" KEY_A
               "\n" KEY_A "\n",
         0600, -1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        struct keyring *keyring = NULL;
        assert_int_equal(load(cases[i].content, cases[i].mode, &keyring, &err), cases[i].status);
        assert_int_equal(err.code, cases[i].status < 0 ? ERROR_SECRET : ERROR_NONE);
        assert_true((keyring != NULL) == (cases[i].status == 0));
        assert_null(strstr(err.text, "0001020304"));
        keyring_free(keyring);
    }
    struct error err = {0};
    struct keyring *keyring = NULL;
    assert_int_equal(keyring_load("/proc/self/no-such-file", &keyring, &err), -1);
    error_clear(&err);
    assert_int_equal(keyring_load("/proc/self", &keyring, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_tampered),   cmocka_unit_test(test_owner_and_key),
        cmocka_unit_test(test_key_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
