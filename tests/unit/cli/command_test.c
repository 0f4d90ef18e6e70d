/* The table of commands: each is found by its words, and the table itself makes sense. */
#include "command.h"

#include <string.h>

#include "unit.h"

static int find(struct arguments arguments, const struct command **ret_command,
                const char **ret_word, struct error *err)
{
    *err = (struct error){0};
    return command_find(&arguments, ret_command, ret_word, err);
}

static void test_found(void **state)
{
    (void)state;
    const struct command *command;
    const char *word;
    struct error err;
    assert_int_equal(find((struct arguments){1, {"migrate"}, {0}, {{0}}}, &command, &word, &err),
                     0);
    assert_ptr_equal(command->run, command_migrate);
    assert_null(word);
    struct arguments add = {3, {"project", "add", "acme"}, {0}, {{0}}};
    assert_int_equal(find(add, &command, &word, &err), 0);
    assert_ptr_equal(command->run, command_project_add);
    assert_string_equal(word, "acme");
    struct arguments scan = {2, {"scan", "redis://h"}, {[OPTION_NO_PROGRESS] = 1}, {{0}}};
    assert_int_equal(find(scan, &command, &word, &err), 0);
    assert_ptr_equal(command->run, command_scan);
    assert_string_equal(word, "redis://h");
}

static void test_not_found(void **state)
{
    (void)state;
    static const struct {
        struct arguments arguments;
        const char *text;
    } cases[] = {
        {{0}, "no command; see 'dcsctl --help'"},
        {{1, {"frob"}, {0}, {{0}}}, "unknown command 'frob'; see 'dcsctl --help'"},
        {{1, {"key"}, {0}, {{0}}}, "a verb is missing after 'key'; see 'dcsctl key --help'"},
        {{2, {"key", "frob"}, {0}, {{0}}}, "unknown verb 'frob'; see 'dcsctl key --help'"},
        {{2, {"project", "add"}, {0}, {{0}}}, "NAME is missing"},
        {{4, {"project", "add", "a", "b"}, {0}, {{0}}}, "unexpected word 'b'"},
        {{2, {"migrate", "now"}, {0}, {{0}}}, "unexpected word 'now'"},
        {{3, {"instance", "show", "x"}, {0}, {{0}}}, "--project is missing"},
        {{1, {"scan"}, {0}, {{0}}}, "URL is missing"},
        {{2, {"scan", "u"}, {[OPTION_PROJECT] = 1}, {[OPTION_PROJECT] = {"p"}}},
         "--project does not belong to this command"},
        {{2, {"key", "enable"}, {0}, {{0}}}, "ID is missing"},
        {{2, {"project", "list"}, {[OPTION_LIMIT] = 1}, {[OPTION_LIMIT] = {"1"}}},
         "--limit does not belong to this command"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct command *command;
        const char *word;
        struct error err;
        assert_int_equal(find(cases[i].arguments, &command, &word, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void test_table(void **state)
{
    (void)state;
    for (const struct command *command = commands; command->noun; command++) {
        assert_non_null(command->run);
        assert_non_null(command->summary);
        assert_int_equal(command->required & ~command->allowed, 0);
        for (const struct command *other = commands; other < command; other++)
            assert_false(
                strcmp(other->noun, command->noun) == 0 &&
                (!other->verb || !command->verb || strcmp(other->verb, command->verb) == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
