/* Names out of taken-apart documents, and the fields of tables that they become. */
#include "result_name.h"

#include <string.h>

#include "base/csv.h"
#include "unit.h"

#define MARK "\xef\xbf\xbf"
#define T(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static void turns_back_what_stands_for_something_else(void **state)
{
    static const struct {
        struct text stored;
        const char *json;
    } cases[] = {
        {T(""), "\"\""},
        {T("user:1"), "\"user:1\""},
        {T(MARK "0"), "\"\\u0000\""},
        {T("a" MARK "0" MARK "0b"), "\"a\\u0000\\u0000b\""},
        {T(MARK "1"), "\"" MARK "\""},
        {T(MARK "10"), "\"" MARK "0\""},
        {T(MARK "1" MARK "0"), "\"" MARK "\\u0000\""},
        {T("\\" MARK "0"), "\"\\\\\\u0000\""},
        {T("<b>\"\n"), "\"<b>\\\"\\n\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_writer body;
        json_writer_init(&body);
        result_name_write_json(&body, cases[i].stored);
        assert_string_equal(body.text, cases[i].json);
        json_writer_release(&body);
    }
}

static void guards_what_a_spreadsheet_takes_for_a_formula(void **state)
{
    static const struct {
        struct text text;
        const char *field;
    } cases[] = {
        {T(""), "\"\""},           {T("=1"), "\"'=1\""},      {T("+1"), "\"'+1\""},
        {T("-1"), "\"'-1\""},      {T("@a"), "\"'@a\""},      {T("\ta"), "\"'\ta\""},
        {T("\ra"), "\"'\ra\""},    {T("'=1"), "\"'=1\""},     {T("a=1"), "\"a=1\""},
        {T("\"=1"), "\"\"\"=1\""}, {T("a\"b"), "\"a\"\"b\""}, {T(MARK "1"), "\"" MARK "\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_writer body;
        json_writer_init(&body);
        result_name_write_csv(&body, cases[i].text);
        assert_string_equal(body.text, cases[i].field);
        json_writer_release(&body);
    }
}

static void keeps_a_nul_in_a_field(void **state)
{
    struct json_writer body;
    (void)state;
    json_writer_init(&body);
    result_name_write_csv(&body, TEXT("a" MARK "0b"));
    csv_write_end(&body, false);
    csv_write_quoted(&body, TEXT("=1"));
    csv_write_end(&body, true);
    static const char wanted[] = "\"a\0b\",\"=1\"\r\n";
    assert_int_equal(body.length, sizeof(wanted) - 1);
    assert_memory_equal(body.text, wanted, sizeof(wanted));
    json_writer_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_back_what_stands_for_something_else),
        cmocka_unit_test(guards_what_a_spreadsheet_takes_for_a_formula),
        cmocka_unit_test(keeps_a_nul_in_a_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
