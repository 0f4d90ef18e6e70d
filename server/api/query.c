/* Query parameters, decoded once and strictly. */
#include "api/query.h"

#include <string.h>

static int refuse(struct error *err)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "query");
}

static int decode(struct text text, struct api_query *query, size_t *used, struct text *ret_text,
                  struct error *err)
{
    char *place = query->storage + *used;
    if (sizeof(query->storage) - *used <= text.length)
        return refuse(err);
    ptrdiff_t length = text_percent_decode(text, place);
    if (length < 0 || !text_is_utf8(place, (size_t)length) || memchr(place, '\0', (size_t)length))
        return refuse(err);
    place[length] = '\0';
    *ret_text = (struct text){place, (size_t)length};
    *used += (size_t)length + 1;
    return 0;
}

static int add_parameter(struct text part, struct api_query *query, size_t *used, struct error *err)
{
    if (query->count == API_QUERY_MAX)
        return refuse(err);
    const char *equals = memchr(part.bytes, '=', part.length);
    size_t name_length = equals ? (size_t)(equals - part.bytes) : part.length;
    struct text name, value;
    struct text raw_value = {equals ? equals + 1 : "", equals ? part.length - name_length - 1 : 0};
    if (decode((struct text){part.bytes, name_length}, query, used, &name, err) < 0 ||
        decode(raw_value, query, used, &value, err) < 0)
        return -1;
    if (api_query_find(query, name.bytes).bytes)
        return name.length == 0
                   ? refuse(err)
                   : error_set_public(err, ERROR_INVALID_PARAMETER, "%.64s", name.bytes);
    query->parameters[query->count].name = name;
    query->parameters[query->count].value = value;
    query->count++;
    return 0;
}

int api_query_parse(struct text text, struct api_query *ret_query, struct error *err)
{
    size_t used = 0;
    ret_query->count = 0;
    while (text.length > 0) {
        const char *end = memchr(text.bytes, '&', text.length);
        size_t length = end ? (size_t)(end - text.bytes) : text.length;
        if (length > 0 &&
            add_parameter((struct text){text.bytes, length}, ret_query, &used, err) < 0)
            return -1;
        size_t step = end ? length + 1 : length;
        text = (struct text){text.bytes + step, text.length - step};
    }
    return 0;
}

struct text api_query_find(const struct api_query *query, const char *name)
{
    for (int i = 0; i < query->count; i++) {
        if (text_equals(query->parameters[i].name, text_of(name)))
            return query->parameters[i].value;
    }
    return (struct text){0};
}

int api_query_integer(const struct api_query *query, const char *name, int64_t least, int64_t most,
                      int64_t fallback, int64_t *ret_value, struct error *err)
{
    struct text value = api_query_find(query, name);
    if (!value.bytes) {
        *ret_value = fallback;
        return 0;
    }
    if (text_parse_integer(value, ret_value) < 0 || *ret_value < least || *ret_value > most)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
    return 0;
}
