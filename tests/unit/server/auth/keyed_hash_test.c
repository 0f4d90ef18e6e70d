/* Keyed hashes: SipHash's own vectors, and two parts as one. */
#include "auth/keyed_hash.h"

#include <string.h>

#include "unit.h"

static struct keyed_hasher *make(unsigned char first)
{
    unsigned char key[KEYED_HASH_KEY_LENGTH];
    for (unsigned i = 0; i < sizeof(key); i++)
        key[i] = (unsigned char)(first + i);
    return keyed_hasher_new(key);
}

/* Key and message of the example in the paper's appendix A. */
static void test_is_siphash_2_4(void **state)
{
    static const unsigned char expected[] = {0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1};
    char message[15];
    (void)state;
    struct keyed_hasher *hasher = make(0);
    for (unsigned i = 0; i < sizeof(message); i++)
        message[i] = (char)i;
    for (size_t length = 0; length <= sizeof(message); length++) {
        uint64_t hash = keyed_hash(hasher, (struct text){message, length},
                                   (struct text){message + length, sizeof(message) - length});
        assert_memory_equal(&hash, expected, sizeof(hash));
    }
    keyed_hasher_free(hasher);
}

static void test_depends_on_key_and_name(void **state)
{
    (void)state;
    struct keyed_hasher *one = make(0), *same = make(0), *other = make(1);
    struct text name = TEXT("name"), none = TEXT("");
    uint64_t hash = keyed_hash(one, name, none);
    assert_true(hash == keyed_hash(one, name, none));
    assert_true(hash == keyed_hash(same, name, none));
    assert_true(hash != keyed_hash(other, name, none));
    assert_true(hash != keyed_hash(one, TEXT("nama"), none));
    keyed_hasher_free(one);
    keyed_hasher_free(same);
    keyed_hasher_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_siphash_2_4),
        cmocka_unit_test(test_depends_on_key_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
