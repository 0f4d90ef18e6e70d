/* Which names of the API stand for bytes. */
#include "scan_keys.h"

#include "unit.h"

static void test_binary_names(void **state)
{
    (void)state;
    static const struct {
        struct text shown;
        bool binary;
    } cases[] = {
        {{"", 0}, false},           {{"plain", 5}, false},
        {{"\\xff", 4}, true},       {{"a\\xffb\\\\c", 10}, true},
        {{"a\\\\b", 4}, false}, /* UTF-8 with two backslashes */
        {{"\\x41\\xff", 8}, false}, {{"\\xff\\n", 6}, false},
        {{"\\xf", 3}, false},       {{"\\xff\\", 5}, false},
        {{"\\xzz", 4}, false},      {{"g\xc3\xb6", 3}, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(scan_keys_is_binary(cases[i].shown), cases[i].binary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_binary_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
