#include "unit.h"

#include "allocator.h"

static void hands_out_classes(void **state)
{
    (void)state;
    static const struct {
        uint64_t asked, sizes[4]; /* in the order of the enumeration */
    } cases[] = {
        {0, {8, 8, 24, 8}},
        {1, {8, 8, 24, 16}},
        {8, {8, 8, 24, 16}},
        {9, {16, 16, 24, 24}},
        {17, {24, 32, 24, 32}},
        {24, {24, 32, 24, 32}},
        {25, {32, 32, 40, 40}},
        {33, {40, 48, 40, 48}},
        {49, {56, 64, 56, 64}},
        {65, {80, 80, 72, 80}},
        {128, {128, 128, 136, 136}},
        {129, {160, 160, 136, 144}},
        {513, {640, 640, 520, 528}},
        {4096, {4096, 4096, 4104, 4104}},
        {14337, {16384, 16384, 14344, 14352}},
        {16385, {20480, 20480, 16392, 16400}},
        {120006, {131072, 131072, 120008, 120016}},
        {131073, {163840, 163840, 135152, 131088}},
        {UINT64_C(5) << 30,
         {UINT64_C(5) << 30, UINT64_C(5) << 30, (UINT64_C(5) << 30) + 4080,
          (UINT64_C(5) << 30) + 8}},
        {(UINT64_C(1) << 62) + 1,
         {(UINT64_C(1) << 62) + 1, (UINT64_C(1) << 62) + 1, (UINT64_C(1) << 62) + 1,
          (UINT64_C(1) << 62) + 1}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (int allocator = ALLOCATOR_JEMALLOC; allocator <= ALLOCATOR_LIBC_COUNTED; allocator++)
            assert_int_equal(allocator_size((enum allocator)allocator, cases[i].asked),
                             cases[i].sizes[allocator]);
    }
}

static void never_hands_out_less(void **state)
{
    (void)state;
    for (int allocator = ALLOCATOR_JEMALLOC; allocator <= ALLOCATOR_LIBC_COUNTED; allocator++) {
        uint64_t before = 0;
        for (uint64_t asked = 1; asked < 200000; asked++) {
            uint64_t size = allocator_size((enum allocator)allocator, asked);
            assert_true(size >= asked && size >= before && size % 8 == 0);
            before = size;
        }
    }
}

static void is_told_by_what_info_says(void **state)
{
    (void)state;
    static const struct {
        const char *told;
        int version;
        bool valkey;
        enum allocator allocator;
    } cases[] = {
        {"jemalloc-5.3.0", 70015, false, ALLOCATOR_JEMALLOC_SYSTEM},
        {"jemalloc-5.2.1", 70015, false, ALLOCATOR_JEMALLOC},
        {"jemalloc-5.1.0", 60216, false, ALLOCATOR_JEMALLOC},
        {"jemalloc-5.2.1", 60016, false, ALLOCATOR_JEMALLOC_SYSTEM},
        {"jemalloc-4.0.3", 40014, false, ALLOCATOR_JEMALLOC},
        {"jemalloc-3.6.0", 30007, false, ALLOCATOR_JEMALLOC},
        {"jemalloc-5.3.0", 80006, false, ALLOCATOR_JEMALLOC},
        {"jemalloc-5.3.0", 80101, true, ALLOCATOR_JEMALLOC},
        {"libc", 40014, false, ALLOCATOR_LIBC_COUNTED},
        {"libc", 50014, false, ALLOCATOR_LIBC},
        {"libc", 80000, true, ALLOCATOR_LIBC},
        {"tcmalloc-2.6", 70015, false, ALLOCATOR_JEMALLOC},
        {"jemalloc-system", 80006, false, ALLOCATOR_JEMALLOC_SYSTEM},
        {"", 70015, false, ALLOCATOR_JEMALLOC},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(allocator_named(cases[i].told, cases[i].version, cases[i].valkey),
                         cases[i].allocator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_classes),
        cmocka_unit_test(never_hands_out_less),
        cmocka_unit_test(is_told_by_what_info_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
