/* JSON from outside, by jansson, with our limits and our errors. */
#include "base/json.h"

#include "base/secret.h"

static bool depth_exceeds(struct text body, int most)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < body.length; i++) {
        char c = body.bytes[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > most)
                return true;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return false;
}

int json_body_parse(struct text body, json_t **ret_object, struct error *err)
{
    if (body.length == 0)
        return error_set(err, ERROR_EMPTY_BODY, "no body");
    if (depth_exceeds(body, JSON_DEPTH_MAX))
        return error_set(err, ERROR_BODY_NOT_JSON, "body nested deeper than %d", JSON_DEPTH_MAX);
    /* Its text quotes the body, which may hold a password: where and what is all that is told. */
    json_error_t problem;
    json_t *root = json_loadb(body.bytes, body.length, JSON_REJECT_DUPLICATES, &problem);
    if (!root) {
        error_set(err, ERROR_BODY_NOT_JSON, "body at %d: error %d of jansson's", problem.position,
                  (int)json_error_code(&problem));
        secret_cleanse(&problem, sizeof(problem));
        return -1;
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return error_set(err, ERROR_BODY_NOT_JSON, "body is not an object");
    }
    *ret_object = root;
    return 0;
}

static int invalid(const char *name, struct error *err)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
}

int json_get_boolean(const json_t *object, const char *name, bool *ret_value, struct error *err)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_boolean(member))
        return invalid(name, err);
    *ret_value = json_is_true(member);
    return 0;
}

int json_get_integer(const json_t *object, const char *name, int64_t least, int64_t most,
                     int64_t *ret_value, struct error *err)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_integer(member) || json_integer_value(member) < least ||
        json_integer_value(member) > most)
        return invalid(name, err);
    *ret_value = json_integer_value(member);
    return 0;
}

int json_get_text(const json_t *object, const char *name, size_t longest, struct text *ret_value,
                  struct error *err)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_string(member) || json_string_length(member) > longest)
        return invalid(name, err);
    *ret_value = (struct text){json_string_value(member), json_string_length(member)};
    return 0;
}

int json_get_array(const json_t *object, const char *name, json_t **ret_value, struct error *err)
{
    json_t *member = json_object_get(object, name);
    if (!json_is_array(member))
        return invalid(name, err);
    *ret_value = member;
    return 0;
}
