/* The command line: what is taken, and that nothing else is. */
#include "arguments.h"

#include <string.h>

#include "unit.h"

enum { WORDS_MAX = 12 };

static int parse(const char *const *words, struct arguments *ret_arguments, struct error *err)
{
    char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t) "dcsctl"};
    int argc = 1;
    for (; *words; words++)
        argv[argc++] = (char *)(uintptr_t)*words;
    return arguments_parse(argc, argv, ret_arguments, err);
}

static void test_words_and_options_in_any_order(void **state)
{
    (void)state;
    const char *const words[] = {"--json", "instance", "--project=p q", "add", "--endpoint",
                                 "a:1",    "name",     "--endpoint",    "b:2", NULL};
    struct arguments arguments;
    struct error err = {0};
    assert_int_equal(parse(words, &arguments, &err), 0);
    assert_int_equal(arguments.word_count, 3);
    assert_string_equal(arguments.words[2], "name");
    assert_true(arguments_have(&arguments, OPTION_JSON));
    assert_string_equal(arguments_value(&arguments, OPTION_PROJECT), "p q");
    assert_int_equal(arguments.counts[OPTION_ENDPOINT], 2);
    assert_string_equal(arguments.values[OPTION_ENDPOINT][1], "b:2");
    assert_null(arguments_value(&arguments, OPTION_USER));
}

static void test_after_two_dashes_only_words(void **state)
{
    (void)state;
    const char *const words[] = {"project", "add", "--", "--json", NULL};
    struct arguments arguments;
    struct error err = {0};
    assert_int_equal(parse(words, &arguments, &err), 0);
    assert_string_equal(arguments.words[2], "--json");
    assert_false(arguments_have(&arguments, OPTION_JSON));
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        const char *text;
    } cases[] = {
        {{"--frob"}, "unknown option '--frob'"},
        {{"--proj=x"}, "unknown option '--proj'"},
        {{"-j"}, "unknown option '-j'"},
        {{"--json=yes"}, "--json takes no value"},
        {{"--project"}, "--project needs a value"},
        {{"--project", "a", "--project", "b"}, "--project is given more than 1 times"},
        {{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "too many words: '9'"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arguments arguments;
        struct error err = {0};
        assert_int_equal(parse(cases[i].words, &arguments, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void test_check(void **state)
{
    (void)state;
    const char *const words[] = {"--tls", "--user", "u", NULL};
    unsigned allowed = OPTION_BIT(OPTION_TLS) | OPTION_BIT(OPTION_USER);
    struct arguments arguments;
    struct error err = {0};
    assert_int_equal(parse(words, &arguments, &err), 0);
    assert_int_equal(arguments_check(&arguments, allowed, OPTION_BIT(OPTION_USER), &err), 0);
    assert_int_equal(arguments_check(&arguments, OPTION_BIT(OPTION_TLS), 0, &err), -1);
    assert_string_equal(err.text, "--user does not belong to this command");
    error_clear(&err);
    assert_int_equal(arguments_check(&arguments, allowed, OPTION_BIT(OPTION_PROJECT), &err), -1);
    assert_string_equal(err.text, "--project is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_options_in_any_order),
        cmocka_unit_test(test_after_two_dashes_only_words),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
