/* What tenants may ask of an analysis: defaults, borders, and all that is refused by its name. */
#include "model/analysis_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "unit.h"

static int read(const char *text, struct scan_analysis_options *options, struct error *err)
{
    json_t *object = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(object);
    analysis_options_init(options);
    int status = analysis_options_read(object, options, err);
    json_decref(object);
    return status;
}

static void writes_what_it_reads(void **state)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"{}",
         "{\"measures\":[\"memory\",\"ttl\"],\"separators\":\":\",\"prefix_depth\":8,\"top\":100}"},
        {"{\"measures\":[]}",
         "{\"measures\":[],\"separators\":\":\",\"prefix_depth\":8,\"top\":100}"},
        {"{\"top\":10000,\"prefix_depth\":16,\"separators\":\":/.|_-#~\","
         "\"measures\":[\"usage\",\"memory\",\"encoding\",\"ttl\"]}",
         "{\"measures\":[\"memory\",\"ttl\",\"encoding\",\"usage\"],\"separators\":\":/.|_-#~\","
         "\"prefix_depth\":16,\"top\":10000}"},
        {"{\"top\":1,\"prefix_depth\":1,\"separators\":\"\\\"\\\\\"}",
         "{\"measures\":[\"memory\",\"ttl\"],\"separators\":\"\\\"\\\\\",\"prefix_depth\":1,"
         "\"top\":1}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scan_analysis_options options;
        struct error err = {0};
        struct json_writer json;
        assert_int_equal(read(cases[i].text, &options, &err), 0);
        json_writer_init(&json);
        json_writer_begin_object(&json);
        analysis_options_write(&json, &options);
        json_writer_end_object(&json);
        assert_string_equal(json.text, cases[i].written);
        json_writer_release(&json);
    }
    struct scan_analysis_options options;
    struct error err = {0};
    analysis_options_init(&options);
    assert_int_equal(analysis_options_read(NULL, &options, &err), 0);
}

static void refuses_by_name(void **state)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"[]", "options"},
        {"null", "options"},
        {"{\"deep\":1}", "options"},
        {"{\"measures\":null}", "measures"},
        {"{\"measures\":\"ttl\"}", "measures"},
        {"{\"measures\":[\"ttl\",\"ttl\"]}", "measures"},
        {"{\"measures\":[\"TTL\"]}", "measures"},
        {"{\"measures\":[1]}", "measures"},
        {"{\"separators\":\"\"}", "separators"},
        {"{\"separators\":\"::\"}", "separators"},
        {"{\"separators\":\"a\"}", "separators"},
        {"{\"separators\":\" \"}", "separators"},
        {"{\"separators\":\"\\u0000\"}", "separators"},
        {"{\"separators\":\"\\u00b7\"}", "separators"},
        {"{\"separators\":\"!#$%&'()*\"}", "separators"},
        {"{\"separators\":7}", "separators"},
        {"{\"prefix_depth\":0}", "prefix_depth"},
        {"{\"prefix_depth\":17}", "prefix_depth"},
        {"{\"prefix_depth\":2.0}", "prefix_depth"},
        {"{\"top\":0}", "top"},
        {"{\"top\":10001}", "top"},
        {"{\"top\":\"5\"}", "top"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scan_analysis_options options;
        struct error err = {0};
        assert_int_equal(read(cases[i].text, &options, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.public_argument, cases[i].name);
    }
}

static void parses_a_command_line(void **state)
{
    (void)state;
    unsigned measures = 0;
    char separators[ANALYSIS_SEPARATORS_MAX + 1];
    assert_int_equal(analysis_measures_parse("usage,ttl", &measures), 0);
    assert_int_equal(measures, ANALYSIS_BIT(ANALYSIS_USAGE) | ANALYSIS_BIT(ANALYSIS_TTL));
    assert_int_equal(analysis_measures_parse("", &measures), 0);
    assert_int_equal(measures, 0);
    static const char *const wrong[] = {",",       "ttl,", ",ttl", "ttl,,usage",
                                        "ttl,ttl", "ttls", " ttl"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(analysis_measures_parse(wrong[i], &measures), -1);
    assert_int_equal(analysis_separators_parse(":/", 2, separators), 0);
    assert_string_equal(separators, ":/");
    assert_int_equal(analysis_separators_parse(": ", 2, separators), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(parses_a_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
