/* Values that are elements one by one, or nodes of packed ones. */
#include "packed.h"
#include "value.h"

enum { NODE_PLAIN = 1, NODE_PACKED = 2 };

static int begin(struct value *value)
{
    if (length_read(value->input, &value->size) < 0)
        return -1;
    value_begin(value, value->kind->form);
    return 0;
}

static int read_elements(struct value *value)
{
    bool is_integer = true; /* as all before */
    for (uint64_t i = 0; i < value->size; i++) {
        struct string string;
        int64_t integer = 0;
        int status = string_begin(value->input, &string);
        if (status == 0)
            status = is_integer ? value_pass_text(value, &string, &is_integer, &integer)
                                : string_skip(value->input, &string);
        if (status < 0)
            return -1;
        footprint_element(&value->footprint, string.length, is_integer);
    }
    return 0;
}

/* Linked lists went with 3.2. */
int list_read(struct value *value)
{
    value->encoding = value->server->rdb_version < 7 ? "linkedlist" : "quicklist";
    return begin(value) < 0 ? -1 : read_elements(value);
}

int set_read(struct value *value)
{
    return begin(value) < 0 ? -1 : read_elements(value);
}

static int read_packed_node(struct value *value, int (*walk)(struct blob *, struct packed *))
{
    struct blob blob;
    struct packed packed;
    if (blob_begin(&blob, value->input, value->lzf) < 0 || walk(&blob, &packed) < 0)
        return -1;
    footprint_block(&value->footprint, blob.length, false, blob.packed);
    value->size += packed.elements;
    return 0;
}

static int begin_nodes(struct value *value, uint64_t *ret_nodes)
{
    if (length_read(value->input, ret_nodes) < 0)
        return -1;
    value_begin(value, value->kind->form);
    return 0;
}

int list_read_quicklist(struct value *value)
{
    uint64_t nodes = 0;
    if (begin_nodes(value, &nodes) < 0)
        return -1;
    for (; nodes > 0; nodes--) {
        if (read_packed_node(value, ziplist_walk) < 0)
            return -1;
    }
    return 0;
}

static int read_node(struct value *value, bool *ret_plain)
{
    uint64_t container = 0, length = 0;
    if (length_read(value->input, &container) < 0)
        return -1;
    *ret_plain = container == NODE_PLAIN;
    if (container == NODE_PACKED)
        return read_packed_node(value, listpack_walk);
    if (!*ret_plain)
        return input_fail(value->input, "a node of the unknown form %llu",
                          (unsigned long long)container);
    if (string_pass(value->input, &length) < 0)
        return -1;
    footprint_block(&value->footprint, length, true, 0);
    value->size++;
    return 0;
}

int list_read_quicklist_2(struct value *value)
{
    uint64_t nodes = 0;
    bool plain = false;
    if (begin_nodes(value, &nodes) < 0)
        return -1;
    for (uint64_t i = 0; i < nodes; i++) {
        if (read_node(value, &plain) < 0)
            return -1;
    }
    value->encoding = encoding_of_list(value->server, nodes, plain);
    return 0;
}

/* A text with a length of one byte, of which the last three are no numbers. */
static int pass_score_text(struct input *input)
{
    unsigned char length = 0;
    if (input_byte(input, &length) < 0)
        return -1;
    return length < 253 ? input_skip(input, length) : 0;
}

static int read_members(struct value *value, bool binary)
{
    uint64_t length = 0;
    if (begin(value) < 0)
        return -1;
    for (uint64_t i = 0; i < value->size; i++) {
        if (string_pass(value->input, &length) < 0)
            return -1;
        if ((binary ? input_skip(value->input, 8) : pass_score_text(value->input)) < 0)
            return -1;
        footprint_member(&value->footprint, length);
    }
    return 0;
}

int zset_read(struct value *value)
{
    return read_members(value, false);
}

int zset_read_2(struct value *value)
{
    return read_members(value, true);
}

static int pass_field(struct input *input, uint64_t *ret_name, uint64_t *ret_value)
{
    return string_pass(input, ret_name) < 0 ? -1 : string_pass(input, ret_value);
}

int hash_read(struct value *value)
{
    uint64_t name = 0, length = 0;
    if (begin(value) < 0)
        return -1;
    for (uint64_t i = 0; i < value->size; i++) {
        if (pass_field(value->input, &name, &length) < 0)
            return -1;
        footprint_field(&value->footprint, name, length, false);
    }
    return 0;
}

static void add_timed_field(struct value *value, uint64_t name, uint64_t length, bool has_ttl)
{
    value->ttl_fields += has_ttl;
    footprint_field(&value->footprint, name, length, has_ttl);
}

/* A field's time, 0 where it has none, then the field. */
int hash_read_times_first_pre(struct value *value)
{
    uint64_t time = 0, name = 0, length = 0;
    if (begin(value) < 0)
        return -1;
    for (uint64_t i = 0; i < value->size; i++) {
        if (length_read(value->input, &time) < 0 || pass_field(value->input, &name, &length) < 0)
            return -1;
        add_timed_field(value, name, length, time != 0);
    }
    return 0;
}

/* After the earliest of the times. */
int hash_read_times_first(struct value *value)
{
    uint64_t earliest = 0;
    return input_u64(value->input, &earliest) < 0 ? -1 : hash_read_times_first_pre(value);
}

/* The field, then its time, -1 where it has none. */
int hash_read_times_last(struct value *value)
{
    uint64_t time = 0, name = 0, length = 0;
    if (begin(value) < 0)
        return -1;
    for (uint64_t i = 0; i < value->size; i++) {
        if (pass_field(value->input, &name, &length) < 0 || input_u64(value->input, &time) < 0)
            return -1;
        add_timed_field(value, name, length, time != UINT64_MAX);
    }
    return 0;
}
