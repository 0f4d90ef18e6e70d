/* SHA-256 and HMAC against published vectors, nested, and by several threads at once. */
#include "base/digest.h"

#include <pthread.h>
#include <string.h>

#include "unit.h"

static void check_hex(const unsigned char digest[DIGEST_LENGTH], const char *expected)
{
    char digits[2 * DIGEST_LENGTH + 1];
    text_format_hex(digest, DIGEST_LENGTH, digits);
    assert_string_equal(digits, expected);
}

/* FIPS 180-4's example, and the hash of nothing. */
static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void test_sha256(void **state)
{
    unsigned char digest[DIGEST_LENGTH];
    (void)state;
    digest_of(TEXT("abc"), digest);
    check_hex(digest, abc);
    digest_of((struct text){0}, digest);
    check_hex(digest, nothing);
}

static void test_pieces_with_another_in_between(void **state)
{
    unsigned char digest[DIGEST_LENGTH];
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct digest *open = digest_begin();
        digest_put(open, TEXT("a"));
        digest_of((struct text){0}, digest);
        check_hex(digest, nothing);
        digest_put(open, (struct text){0});
        digest_put(open, TEXT("bc"));
        digest_end(open, digest);
        check_hex(digest, abc);
        /* One that is given up leaves nothing behind. */
        digest_put(digest_begin(), TEXT("x"));
    }
}

/* FIPS 180-4's million letters, in pieces of every size around what is gathered. */
static void test_long_pieces(void **state)
{
    static char letters[1000];
    static const size_t sizes[] = {1, 7, 64, 511, 512, 513, 1000};
    unsigned char digest[DIGEST_LENGTH];
    (void)state;
    memset(letters, 'a', sizeof(letters));
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct digest *open = digest_begin();
        for (size_t left = 1000000, size = sizes[i]; left > 0; left -= size) {
            size = size < left ? size : left;
            digest_put(open, (struct text){letters, size});
        }
        digest_end(open, digest);
        check_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

/* RFC 4231, test cases 1, 2 and 6. */
static void test_hmac(void **state)
{
    unsigned char digest[DIGEST_LENGTH];
    char key[131];
    (void)state;
    for (int i = 0; i < 3; i++) {
        memset(key, 0x0b, sizeof(key));
        digest_hmac((struct text){key, 20}, TEXT("Hi There"), digest);
        check_hex(digest, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        digest_hmac(TEXT("Jefe"), TEXT("what do ya want for nothing?"), digest);
        check_hex(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        memset(key, 0xaa, sizeof(key));
        digest_hmac((struct text){key, sizeof(key)},
                    TEXT("Test Using Larger Than Block-Size Key - Hash Key First"), digest);
        check_hex(digest, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        digest_hmac((struct text){0}, TEXT(""), digest);
        check_hex(digest, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    }
}

static void *hash_often(void *argument)
{
    unsigned char digest[DIGEST_LENGTH];
    for (int i = 0; i < 200; i++)
        test_pieces_with_another_in_between(NULL);
    digest_hmac(TEXT("key"), TEXT("text"), digest);
    return argument;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),      cmocka_unit_test(test_pieces_with_another_in_between),
        cmocka_unit_test(test_long_pieces), cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
