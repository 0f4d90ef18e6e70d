/* The output buffer: the bytes of a command, growth, and what is left of a password. */
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "redis/connection.h"
#include "unit.h"

static struct redis_memory memory; /* nothing is held where it begins */

static void writes_commands(void **state)
{
    static const char expected[] = "*2\r\n$4\r\nTYPE\r\n$5\r\na\0b\r\n\r\n*1\r\n$0\r\n\r\n";
    const struct text words[] = {TEXT("TYPE"), TEXT("a\0b\r\n")};
    const struct text empty = {"", 0};
    struct output output;
    (void)state;
    output_init(&output, &memory);
    assert_int_equal(output_command(&output, words, 2), 0);
    assert_int_equal(output_command(&output, &empty, 1), 0);
    assert_int_equal(output_unsent(&output), sizeof(expected) - 1);
    assert_memory_equal(output.bytes, expected, sizeof(expected) - 1);
    output_release(&output);
}

static void keeps_what_is_unsent_when_it_grows(void **state)
{
    char *word = malloc(100000);
    struct output output;
    (void)state;
    memset(word, 'x', 100000);
    output_init(&output, &memory);
    assert_int_equal(output_command(&output, &TEXT("PING"), 1), 0);
    output_sent(&output, 4);
    assert_int_equal(output_command(&output, &(struct text){word, 100000}, 1), 0);
    assert_memory_equal(output.bytes + output.start, "$4\r\nPING\r\n*1\r\n$100000\r\nxxx", 26);
    assert_int_equal(output_unsent(&output), 10 + 4 + 9 + 100002);
    output_sent(&output, output_unsent(&output));
    assert_int_equal(output.start, 0);
    output_release(&output);
    free(word);
}

static void is_bounded(void **state)
{
    char *word = calloc(1, 2 << 20);
    struct output output;
    int count = 0;
    (void)state;
    output_init(&output, &memory);
    while (output_command(&output, &(struct text){word, 2 << 20}, 1) == 0)
        count++;
    assert_int_equal(count, 7);
    assert_int_equal(
        output_command(&output, &(struct text){word, (size_t)REDIS_OUTPUT_BYTES_MAX + 1}, 1), -1);
    assert_true(output.capacity <= 2 * (size_t)REDIS_OUTPUT_BYTES_MAX);
    output_release(&output);
    free(word);
}

static void forgets_what_was_sent(void **state)
{
    const struct text words[] = {TEXT("AUTH"), TEXT("open sesame")};
    struct output output;
    (void)state;
    output_init(&output, &memory);
    output_command(&output, words, 2);
    output_sent(&output, output_unsent(&output));
    output_cleanse(&output);
    assert_null(memmem(output.bytes, output.capacity, "sesame", 6));
    output_command(&output, words, 2);
    output_sent(&output, output_unsent(&output) - 1);
    output_cleanse(&output);
    assert_null(memmem(output.bytes, output.capacity, "sesame", 6));
    assert_memory_equal(output.bytes + output.start, "\n", 1);
    output_release(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_commands),
        cmocka_unit_test(keeps_what_is_unsent_when_it_grows),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(forgets_what_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
