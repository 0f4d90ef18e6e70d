/* Values that are passed over by what they say of themselves: modules', and arrays of Redis 8.8. */
#include "module.h"

#include "value.h"

/* What follows, until the mark of the end (rdb.h, RDB_MODULE_OPCODE_*). */
enum { MARK_END, MARK_SIGNED, MARK_UNSIGNED, MARK_FLOAT, MARK_DOUBLE, MARK_STRING };

/* 1: the end. */
static int skip_one(struct input *input)
{
    uint64_t mark = 0;
    if (length_read(input, &mark) < 0)
        return -1;
    switch (mark) {
    case MARK_END:
        return 1;
    case MARK_SIGNED:
    case MARK_UNSIGNED:
        return lengths_pass(input, 1);
    case MARK_FLOAT:
        return input_skip(input, 4);
    case MARK_DOUBLE:
        return input_skip(input, 8);
    case MARK_STRING:
        return strings_pass(input, 1);
    default:
        return input_fail(input, "a module's value has a part of the unknown form %llu",
                          (unsigned long long)mark);
    }
}

int module_skip(struct input *input)
{
    int status = 0;
    while (status == 0)
        status = skip_one(input);
    return status < 0 ? -1 : 0;
}

/* Nine letters of 6 bits from the highest on; the lowest 10 bits are the version of its format. */
static void name_module(uint64_t id, char ret_name[MODULE_NAME_LENGTH + 1])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < MODULE_NAME_LENGTH; i++)
        ret_name[i] = letters[id >> (58 - 6 * i) & 63];
    ret_name[MODULE_NAME_LENGTH] = '\0';
}

int module_read(struct value *value)
{
    uint64_t id = 0;
    value->is_sized = false;
    if (length_read(value->input, &id) < 0)
        return -1;
    name_module(id, value->module_name);
    return module_skip(value->input);
}

enum { ARRAY_STRING, ARRAY_INTEGER, ARRAY_DOUBLE, ARRAY_SHORT_STRING };

static int pass_array_element(struct input *input)
{
    uint64_t form = 0;
    if (lengths_pass(input, 1) < 0 || length_read(input, &form) < 0)
        return -1;
    switch (form) {
    case ARRAY_STRING:
    case ARRAY_SHORT_STRING:
        return strings_pass(input, 1);
    case ARRAY_INTEGER:
    case ARRAY_DOUBLE:
        return input_skip(input, 8);
    default:
        return input_fail(input, "an array's element of the unknown form %llu",
                          (unsigned long long)form);
    }
}

/* The count, whether there is a place to insert at, that place, then places and what is there. */
int array_read(struct value *value)
{
    uint64_t has_place = 0;
    memcpy(value->module_name, "array", sizeof("array"));
    if (length_read(value->input, &value->size) < 0 || length_read(value->input, &has_place) < 0)
        return -1;
    if (has_place > 1)
        return input_fail(value->input, "an array that does not say whether it has a place");
    if (has_place && lengths_pass(value->input, 1) < 0)
        return -1;
    for (uint64_t i = 0; i < value->size; i++) {
        if (pass_array_element(value->input) < 0)
            return -1;
    }
    return 0;
}
