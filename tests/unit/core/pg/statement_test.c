/* Parameters: in order, as text, and bounded. */
#include "pg/statement.h"

#include <string.h>

#include "unit.h"

static void test_values(void **state)
{
    (void)state;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    static const char reference[] = "reference";
    pg_parameters_add_reference(&parameters, reference);
    pg_parameters_add_reference(&parameters, NULL);
    pg_parameters_add_integer(&parameters, INT64_MIN);
    pg_parameters_add_integer(&parameters, INT64_MAX);
    pg_parameters_add_boolean(&parameters, 1);
    pg_parameters_add_boolean(&parameters, 0);
    pg_parameters_add_text(&parameters, (struct text){"abcdef", 3});
    pg_parameters_add_text(&parameters, TEXT(""));
    pg_parameters_add_bytes(&parameters, (const unsigned char *)"\x00\xff", 2);
    pg_parameters_add_bytes(&parameters, (const unsigned char *)"", 0);
    pg_parameters_add_bytes(&parameters, NULL, 0);
    assert_int_equal(parameters.count, 11);
    assert_ptr_equal(parameters.values[0], reference);
    assert_null(parameters.values[1]);
    static const char *const expected[] = {
        "-9223372036854775808", "9223372036854775807", "t", "f", "abc", "", "\\x00ff", "\\x"};
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        assert_string_equal(parameters.values[2 + i], expected[i]);
    assert_null(parameters.values[10]);
    pg_parameters_init(&parameters);
    assert_int_equal(parameters.count, 0);
}

static void test_storage_holds_what_the_header_says(void **state)
{
    (void)state;
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    static char text[PG_PARAMETER_STORAGE - 1];
    memset(text, 'x', sizeof(text));
    pg_parameters_add_text(&parameters, (struct text){text, sizeof(text)});
    assert_int_equal(strlen(parameters.values[0]), sizeof(text));
    pg_parameters_init(&parameters);
    for (int i = 0; i < PG_PARAMETERS_MAX; i++)
        pg_parameters_add_integer(&parameters, i);
    for (int i = 0; i < PG_PARAMETERS_MAX; i++) {
        int64_t number;
        assert_int_equal(text_parse_integer(text_of(parameters.values[i]), &number), 0);
        assert_int_equal(number, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_storage_holds_what_the_header_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
