/* Strict parsers: what they take, and that they take nothing else. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void test_parse_integer(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        int64_t number;
    } cases[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"007", 0, 7},
        {"42", 0, 42},
        {"-1", 0, -1},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", -1, 0},
        {"-9223372036854775809", -1, 0},
        {"99999999999999999999", -1, 0},
        {"", -1, 0},
        {"-", -1, 0},
        {"--1", -1, 0},
        {"+1", -1, 0},
        {" 1", -1, 0},
        {"1 ", -1, 0},
        {"1e9", -1, 0},
        {"0x10", -1, 0},
        {"1.0", -1, 0},
        {"1-", -1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t number = 0;
        assert_int_equal(text_parse_integer(text_of(cases[i].text), &number), cases[i].status);
        assert_true(number == cases[i].number);
    }
    int64_t number = 5;
    assert_int_equal(text_parse_integer((struct text){"1\0002", 3}, &number), -1);
    assert_int_equal(number, 5);
}

static void test_utf8_width(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length, width;
    } cases[] = {
        {"", 0, 0},
        {"\0", 1, 1},
        {"a", 1, 1},
        {"\x7f", 1, 1},
        {"\x80", 1, 0},
        {"\xbf", 1, 0},
        {"\xc0\x80", 2, 0},
        {"\xc1\xbf", 2, 0},
        {"\xc2\x80", 2, 2},
        {"\xdf\xbf", 2, 2},
        {"\xc2", 1, 0},
        {"\xc2\x20", 2, 0},
        {"\xe0\x9f\xbf", 3, 0},
        {"\xe0\xa0\x80", 3, 3},
        {"\xed\x9f\xbf", 3, 3},
        {"\xed\xa0\x80", 3, 0},
        {"\xef\xbf\xbf", 3, 3},
        {"\xe2\x82", 2, 0},
        {"\xf0\x8f\xbf\xbf", 4, 0},
        {"\xf0\x90\x80\x80", 4, 4},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"\xf4\x90\x80\x80", 4, 0},
        {"\xf5\x80\x80\x80", 4, 0},
        {"\xff", 1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(text_utf8_width(cases[i].bytes, cases[i].length), cases[i].width);
    assert_true(text_is_utf8("gr\xc3\xbc\xc3\x9f", 6));
    assert_false(text_is_utf8("gr\xfc", 3));
    assert_true(text_is_utf8("", 0));
}

static void test_percent_decode(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ptrdiff_t length;
        const char *decoded;
    } cases[] = {
        {"", 0, ""},       {"abc", 3, "abc"}, {"%41b%2f", 3, "Ab/"}, {"%2F", 1, "/"},
        {"a+b", 3, "a+b"}, {"%00", 1, "\0"},  {"%", -1, ""},         {"%4", -1, ""},
        {"%4g", -1, ""},   {"%g4", -1, ""},   {"abc%", -1, ""},      {"%25%32", 2, "%2"},
        {"%%41", -1, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char decoded[32];
        ptrdiff_t length = text_percent_decode(text_of(cases[i].text), decoded);
        assert_int_equal(length, cases[i].length);
        if (length > 0)
            assert_memory_equal(decoded, cases[i].decoded, (size_t)length);
    }
}

static void test_hex(void **state)
{
    (void)state;
    unsigned char bytes[4];
    char digits[9];
    assert_int_equal(text_parse_hex("00fFAb19", bytes, 4), 0);
    assert_memory_equal(bytes, "\x00\xff\xab\x19", 4);
    text_format_hex(bytes, 4, digits);
    assert_string_equal(digits, "00ffab19");
    static const char *const bad[] = {"0g", "g0", " 0", "0 ", "-1", "0x"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(text_parse_hex(bad[i], bytes, 1), -1);
    assert_int_equal(text_parse_hex("", bytes, 0), 0);
    text_format_hex(bytes, 0, digits);
    assert_string_equal(digits, "");
}

static void test_trim_and_compare(void **state)
{
    (void)state;
    static const struct {
        const char *text, *trimmed;
    } cases[] = {
        {"", ""}, {" ", ""}, {" \t ", ""}, {"a", "a"}, {" a b\t", "a b"}, {"\ra\n", "\ra\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(text_equals(text_trim(text_of(cases[i].text)), text_of(cases[i].trimmed)));
    assert_true(text_equals(TEXT("ab"), TEXT("ab")));
    assert_false(text_equals(TEXT("ab"), TEXT("aB")));
    assert_false(text_equals(TEXT("ab"), TEXT("abc")));
    assert_true(text_equals((struct text){NULL, 0}, TEXT("")));
    assert_true(text_equals_ignoring_case(TEXT("Host-1Z"), TEXT("hOST-1z")));
    assert_false(text_equals_ignoring_case(TEXT("a[b"), TEXT("a{b")));
    assert_false(text_equals_ignoring_case(TEXT("\xc4"), TEXT("\xe4")));
}

static void test_copy(void **state)
{
    (void)state;
    char *copy = text_copy("ab\0c", 4);
    assert_memory_equal(copy, "ab\0c", 5);
    free(copy);
    copy = text_copy(NULL, 0);
    assert_string_equal(copy, "");
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_integer),    cmocka_unit_test(test_utf8_width),
        cmocka_unit_test(test_percent_decode),   cmocka_unit_test(test_hex),
        cmocka_unit_test(test_trim_and_compare), cmocka_unit_test(test_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
