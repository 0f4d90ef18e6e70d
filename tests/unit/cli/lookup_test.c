/* Names that may be given to projects and instances. */
#include "lookup.h"

#include "unit.h"

static void test_name_check(void **state)
{
    (void)state;
#define EIGHT "12345678"
#define SIXTY_FOUR EIGHT "xxxxxxxx" EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT
    static const struct {
        const char *name;
        int status;
    } cases[] = {
        {"a", 0},
        {"with spaces and ünïcode", 0},
        {SIXTY_FOUR, 0},
        {SIXTY_FOUR "x", -1},
        {"\xc3\xa4" SIXTY_FOUR, -1},
        {"", -1},
        {"a\nb", -1},
        {"a\x1b[31m", -1},
        {"a\x7f", -1},
        {"\xff", -1},
        {EIGHT EIGHT EIGHT EIGHT, -1},
        {"12345678-1234-1234-1234-123456789abc", -1},
        {EIGHT EIGHT EIGHT "1234567", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        assert_int_equal(name_check(cases[i].name, &err), cases[i].status);
        assert_int_equal(err.code, cases[i].status ? ERROR_INVALID_PARAMETER : ERROR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_name_check)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
