/* JSON from outside: what is refused, and that a getter names the member that is wrong. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "unit.h"

static enum error_code parse(struct text body)
{
    struct error err = {0};
    SCOPED(json_cleanup) json_t *object = NULL;
    int status = json_body_parse(body, &object, &err);
    assert_int_equal(status, err.code == ERROR_NONE ? 0 : -1);
    assert_true((object != NULL) == (status == 0));
    return err.code;
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        struct text body;
        enum error_code code;
    } cases[] = {
        {{"", 0}, ERROR_EMPTY_BODY},
        {{"{}", 2}, ERROR_NONE},
        {{" {} \r\n", 6}, ERROR_NONE},
        {{"{\"a\":[1,{\"b\":null}]}", 20}, ERROR_NONE},
        {{"{\"a\":\"[[[[[\\\"{{{\"}", 18}, ERROR_NONE},
        {{" ", 1}, ERROR_BODY_NOT_JSON},
        {{"[]", 2}, ERROR_BODY_NOT_JSON},
        {{"1", 1}, ERROR_BODY_NOT_JSON},
        {{"null", 4}, ERROR_BODY_NOT_JSON},
        {{"{", 1}, ERROR_BODY_NOT_JSON},
        {{"{}}", 3}, ERROR_BODY_NOT_JSON},
        {{"{} {}", 5}, ERROR_BODY_NOT_JSON},
        {{"{'a':1}", 7}, ERROR_BODY_NOT_JSON},
        {{"{\"a\":1,}", 8}, ERROR_BODY_NOT_JSON},
        {{"{\"a\":1,\"a\":1}", 13}, ERROR_BODY_NOT_JSON},
        {{"{\"a\":\"\xff\"}", 9}, ERROR_BODY_NOT_JSON},
        {{"{\"a\":\"\\u0000\"}", 14}, ERROR_BODY_NOT_JSON},
        {{"{\"a\":1e999}", 11}, ERROR_BODY_NOT_JSON},
        {{"{\"a\":99999999999999999999}", 26}, ERROR_BODY_NOT_JSON},
        {{"{\"a\":NaN}", 9}, ERROR_BODY_NOT_JSON},
        {{"{}\0", 3}, ERROR_BODY_NOT_JSON},
        {{"\xef\xbb\xbf{}", 5}, ERROR_BODY_NOT_JSON},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(parse(cases[i].body), cases[i].code);
}

static enum error_code parse_nested(int depth)
{
    char body[16 * JSON_DEPTH_MAX] = "{\"a\":";
    size_t length = strlen(body);
    memset(body + length, '[', (size_t)depth - 1);
    length += (size_t)depth - 1;
    memset(body + length, ']', (size_t)depth - 1);
    length += (size_t)depth - 1;
    body[length++] = '}';
    return parse((struct text){body, length});
}

static void test_depth(void **state)
{
    (void)state;
    assert_int_equal(parse_nested(JSON_DEPTH_MAX), ERROR_NONE);
    assert_int_equal(parse_nested(JSON_DEPTH_MAX + 1), ERROR_BODY_NOT_JSON);
    size_t length = 512 * 1024;
    char *body = malloc(length);
    assert_non_null(body);
    memset(body, '[', length);
    assert_int_equal(parse((struct text){body, length}), ERROR_BODY_NOT_JSON);
    free(body);
}

static void test_getters(void **state)
{
    (void)state;
    struct error err = {0};
    SCOPED(json_cleanup) json_t *object = NULL;
    struct text body = TEXT("{\"yes\":true,\"no\":false,\"five\":5,\"half\":0.5,\"text\":\"abc\","
                            "\"list\":[1],\"null\":null}");
    assert_int_equal(json_body_parse(body, &object, &err), 0);

    bool boolean = false;
    int64_t integer = 0;
    struct text text;
    json_t *array = NULL;
    assert_int_equal(json_get_boolean(object, "yes", &boolean, &err), 0);
    assert_true(boolean);
    assert_int_equal(json_get_boolean(object, "no", &boolean, &err), 0);
    assert_false(boolean);
    assert_int_equal(json_get_integer(object, "five", 5, 5, &integer, &err), 0);
    assert_int_equal(integer, 5);
    assert_int_equal(json_get_text(object, "text", 3, &text, &err), 0);
    assert_true(text_equals(text, TEXT("abc")));
    assert_int_equal(json_get_array(object, "list", &array, &err), 0);
    assert_int_equal(json_array_size(array), 1);
    assert_int_equal(err.code, ERROR_NONE);
}

static void test_getters_name_the_member(void **state)
{
    (void)state;
    struct error err = {0};
    SCOPED(json_cleanup) json_t *object = NULL;
    struct text body =
        TEXT("{\"yes\":true,\"five\":5,\"half\":0.5,\"text\":\"abc\",\"null\":null}");
    assert_int_equal(json_body_parse(body, &object, &err), 0);
    bool boolean;
    int64_t integer;
    struct text text;
    json_t *array;
    static const char *const names[] = {"yes", "five", "half", "text", "null", "missing"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *name = names[i];
        int results[] = {
            (error_clear(&err), json_get_boolean(object, name, &boolean, &err)),
            (error_clear(&err), json_get_integer(object, name, 0, 4, &integer, &err)),
            (error_clear(&err), json_get_text(object, name, 2, &text, &err)),
            (error_clear(&err), json_get_array(object, name, &array, &err)),
        };
        assert_int_equal(results[0], strcmp(name, "yes") == 0 ? 0 : -1);
        assert_int_equal(results[1], -1);
        assert_int_equal(results[2], -1);
        assert_int_equal(results[3], -1);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.public_argument, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_getters),
        cmocka_unit_test(test_getters_name_the_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
