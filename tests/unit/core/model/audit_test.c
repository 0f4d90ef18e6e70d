/* Events of the audit log: what came from outside is made fit for a database and a log. */
#include "model/audit.h"

#include <jansson.h>
#include <string.h>

#include "unit.h"

static json_t *written(const struct audit_event *event)
{
    struct json_writer writer;
    json_writer_init(&writer);
    audit_event_write(&writer, event);
    json_t *object = json_loads(writer.text, JSON_REJECT_DUPLICATES, NULL);
    json_writer_release(&writer);
    assert_non_null(object);
    return object;
}

static struct audit_event make_event(struct text identity)
{
    struct audit_event event = {.at_ms = 1790000000123,
                                .project = "",
                                .identity = identity,
                                .source = "",
                                .action = "a",
                                .instance = "",
                                .subject = TEXT(""),
                                .status = 200,
                                .code = "",
                                .times = 1};
    uuid_generate(&event.request_id);
    return event;
}

static void test_members(void **state)
{
    (void)state;
    struct audit_event event = make_event(TEXT("KEY"));
    event.source = "::1";
    json_t *object = written(&event);
    assert_string_equal(json_string_value(json_object_get(object, "at")),
                        "2026-09-21T14:13:20.123Z");
    assert_string_equal(json_string_value(json_object_get(object, "identity")), "KEY");
    assert_string_equal(json_string_value(json_object_get(object, "decision")), "allowed");
    assert_string_equal(json_string_value(json_object_get(object, "source")), "::1");
    assert_true(json_is_false(json_object_get(object, "proved")));
    assert_null(json_object_get(object, "project_id"));
    assert_null(json_object_get(object, "code"));
    json_decref(object);
}

static void test_hostile_text(void **state)
{
    static const struct {
        struct text claimed;
        const char *shown;
    } cases[] = {
        {{"a\0b", 3}, "a?b"},          {{"\n\r\t\x7f", 4}, "????"}, {{"\xff\xc3", 2}, "??"},
        {{"\xc3\xa9", 2}, "\xc3\xa9"}, {{"\"}\\", 3}, "\"}\\"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct audit_event event = make_event(cases[i].claimed);
        json_t *object = written(&event);
        assert_string_equal(json_string_value(json_object_get(object, "identity")), cases[i].shown);
        json_decref(object);
    }
}

/* No longer than the schema takes, and never half a character. */
static void test_long_text(void **state)
{
    (void)state;
    char name[2 * AUDIT_IDENTITY_MAX + 1];
    for (size_t i = 0; i + 1 < sizeof(name); i += 2)
        memcpy(name + i, "\xc3\xa9", 2);
    for (size_t start = 0; start < 2; start++) {
        name[0] = start ? 'x' : '\xc3';
        struct audit_event event =
            make_event((struct text){name + start, sizeof(name) - 1 - start});
        json_t *object = written(&event);
        size_t length = json_string_length(json_object_get(object, "identity"));
        assert_in_range(length, AUDIT_IDENTITY_MAX - 1, AUDIT_IDENTITY_MAX);
        json_decref(object);
    }
}

static void test_decisions(void **state)
{
    static const struct {
        int status;
        const char *decision;
    } cases[] = {{200, "allowed"}, {204, "allowed"}, {400, "rejected"},
                 {401, "refused"}, {403, "refused"}, {404, "rejected"},
                 {429, "refused"}, {500, "failed"},  {503, "failed"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(audit_decision(cases[i].status), cases[i].decision);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_decisions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
