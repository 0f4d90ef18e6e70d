/* Names of any bytes as JSON, and the way back. */
#include "insight/key_name.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* Kept and written.  The result is freed by the caller. */
static char *shown(const char *bytes, size_t length)
{
    const struct kept_name name = kept_name_of((struct text){bytes, length});
    struct json_writer writer;
    size_t ignored;
    json_writer_init(&writer);
    key_name_write(&writer, &name, text_is_utf8(bytes, length));
    char *text = json_writer_take(&writer, &ignored);
    json_writer_release(&writer);
    return text;
}

static void test_names(void **state)
{
    static const struct {
        struct text name;
        const char *json;
    } cases[] = {
        {{"", 0}, "\"\""},
        {{"user:1", 6}, "\"user:1\""},
        {{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9}, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {{"a\\b", 3}, "\"a\\\\b\""},
        {{"a\"b\n\x01", 5}, "\"a\\\"b\\n\\u0001\""},
        {{"a\0b", 3}, "\"a\\u0000b\""},
        {{"\xff", 1}, "\"\\\\xff\""},
        {{"\xff\\a", 3}, "\"\\\\xff\\\\\\\\a\""},
        {{"\xc3\xa9\xfe", 3}, "\"\xc3\xa9\\\\xfe\""},
        {{"\xc3", 1}, "\"\\\\xc3\""},
        {{"\xed\xa0\x80", 3}, "\"\\\\xed\\\\xa0\\\\x80\""},
        {{"\xc0\xaf", 2}, "\"\\\\xc0\\\\xaf\""},
        {{"\xf4\x90\x80\x80", 4}, "\"\\\\xf4\\\\x90\\\\x80\\\\x80\""},
        {{"\xff\0", 2}, "\"\\\\xff\\u0000\""},
        {{"\\xff", 4}, "\"\\\\xff\""}, /* valid UTF-8: never altered */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *json = shown(cases[i].name.bytes, cases[i].name.length);
        assert_string_equal(json, cases[i].json);
        free(json);
    }
}

static void test_long_names_are_cut_between_characters(void **state)
{
    static const struct {
        size_t ascii; /* bytes before characters of that width */
        const char *character;
        size_t kept;
    } cases[] = {
        {RANKED_NAME_MAX, "x", RANKED_NAME_MAX},
        {RANKED_NAME_MAX - 1, "\xc3\xa9", RANKED_NAME_MAX - 1},
        {RANKED_NAME_MAX - 2, "\xc3\xa9", RANKED_NAME_MAX},
        {RANKED_NAME_MAX - 2, "\xe2\x82\xac", RANKED_NAME_MAX - 2},
        {RANKED_NAME_MAX - 3, "\xf0\x9f\x98\x80", RANKED_NAME_MAX - 3},
        {RANKED_NAME_MAX - 4, "\xf0\x9f\x98\x80", RANKED_NAME_MAX},
        {RANKED_NAME_MAX - 1, "\xf0\x9f\x98\x80", RANKED_NAME_MAX - 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t width = strlen(cases[i].character), length = cases[i].ascii;
        char name[RANKED_NAME_MAX + 64];
        memset(name, 'a', cases[i].ascii);
        for (int j = 0; j < 10; j++, length += width)
            memcpy(name + length, cases[i].character, width);
        char *json = shown(name, length);
        assert_int_equal(strlen(json), 1 + cases[i].kept + 3 + 1);
        assert_string_equal(json + 1 + cases[i].kept, "\xe2\x80\xa6\"");
        free(json);
    }
}

/* What is wrong behind the cut decides how the beginning is written. */
static void test_long_names_are_judged_whole(void **state)
{
    char name[RANKED_NAME_MAX + 8];
    (void)state;
    memset(name, '\\', sizeof(name));
    name[sizeof(name) - 1] = '\xff';
    char *json = shown(name, sizeof(name));
    assert_int_equal(strlen(json), 1 + 4 * RANKED_NAME_MAX + 3 + 1);
    free(json);
    memset(name, '\xff', sizeof(name));
    json = shown(name, sizeof(name));
    assert_int_equal(strlen(json), 1 + 5 * RANKED_NAME_MAX + 3 + 1);
    free(json);
}

/* Of names that were cut before they came here. */
static void test_beginnings_end_between_characters(void **state)
{
    static const struct {
        struct text beginning;
        size_t kept;
    } cases[] = {
        {{"abc", 3}, 3},
        {{"", 0}, 0},
        {{"a\xc3\xa9", 3}, 3},
        {{"a\xc3", 2}, 1},
        {{"a\xe2\x82", 3}, 1},
        {{"\xf0\x9f\x98", 3}, 0},
        {{"\xf0\x9f\x98\x80", 4}, 4},
        {{"\x80\x80\x80\x80", 4}, 4}, /* no character begins */
        {{"\xff", 1}, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kept_name name = kept_name_of_part(cases[i].beginning, 1000, RANKED_NAME_MAX);
        assert_int_equal(name.kept, cases[i].kept);
        assert_int_equal(name.length, 1000);
        struct kept_name longer = kept_name_of_part(cases[i].beginning, 1001, RANKED_NAME_MAX);
        assert_true(kept_name_compare(&name, &longer) < 0);
    }
    struct kept_name whole = kept_name_of_part(TEXT("abc"), 3, RANKED_NAME_MAX);
    assert_int_equal(whole.kept, 3);
    assert_int_equal(whole.hash, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_long_names_are_cut_between_characters),
        cmocka_unit_test(test_long_names_are_judged_whole),
        cmocka_unit_test(test_beginnings_end_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
