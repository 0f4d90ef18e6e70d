/* Bodies out of any bytes: within the limits, the getters take what they say and nothing else, and
 * what our writer writes is read back as it was. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "fuzz.h"

enum { LEAST = -100, MOST = 1000, LONGEST = 16 };

static void check_depth(const json_t *value, int depth)
{
    const char *name;
    json_t *member;
    size_t index;
    assert(depth <= JSON_DEPTH_MAX || (!json_is_object(value) && !json_is_array(value)));
    /* The macro casts const away, and changes nothing. */
    json_object_foreach((json_t *)(uintptr_t)value, name, member) check_depth(member, depth + 1);
    json_array_foreach(value, index, member) check_depth(member, depth + 1);
}

static void check_getters(const json_t *object, const char *name, const json_t *member)
{
    struct error err = {0};
    bool flag;
    int64_t number;
    struct text text;
    json_t *array;
    assert((json_get_boolean(object, name, &flag, &err) == 0) == json_is_boolean(member));
    if (json_get_integer(object, name, LEAST, MOST, &number, &err) == 0)
        assert(json_integer_value(member) == number && number >= LEAST && number <= MOST);
    if (json_get_text(object, name, LONGEST, &text, &err) == 0) {
        assert(text.length <= LONGEST && text_is_utf8(text.bytes, text.length));
        assert(text.bytes[text.length] == '\0' && strlen(text.bytes) == text.length);
    }
    assert((json_get_array(object, name, &array, &err) == 0) == json_is_array(member));
    assert(err.code == ERROR_NONE || err.code == ERROR_INVALID_PARAMETER);
}

/* Any bytes as a text; what was UTF-8 comes back as it was. */
static void check_writer(struct text input)
{
    struct json_writer writer;
    json_t *object;
    struct text text;
    struct error err = {0};
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    json_writer_name(&writer, "text");
    json_writer_text(&writer, input.bytes, input.length);
    json_writer_member_number(&writer, "number", (int64_t)input.length - 7);
    json_writer_end_object(&writer);
    if (input.length > 0 && memchr(input.bytes, '\0', input.length)) {
        /* A NUL is written, and taken from nobody. */
        assert(json_body_parse((struct text){writer.text, writer.length}, &object, &err) < 0);
    } else {
        assert(json_body_parse((struct text){writer.text, writer.length}, &object, &err) == 0);
        assert(json_get_text(object, "text", 3 * input.length, &text, &err) == 0);
        if (text_is_utf8(input.bytes, input.length))
            assert(text_equals(text, input));
        json_decref(object);
    }
    json_writer_release(&writer);
}

static void check_object(json_t *object)
{
    const char *name;
    json_t *member, *again;
    struct error err = {0};
    check_depth(object, 1);
    json_object_foreach(object, name, member) check_getters(object, name, member);
    check_getters(object, "no such member", NULL);
    char *text = json_dumps(object, JSON_COMPACT);
    assert(text && json_body_parse(text_of(text), &again, &err) == 0);
    assert(json_equal(object, again));
    json_decref(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct text input = {(const char *)bytes, length};
    struct error err = {0};
    json_t *object = NULL;
    if (json_body_parse(input, &object, &err) == 0)
        check_object(object);
    else
        assert(err.code == (length == 0 ? ERROR_EMPTY_BODY : ERROR_BODY_NOT_JSON));
    json_decref(object);
    check_writer(input);
    return 0;
}
