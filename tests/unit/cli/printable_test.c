/* What a terminal is given: nothing that it obeys. */
#include "printable.h"

#include <stdlib.h>

#include "unit.h"

static void test_cases(void **state)
{
    (void)state;
    const struct {
        struct text text;
        size_t most;
        const char *printed;
        size_t width;
    } cases[] = {
        {TEXT(""), 10, "", 0},
        {TEXT("plain text"), 10, "plain text", 10},
        {TEXT("größe 画像"), 20, "größe 画像", 8},
        {TEXT("\x1b[2J"), 20, "\\x1b[2J", 7},
        {TEXT("a\0b\n\t\x7f"), 40, "a\\x00b\\x0a\\x09\\x7f", 18},
        {TEXT("\xff\xc3"), 20, "\\xff\\xc3", 8},
        {TEXT("\xc2\x9b"
              "31m"),
         20, "\\xc2\\x9b31m", 11}, /* C1: CSI */
        {TEXT("\xe2\x80\xae"
              "abc"),
         20,
         "\\xe2\\x80\\xae"
         "abc",
         15},                                              /* right to left */
        {TEXT("\xe2\x80\xa8"), 20, "\\xe2\\x80\\xa8", 12}, /* line separator */
        {TEXT("abcdef"), 5, "abcde\xe2\x80\xa6", 6},
        {TEXT("abcde"), 5, "abcde", 5},
        {TEXT("ab\xff"), 5, "ab\xe2\x80\xa6", 3},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t width;
        char *printed = printable_copy(cases[i].text, cases[i].most, &width);
        assert_string_equal(printed, cases[i].printed);
        assert_int_equal(width, cases[i].width);
        free(printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
