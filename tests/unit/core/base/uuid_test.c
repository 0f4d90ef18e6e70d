/* Identifiers: one canonical form in, one out. */
#include "base/uuid.h"

#include <string.h>

#include "unit.h"

#define CANONICAL "a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71"
#define HEX "a4d31cb63d724fdc8ec96e3a41e47f71"

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int dashed, any;
    } cases[] = {
        {CANONICAL, 0, 0},
        {"A4D31CB6-3D72-4FDC-8EC9-6E3A41E47F71", 0, 0},
        {HEX, -1, 0},
        {"A4D31CB63D724FDC8EC96E3A41E47F71", -1, 0},
        {"", -1, -1},
        {"a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f7", -1, -1},
        {"a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f711", -1, -1},
        {"a4d31cb63-d72-4fdc-8ec9-6e3a41e47f71", -1, -1},
        {"a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f7g", -1, -1},
        {"a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f7 ", -1, -1},
        {"a4d31cb6_3d72_4fdc_8ec9_6e3a41e47f71", -1, -1},
        {"------------------------------------", -1, -1},
        {"{4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71}", -1, -1},
        {"g4d31cb63d724fdc8ec96e3a41e47f71", -1, -1},
        {"a4d31cb6-3d724fdc8ec96e3a41e47f7", -1, -1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct uuid uuid;
        assert_int_equal(uuid_parse(text_of(cases[i].text), &uuid), cases[i].dashed);
        if (cases[i].dashed == 0)
            assert_string_equal(uuid.text, CANONICAL);
        assert_int_equal(uuid_parse_any(text_of(cases[i].text), &uuid), cases[i].any);
        if (cases[i].any == 0)
            assert_string_equal(uuid.text, CANONICAL);
    }
}

static void test_format_hex(void **state)
{
    (void)state;
    struct uuid uuid;
    char digits[UUID_HEX_LENGTH + 1];
    assert_int_equal(uuid_parse(text_of(CANONICAL), &uuid), 0);
    uuid_format_hex(&uuid, digits);
    assert_string_equal(digits, HEX);
}

static void test_generate(void **state)
{
    (void)state;
    struct uuid a, b, again;
    uuid_generate(&a);
    uuid_generate(&b);
    assert_string_not_equal(a.text, b.text);
    assert_int_equal(strlen(a.text), UUID_TEXT_LENGTH);
    assert_int_equal(a.text[14], '4');
    assert_non_null(strchr("89ab", a.text[19]));
    assert_int_equal(uuid_parse(text_of(a.text), &again), 0);
    assert_string_equal(a.text, again.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_format_hex),
        cmocka_unit_test(test_generate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
