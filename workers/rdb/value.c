/* The types of an RDB, strings, and values of one string that is packed elements. */
#include "value.h"

#include "packed.h"

enum { INTEGER_TEXT_MAX = STRING_DIGITS_MAX };

void value_begin(struct value *value, enum footprint_form form)
{
    footprint_begin(&value->footprint, &value->server->footprint, form, value->name_length,
                    value->has_expiry);
}

/* Whether it is what a server prints of the integer. */
static bool is_integer_text(const unsigned char *bytes, size_t length, int64_t *ret_integer)
{
    char digits[STRING_DIGITS_MAX];
    if (length == 0 || (bytes[0] != '-' && (bytes[0] < '0' || bytes[0] > '9')))
        return false;
    struct text text = {(const char *)bytes, length};
    if (text_parse_integer(text, ret_integer) < 0)
        return false;
    return integer_print(*ret_integer, digits) == length && memcmp(digits, bytes, length) == 0;
}

static int read_short_text(struct value *value, const struct string *string, bool *ret_is_integer,
                           int64_t *ret_integer)
{
    struct blob blob;
    blob_open(&blob, value->input, value->lzf, string);
    if (blob_have(&blob, (size_t)string->length) < 0)
        return -1;
    *ret_is_integer = is_integer_text(blob.at, (size_t)string->length, ret_integer);
    return blob_skip(&blob, string->length) < 0 ? -1 : blob_end(&blob);
}

int value_pass_text(struct value *value, const struct string *string, bool *ret_is_integer,
                    int64_t *ret_integer)
{
    *ret_is_integer = string->form == STRING_INTEGER;
    *ret_integer = *ret_is_integer ? string->integer : 0;
    if (*ret_is_integer)
        return 0;
    if (string->length <= INTEGER_TEXT_MAX)
        return read_short_text(value, string, ret_is_integer, ret_integer);
    return string_skip(value->input, string);
}

static int string_read(struct value *value)
{
    struct string string;
    bool is_integer = false;
    int64_t integer = 0;
    if (string_begin(value->input, &string) < 0 ||
        value_pass_text(value, &string, &is_integer, &integer) < 0)
        return -1;
    value->size = string.length;
    enum footprint_text_form form;
    value->encoding = encoding_of_string(value->server, value->name_length, value->has_expiry,
                                         string.length, is_integer, integer, &form);
    value_begin(value, FOOTPRINT_STRING);
    footprint_text(&value->footprint, string.length, form);
    return 0;
}

static int read_packed(struct value *value, uint64_t per_element,
                       int (*walk)(struct blob *, struct packed *), struct packed *ret_packed)
{
    struct blob blob;
    if (blob_begin(&blob, value->input, value->lzf) < 0 || walk(&blob, ret_packed) < 0)
        return -1;
    if (ret_packed->elements % per_element)
        return input_fail(value->input, "%llu packed elements where each takes %llu",
                          (unsigned long long)ret_packed->elements,
                          (unsigned long long)per_element);
    value->size = ret_packed->elements / per_element;
    value_begin(value, value->kind->form);
    footprint_block(&value->footprint, blob.length, false, 0);
    return 0;
}

int packed_read_ziplist(struct value *value)
{
    struct packed packed;
    return read_packed(value, 1, ziplist_walk, &packed);
}

int packed_read_listpack(struct value *value)
{
    struct packed packed;
    return read_packed(value, 1, listpack_walk, &packed);
}

int packed_read_ziplist_pairs(struct value *value)
{
    struct packed packed;
    return read_packed(value, 2, ziplist_walk, &packed);
}

int packed_read_listpack_pairs(struct value *value)
{
    struct packed packed;
    return read_packed(value, 2, listpack_walk, &packed);
}

int packed_read_zipmap(struct value *value)
{
    struct packed packed;
    return read_packed(value, 2, zipmap_walk, &packed);
}

int packed_read_intset(struct value *value)
{
    struct packed packed;
    return read_packed(value, 1, intset_walk, &packed);
}

/* Field, value, and time or 0. */
int packed_read_listpack_times_pre(struct value *value)
{
    struct packed packed;
    if (read_packed(value, 3, listpack_walk, &packed) < 0)
        return -1;
    if (packed.odd_thirds)
        return input_fail(value->input, "a field's time that is no integer");
    value->ttl_fields = packed.thirds;
    return 0;
}

/* After the earliest of the times. */
int packed_read_listpack_times(struct value *value)
{
    uint64_t earliest = 0;
    return input_u64(value->input, &earliest) < 0 ? -1 : packed_read_listpack_times_pre(value);
}

static int refuse_module(struct value *value)
{
    return input_fail(value->input, "values of modules before Redis 4.0 cannot be passed over");
}

/* By the number in the file (rdb.h). */
static const struct value_kind kinds[] = {
    [0] = {RDB_STRING, "a string", NULL, FOOTPRINT_STRING, string_read},
    [1] = {RDB_LIST, "a list", NULL, FOOTPRINT_LINKED_LIST, list_read},
    [2] = {RDB_SET, "a set", "hashtable", FOOTPRINT_HASHTABLE_SET, set_read},
    [3] = {RDB_ZSET, "a sorted set", "skiplist", FOOTPRINT_SKIPLIST, zset_read},
    [4] = {RDB_HASH, "a hash", "hashtable", FOOTPRINT_HASHTABLE_HASH, hash_read},
    [5] = {RDB_ZSET, "a sorted set", "skiplist", FOOTPRINT_SKIPLIST, zset_read_2},
    [6] = {RDB_MODULE, "a module's value", NULL, FOOTPRINT_STRING, refuse_module},
    [7] = {RDB_MODULE, "a module's value", NULL, FOOTPRINT_STRING, module_read},
    [9] = {RDB_HASH, "a hash in a zipmap", "zipmap", FOOTPRINT_PACKED_LIST, packed_read_zipmap},
    [10] = {RDB_LIST, "a list in a ziplist", "ziplist", FOOTPRINT_PACKED_LIST, packed_read_ziplist},
    [11] = {RDB_SET, "a set in an intset", "intset", FOOTPRINT_INTSET, packed_read_intset},
    [12] = {RDB_ZSET, "a sorted set in a ziplist", "ziplist", FOOTPRINT_PACKED_LIST,
            packed_read_ziplist_pairs},
    [13] = {RDB_HASH, "a hash in a ziplist", "ziplist", FOOTPRINT_PACKED_LIST,
            packed_read_ziplist_pairs},
    [14] = {RDB_LIST, "a list of ziplists", "quicklist", FOOTPRINT_QUICKLIST, list_read_quicklist},
    [15] = {RDB_STREAM, "a stream", NULL, FOOTPRINT_STREAM, stream_read_1},
    [16] = {RDB_HASH, "a hash in a listpack", "listpack", FOOTPRINT_PACKED_LIST,
            packed_read_listpack_pairs},
    [17] = {RDB_ZSET, "a sorted set in a listpack", "listpack", FOOTPRINT_PACKED_LIST,
            packed_read_listpack_pairs},
    [18] = {RDB_LIST, "a list of listpacks", NULL, FOOTPRINT_QUICKLIST, list_read_quicklist_2},
    [19] = {RDB_STREAM, "a stream", NULL, FOOTPRINT_STREAM, stream_read_2},
    [20] = {RDB_SET, "a set in a listpack", "listpack", FOOTPRINT_PACKED_LIST,
            packed_read_listpack},
    [21] = {RDB_STREAM, "a stream", NULL, FOOTPRINT_STREAM, stream_read_3},
    [22] = {RDB_HASH, "a hash with fields' times", "hashtable", FOOTPRINT_HASHTABLE_HASH,
            hash_read_times_first_pre},
    [23] = {RDB_HASH, "a hash with fields' times in a listpack", "listpackex",
            FOOTPRINT_PACKED_HASH_TTL, packed_read_listpack_times_pre},
    [24] = {RDB_HASH, "a hash with fields' times", "hashtable", FOOTPRINT_HASHTABLE_HASH,
            hash_read_times_first},
    [25] = {RDB_HASH, "a hash with fields' times in a listpack", "listpackex",
            FOOTPRINT_PACKED_HASH_TTL, packed_read_listpack_times},
    [26] = {RDB_STREAM, "a stream", NULL, FOOTPRINT_STREAM, stream_read_4},
    [27] = {RDB_STREAM, "a stream", NULL, FOOTPRINT_STREAM, stream_read_5},
    [28] = {RDB_MODULE, "an array", NULL, FOOTPRINT_STRING, array_read},
};

/* From 22 on the two servers give the numbers meanings of their own. */
enum { COMMON_TYPES = 22 };

const struct value_kind *value_kind_find(const struct server *server, unsigned type)
{
    static const struct value_kind valkey_hash = {RDB_HASH, "a hash with fields' times",
                                                  "hashtable", FOOTPRINT_HASHTABLE_HASH,
                                                  hash_read_times_last};
    if (server->valkey_magic && type >= COMMON_TYPES)
        return type == COMMON_TYPES ? &valkey_hash : NULL;
    return type < sizeof(kinds) / sizeof(kinds[0]) && kinds[type].read ? &kinds[type] : NULL;
}

int value_read(struct value *value)
{
    value->size = value->ttl_fields = 0;
    value->is_sized = true;
    value->encoding = value->kind->encoding;
    value->input->reading = value->kind->reading;
    if (value->kind->read(value) < 0)
        return -1;
    if (value->size > INT64_MAX)
        return input_fail(value->input, "a size of %llu", (unsigned long long)value->size);
    return 0;
}
