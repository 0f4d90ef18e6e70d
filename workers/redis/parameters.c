/* CONFIG GET takes patterns and may answer with more than was asked: passwords among it are never
 * copied. */
#include "redis/parameters.h"

#include <stdlib.h>

#include "redis/abilities.h"

void redis_parameters_release(struct redis_parameters *parameters)
{
    for (int i = 0; i < REDIS_PARAMETERS_MAX; i++)
        free(parameters->values[i]);
    *parameters = (struct redis_parameters){0};
}

static bool is_printable(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < ' ' || text.bytes[i] > '~')
            return false;
    }
    return true;
}

static void add(struct redis_parameters *parameters, struct text name, struct text value,
                const char *const *names, int name_count)
{
    for (int i = 0; i < name_count; i++) {
        if (parameters->values[i] || !text_equals(name, text_of(names[i])))
            continue;
        parameters->values[i] = text_copy(value.bytes, value.length);
        parameters->count++;
    }
}

void redis_parameters_add(struct redis_parameters *parameters, const struct redis_reply *reply,
                          const char *const *names, int name_count)
{
    if (reply->kind != REDIS_ARRAY)
        return;
    for (size_t i = 0; i + 1 < reply->count; i += 2) {
        const struct redis_reply *name = &reply->elements[i], *value = name + 1;
        if (name->kind == REDIS_STRING && value->kind == REDIS_STRING &&
            value->text.length <= REDIS_PARAMETER_BYTES_MAX && is_printable(value->text))
            add(parameters, name->text, value->text, names, name_count);
    }
}

int redis_parameters_ask(struct redis_connection *connection, const struct redis_probe *server,
                         const char *const *names, int name_count,
                         struct redis_parameters *ret_parameters, struct error *err)
{
    struct text words[2 + REDIS_PARAMETERS_MAX] = {TEXT("CONFIG"), TEXT("GET")};
    const struct redis_reply *reply;
    int step = redis_probe_has(server, REDIS_HAS_CONFIG_GET_MANY) ? name_count : 1;
    *ret_parameters = (struct redis_parameters){0};
    if (name_count < 1 || name_count > REDIS_PARAMETERS_MAX)
        abort();
    for (int i = 0; i < name_count; i += step) {
        for (int j = 0; j < step; j++)
            words[2 + j] = text_of(names[i + j]);
        if (redis_connection_append(connection, words, 2 + step, err) < 0)
            return -1;
    }
    for (int i = 0; i < name_count; i += step) {
        if (redis_connection_next(connection, &reply, err) < 0)
            return -1;
        redis_parameters_add(ret_parameters, reply, names, name_count);
    }
    return 0;
}
