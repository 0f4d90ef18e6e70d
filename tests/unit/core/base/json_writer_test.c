/* The writer: commas, escapes, and valid JSON whatever bytes come in. */
#include "base/json_writer.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "unit.h"

static void assert_written(struct json_writer *writer, const char *expected)
{
    assert_string_equal(writer->text, expected);
    assert_int_equal(writer->length, strlen(expected));
    json_writer_release(writer);
}

static void test_shape(void **state)
{
    (void)state;
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    json_writer_member_text(&writer, "text", "a");
    json_writer_member_number(&writer, "least", INT64_MIN);
    json_writer_member_number(&writer, "most", INT64_MAX);
    json_writer_member_boolean(&writer, "yes", true);
    json_writer_member_boolean(&writer, "no", false);
    json_writer_name(&writer, "empty");
    json_writer_begin_array(&writer);
    json_writer_end_array(&writer);
    json_writer_name(&writer, "list");
    json_writer_begin_array(&writer);
    json_writer_number(&writer, 1);
    json_writer_begin_object(&writer);
    json_writer_end_object(&writer);
    json_writer_begin_object(&writer);
    json_writer_member_number(&writer, "n", 0);
    json_writer_end_object(&writer);
    json_writer_value(&writer, "[2,3]", 5);
    json_writer_end_array(&writer);
    json_writer_name(&writer, "last");
    json_writer_text(&writer, "z", 1);
    json_writer_end_object(&writer);
    assert_written(&writer, "{\"text\":\"a\",\"least\":-9223372036854775808,"
                            "\"most\":9223372036854775807,\"yes\":true,\"no\":false,\"empty\":[],"
                            "\"list\":[1,{},{\"n\":0},[2,3]],\"last\":\"z\"}");
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *json;
    } cases[] = {
        {"", 0, "\"\""},
        {"plain", 5, "\"plain\""},
        {"\"\\/", 3, "\"\\\"\\\\/\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
        {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 11, "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\""},
        {"a\xff\xc3", 3, "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xc3\xbc", 1, "\"\xef\xbf\xbd\""},
        {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_writer writer;
        json_writer_init(&writer);
        json_writer_text(&writer, cases[i].text, cases[i].length);
        assert_written(&writer, cases[i].json);
    }
}

static void test_every_pair_of_bytes_is_valid_json(void **state)
{
    (void)state;
    for (int pair = 0; pair < 0x10000; pair++) {
        const char bytes[2] = {(char)(pair >> 8), (char)pair};
        struct json_writer writer;
        json_writer_init(&writer);
        json_writer_text(&writer, bytes, sizeof(bytes));
        json_error_t problem;
        json_t *value =
            json_loadb(writer.text, writer.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
        assert_true(json_is_string(value));
        json_decref(value);
        json_writer_release(&writer);
    }
}

static void test_growth_and_take(void **state)
{
    (void)state;
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_array(&writer);
    for (int i = 0; i < 10000; i++)
        json_writer_number(&writer, i);
    json_writer_end_array(&writer);
    size_t length;
    char *text = json_writer_take(&writer, &length);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(text, "[0,1,2,", 7);
    assert_string_equal(text + length - 11, ",9998,9999]");
    free(text);
    assert_int_equal(writer.length, 0);
    json_writer_begin_array(&writer);
    json_writer_end_array(&writer);
    assert_written(&writer, "[]");
}

/* No more than about that is held, and the text is none. */
static void test_overlong(void **state)
{
    enum { MOST = 1000 };
    static const size_t lengths[] = {MOST - 2, MOST - 1, 64 * MOST};
    static char long_text[64 * MOST];
    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct json_writer writer;
        json_writer_init(&writer);
        writer.most = MOST;
        json_writer_text(&writer, long_text, lengths[i]);
        assert_int_equal(writer.is_overlong, i > 0);
        assert_true(writer.is_overlong || writer.length == MOST);
        json_writer_release(&writer);
    }
    struct json_writer writer;
    json_writer_init(&writer);
    writer.most = MOST;
    for (int i = 0; i < 64 * MOST; i++)
        json_writer_number(&writer, i);
    assert_true(writer.is_overlong);
    assert_true(writer.capacity <= 2 * MOST + 1);
    json_writer_release(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_every_pair_of_bytes_is_valid_json),
        cmocka_unit_test(test_growth_and_take),
        cmocka_unit_test(test_overlong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
