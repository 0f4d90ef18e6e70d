/* A span as the collector gets it, and what is left out of one that is too large. */
#include "ops/span.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define SPAN "b7ad6b7169203331"

static struct span make(const char *parent, enum span_kind kind)
{
    struct trace trace = {.id = ID, .span = SPAN, .sampled = true};
    struct span span;
    memcpy(trace.parent, parent, strlen(parent));
    span_init(&span, &trace, "GET /v2/{project_id}", kind, 1000);
    span.ended_us = 3500;
    return span;
}

static void assert_written(const struct span *span, int64_t offset_us, const char *expected)
{
    struct json_writer json;
    json_writer_init(&json);
    span_write(&json, span, offset_us);
    assert_string_equal(json.text, expected);
    json_writer_release(&json);
}

#define HEAD "{\"traceId\":\"" ID "\",\"spanId\":\"" SPAN "\","
#define WITH_PARENT "\"parentSpanId\":\"" PARENT "\","
#define NAME "\"name\":\"GET /v2/{project_id}\","

static void test_written(void **state)
{
    (void)state;
    struct span span = make(PARENT, SPAN_SERVER);
    span_add_constant(&span, "http.request.method", "GET");
    span_add_text(&span, "quoted", "a \"b\"\n\xc3\xa4");
    span_add_number(&span, "http.response.status_code", 200);
    span_add_number(&span, "most", INT64_MAX);
    assert_written(&span, 1700000000000000,
                   HEAD WITH_PARENT
                   "\"flags\":769," NAME "\"kind\":2,"
                   "\"startTimeUnixNano\":\"1700000000001000000\","
                   "\"endTimeUnixNano\":\"1700000000003500000\",\"attributes\":["
                   "{\"key\":\"http.request.method\",\"value\":{\"stringValue\":\"GET\"}},"
                   "{\"key\":\"quoted\",\"value\":{\"stringValue\":\"a \\\"b\\\"\\n\xc3\xa4\"}},"
                   "{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"200\"}},"
                   "{\"key\":\"most\",\"value\":{\"intValue\":\"9223372036854775807\"}}]}");
}

/* What is of the same process is not remote, and what has no parent is not either. */
static void test_parents(void **state)
{
    (void)state;
    static const struct {
        const char *parent;
        enum span_kind kind;
        int flags;
    } cases[] = {
        {"", SPAN_SERVER, 257},       {PARENT, SPAN_SERVER, 769}, {"", SPAN_CONSUMER, 257},
        {PARENT, SPAN_CONSUMER, 769}, {PARENT, SPAN_CLIENT, 257}, {PARENT, SPAN_INTERNAL, 257},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct span span = make(cases[i].parent, cases[i].kind);
        char expected[512];
        snprintf(expected, sizeof(expected),
                 HEAD "%s\"flags\":%d," NAME "\"kind\":%d,\"startTimeUnixNano\":\"1000000\","
                      "\"endTimeUnixNano\":\"3500000\",\"attributes\":[]}",
                 cases[i].parent[0] ? WITH_PARENT : "", cases[i].flags, (int)cases[i].kind);
        assert_written(&span, 0, expected);
    }
}

static void test_failed(void **state)
{
    (void)state;
    struct span span = make("", SPAN_INTERNAL);
    span_fail(&span, "UNAVAILABLE");
    assert_written(&span, 0,
                   HEAD "\"flags\":257," NAME "\"kind\":1,\"startTimeUnixNano\":\"1000000\","
                        "\"endTimeUnixNano\":\"3500000\",\"attributes\":[{\"key\":\"error.type\","
                        "\"value\":{\"stringValue\":\"UNAVAILABLE\"}}],\"status\":{\"code\":2}}");
}

static void test_child(void **state)
{
    (void)state;
    struct span span = make(PARENT, SPAN_SERVER), child;
    span_init_child(&child, &span.trace, "x", SPAN_CLIENT, 1);
    assert_string_equal(child.trace.id, ID);
    assert_string_equal(child.trace.parent, SPAN);
    assert_string_not_equal(child.trace.span, SPAN);
    assert_string_equal(span.trace.span, SPAN);
}

static void assert_value(const struct span *span, int index, const char *expected, size_t length)
{
    const struct span_attribute *attribute = &span->attributes[index];
    assert_int_equal(attribute->text_length, length);
    assert_memory_equal(span->text + attribute->text_at, expected, length);
}

/* Between two characters. */
static void test_long_values(void **state)
{
    (void)state;
    char value[SPAN_VALUE_MAX + 3];
    struct span span = make("", SPAN_CLIENT);
    memset(value, 'a', sizeof(value));
    value[SPAN_VALUE_MAX] = '\0';
    span_add_text(&span, "fits", value);
    assert_value(&span, 0, value, SPAN_VALUE_MAX);
    value[SPAN_VALUE_MAX] = 'b';
    value[SPAN_VALUE_MAX + 1] = '\0';
    span_add_text(&span, "one more", value);
    assert_value(&span, 1, value, SPAN_VALUE_MAX);
    memcpy(value + SPAN_VALUE_MAX - 2, "\xe2\x82\xac", 4);
    span_add_text(&span, "a character in two", value);
    assert_value(&span, 2, value, SPAN_VALUE_MAX - 2);
    span_add_text(&span, "nothing", "");
    span_add_constant(&span, "nothing", "");
    assert_int_equal(span.attribute_count, 3);
    assert_int_equal(span.left_out_count, 0);
    _Static_assert(SPAN_TEXT_MAX == 3 * SPAN_VALUE_MAX, "two bytes are left");
    span_add_text(&span, "two fit", "ab");
    span_add_text(&span, "no room", "c");
    assert_value(&span, 3, "ab", 2);
    assert_int_equal(span.left_out_count, 1);
}

static void test_many(void **state)
{
    (void)state;
    struct span span = make("", SPAN_CLIENT);
    struct json_writer json;
    for (int i = 0; i < SPAN_ATTRIBUTES_MAX + 2; i++)
        span_add_number(&span, "n", i);
    assert_int_equal(span.attribute_count, SPAN_ATTRIBUTES_MAX);
    json_writer_init(&json);
    span_write(&json, &span, 0);
    assert_non_null(strstr(json.text, "],\"droppedAttributesCount\":2}"));
    json_writer_release(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),     cmocka_unit_test(test_parents),
        cmocka_unit_test(test_failed),      cmocka_unit_test(test_child),
        cmocka_unit_test(test_long_values), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
