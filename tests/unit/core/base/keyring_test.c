/* The key file: what is taken, what is refused, and what a change of it does to a keyring in use.
 */
#include "base/keyring.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/secret.h"
#include "key_file.h"

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
        assert_int_equal(key_file_load(cases[i].content, cases[i].mode, &keyring, &err),
                         cases[i].status);
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

static const char *first_of(const struct keyring *keyring)
{
    static struct keyring_id ids[KEYRING_KEYS_MAX];
    assert_true(keyring_ids(keyring, ids) > 0);
    return ids[0].digits;
}

static void test_refresh(void **state)
{
    static const char id_a[] = "630dcd2966c43366", id_b[] = "5df404c22ba4e956";
    static const struct {
        const char *content;
        mode_t mode;
        int status;
        const char *first;
        size_t count;
    } steps[] = {
        {KEY_A "\n", 0600, 0, id_a, 1},
        {KEY_A "\n\n", 0600, 0, id_a, 1},
        {KEY_A "\n" KEY_B "\n", 0600, 1, id_a, 2},
        {KEY_B "\n" KEY_A "\n", 0600, 1, id_b, 2},
        {"", 0600, -1, id_b, 2},
        {KEY_A "\nnonsense\n", 0600, -1, id_b, 2},
        {KEY_A "\n", 0604, -1, id_b, 2},
        {KEY_B "\n" KEY_A "\n", 0600, 0, id_b, 2},
        {KEY_B "\n", 0600, 1, id_b, 1},
    };
    struct keyring_id ids[KEYRING_KEYS_MAX];
    char path[KEY_FILE_PATH_MAX];
    struct keyring *keyring = NULL;
    struct error err = {0};
    int file = key_file_open(path);
    (void)state;
    key_file_write(file, KEY_A "\n", 0600);
    assert_int_equal(keyring_load(path, &keyring, &err), 0);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        error_clear(&err);
        key_file_write(file, steps[i].content, steps[i].mode);
        assert_int_equal(keyring_refresh(keyring, &err), steps[i].status);
        assert_int_equal(err.code, steps[i].status < 0 ? ERROR_SECRET : ERROR_NONE);
        assert_string_equal(first_of(keyring), steps[i].first);
        assert_int_equal(keyring_ids(keyring, ids), steps[i].count);
    }
    close(file);
    error_clear(&err);
    assert_int_equal(keyring_refresh(keyring, &err), -1);
    assert_string_equal(first_of(keyring), id_b);
    keyring_free(keyring);
}

/* Whoever seals and opens meanwhile always has a whole key. */
struct use {
    struct keyring *keyring;
    atomic_bool over;
    atomic_int failures, rounds;
};

static void *seal_and_open(void *argument)
{
    static const struct secret_column column = {"table.column", ""};
    static const struct secret_owner owner = {&column, "PROJECT", "ROW"};
    struct use *use = argument;
    while (!atomic_load(&use->over)) {
        unsigned char sealed[6 + SECRET_OVERHEAD];
        char opened[SECRET_MAX + 1];
        size_t sealed_length, length;
        struct error err = {0};
        if (secret_seal(use->keyring, &owner, "secret", 6, sealed, &sealed_length, &err) < 0 ||
            secret_open(use->keyring, &owner, sealed, sealed_length, opened, &length, &err) < 0)
            atomic_fetch_add(&use->failures, 1);
        atomic_fetch_add(&use->rounds, 1);
    }
    return NULL;
}

static void test_threads(void **state)
{
    enum { THREADS = 2, CHANGES = 200 };
    char path[KEY_FILE_PATH_MAX];
    int file = key_file_open(path);
    struct error err = {0};
    struct use use = {0};
    pthread_t threads[THREADS];
    (void)state;
    key_file_write(file, KEY_A "\n" KEY_B "\n", 0600);
    assert_int_equal(keyring_load(path, &use.keyring, &err), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, seal_and_open, &use), 0);
    for (int i = 0; i < CHANGES || atomic_load(&use.rounds) < CHANGES; i++) {
        key_file_write(file, i % 2 ? KEY_A "\n" KEY_B "\n" : KEY_B "\n" KEY_A "\n", 0600);
        assert_int_equal(keyring_refresh(use.keyring, &err), 1);
    }
    atomic_store(&use.over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&use.failures), 0);
    close(file);
    keyring_free(use.keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_file),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
