/* Against a tree that is built whole. */
#include "unit.h"

#include <string.h>

#include "radix.h"

enum { KEYS_MOST = 600 };

struct keys {
    uint8_t bytes[KEYS_MOST][RADIX_KEY];
    size_t count;
};

static uint64_t rounded(uint64_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

/* Of keys from..to, which are equal up to byte `at`. */
static void count_nodes(const struct keys *keys, size_t from, size_t to, int at, uint64_t *nodes,
                        uint64_t *bytes)
{
    int end = at;
    while (end < RADIX_KEY && keys->bytes[from][end] == keys->bytes[to - 1][end])
        end++;
    if (end > at) {
        ++*nodes;
        *bytes += rounded(4 + (uint64_t)(end - at)) + 8;
    }
    ++*nodes;
    if (end == RADIX_KEY) {
        *bytes += 16;
        return;
    }
    uint64_t children = 0;
    for (size_t first = from; first < to; children++) {
        size_t next = first;
        while (next < to && keys->bytes[next][end] == keys->bytes[first][end])
            next++;
        count_nodes(keys, first, next, end + 1, nodes, bytes);
        first = next;
    }
    *bytes += rounded(4 + children) + children * 8;
}

static void check(const struct keys *keys)
{
    struct radix radix = {0};
    uint64_t nodes = 0, bytes = 0;
    for (size_t i = 0; i < keys->count; i++)
        radix_add(&radix, ALLOCATOR_LIBC_COUNTED, keys->bytes[i]);
    count_nodes(keys, 0, keys->count, 0, &nodes, &bytes);
    assert_int_equal(radix.keys, keys->count);
    assert_int_equal(radix.nodes, nodes);
    /* That allocator adds eight bytes to everything, and there is the tree itself. */
    assert_int_equal(radix_bytes(&radix, ALLOCATOR_LIBC_COUNTED, true), bytes + 8 * nodes + 40);
}

/* As streams have them: milliseconds and a number, in steps that are mostly small. */
static void put_id(struct keys *keys, uint64_t milliseconds, uint64_t number)
{
    uint8_t *key = keys->bytes[keys->count++];
    for (int i = 0; i < 8; i++) {
        key[i] = (uint8_t)(milliseconds >> (56 - 8 * i));
        key[8 + i] = (uint8_t)(number >> (56 - 8 * i));
    }
}

static void counts_as_a_tree_has(void **state)
{
    (void)state;
    static const uint64_t steps[] = {0, 1, 3, 200, 70000, UINT64_C(1) << 33, UINT64_C(1) << 50};
    uint64_t seed = 88172645463325252;
    for (size_t count = 1; count < KEYS_MOST; count += 1 + count / 3) {
        for (size_t widest = 1; widest < COUNT_OF(steps); widest++) {
            static struct keys keys;
            uint64_t milliseconds = 1700000000000, number = 0;
            keys.count = 0;
            while (keys.count < count) {
                seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
                uint64_t step = steps[seed % (widest + 1)];
                milliseconds += step;
                number = step ? seed >> 40 & 3 : number + 1;
                put_id(&keys, milliseconds, number);
            }
            check(&keys);
        }
    }
}

static void counts_few(void **state)
{
    (void)state;
    struct radix radix = {0};
    assert_int_equal(radix_bytes(&radix, ALLOCATOR_JEMALLOC, false), 32 + 8);
    assert_int_equal(radix_bytes(&radix, ALLOCATOR_JEMALLOC, true), 32 + 32);
    static struct keys keys;
    keys.count = 0;
    put_id(&keys, 0, 0);
    check(&keys);
    put_id(&keys, 0, 1);
    check(&keys);
    put_id(&keys, UINT64_MAX, UINT64_MAX);
    check(&keys);
}

/* Of no use, but harmless. */
static void bears_keys_out_of_order(void **state)
{
    (void)state;
    struct radix radix = {0};
    uint8_t key[RADIX_KEY] = {0};
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        key[seed >> 60] = (uint8_t)(seed >> 40);
        radix_add(&radix, ALLOCATOR_JEMALLOC, key);
    }
    assert_int_equal(radix.keys, 100000);
    assert_true(radix.nodes < 400000 && radix.bytes < 20000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_as_a_tree_has),
        cmocka_unit_test(counts_few),
        cmocka_unit_test(bears_keys_out_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
