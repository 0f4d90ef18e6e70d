/* One check per value, the same for all who read them. */
#include "insight/saved_value.h"

#include <string.h>

#include "base/text.h"

static bool take_integer(const json_t *value, int64_t least, int64_t most, int64_t *ret_value)
{
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most)
        return false;
    *ret_value = json_integer_value(value);
    return true;
}

bool saved_integer(const json_t *object, const char *name, int64_t least, int64_t most,
                   int64_t *ret_value)
{
    return take_integer(json_object_get(object, name), least, most, ret_value);
}

bool saved_integer_at(const json_t *array, size_t place, int64_t least, int64_t most,
                      int64_t *ret_value)
{
    return take_integer(json_array_get(array, place), least, most, ret_value);
}

bool saved_text(const json_t *object, const char *name, size_t longest, char *ret_value)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_string(member) || json_string_length(member) > longest)
        return false;
    memcpy(ret_value, json_string_value(member), json_string_length(member) + 1);
    return true;
}

bool saved_bytes_at(const json_t *array, size_t place, size_t longest, char *ret_bytes,
                    size_t *ret_length)
{
    const json_t *digits = json_array_get(array, place);
    if (!json_is_string(digits) || json_string_length(digits) % 2 != 0 ||
        json_string_length(digits) / 2 > longest)
        return false;
    *ret_length = json_string_length(digits) / 2;
    return text_parse_hex(json_string_value(digits), (unsigned char *)ret_bytes, *ret_length) == 0;
}
