/* Any bytes as an RDB: an error or figures within bounds, the same however the bytes come. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "rdb/reader.h"

struct input {
    const uint8_t *bytes;
    size_t length, given, piece;
};

/* What a reading comes to. */
struct outcome {
    int status;
    int64_t keys, size, bytes, offset;
    uint64_t mixed;
    struct error err;
};

static ssize_t give(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    struct input *input = argument;
    size_t left = input->length - input->given;
    size_t step = input->piece < most ? input->piece : most;
    (void)err;
    step = step < left ? step : left;
    if (step > 0)
        memcpy(ret_bytes, input->bytes + input->given, step);
    input->given += step;
    return (ssize_t)step;
}

static uint64_t mix(uint64_t sum, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static void check_key(const struct rdb_key *key, size_t length)
{
    static const char *const names[] = {"string", "list", "set", "zset", "hash", "stream"};
    assert(key->name.length <= key->name_length && key->name.length <= RDB_NAME_MAX);
    assert(key->name.length == key->name_length || key->name.length == RDB_NAME_MAX);
    assert(key->db >= 0 && key->type >= RDB_STRING && key->type <= RDB_MODULE);
    assert(key->type == RDB_MODULE ? strlen(key->type_name) <= 9
                                   : strcmp(key->type_name, names[key->type]) == 0);
    assert(key->size >= 0 || (key->size == -1 && key->type == RDB_MODULE));
    /* No byte of the input can stand for more than LZF can make of it. */
    assert(key->size <= (int64_t)length * 264);
    assert(key->ttl_fields >= 0 && (key->ttl_fields == 0 || key->type == RDB_HASH));
    assert(key->ttl_fields <= key->size || key->size == -1);
    assert((key->bytes == -1) == (key->type == RDB_MODULE) && key->bytes >= -1);
    assert(key->expires_at_ms >= -1 && key->freq >= -1 && key->freq <= 255 && key->idle_s >= -1);
}

static void read_all(const uint8_t *bytes, size_t length, size_t piece, struct outcome *ret_outcome)
{
    struct input input = {bytes, length, 0, piece};
    const struct rdb_source source = {give, &input};
    struct rdb_reader *reader = rdb_reader_new(&source);
    struct rdb_key key;
    *ret_outcome = (struct outcome){.status = 1};
    while ((ret_outcome->status = rdb_reader_next(reader, &key, &ret_outcome->err)) > 0) {
        check_key(&key, length);
        ret_outcome->keys++;
        ret_outcome->size += key.size;
        ret_outcome->bytes ^= key.bytes;
        ret_outcome->mixed = mix(ret_outcome->mixed, key.name.bytes, key.name.length);
        ret_outcome->mixed = mix(ret_outcome->mixed, key.type_name, strlen(key.type_name));
        if (key.encoding)
            ret_outcome->mixed = mix(ret_outcome->mixed, key.encoding, strlen(key.encoding));
    }
    ret_outcome->offset = rdb_reader_offset(reader);
    assert(ret_outcome->offset <= (int64_t)length);
    assert(ret_outcome->keys <= (int64_t)length / 2);
    assert((ret_outcome->status == 0) == (ret_outcome->err.code == ERROR_NONE));
    assert(ret_outcome->status == 0 || ret_outcome->err.code == ERROR_RDB_FORMAT);
    rdb_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const size_t pieces[] = {1, 3, 61};
    struct outcome whole, cut;
    read_all(bytes, length, SIZE_MAX, &whole);
    read_all(bytes, length, pieces[length % 3], &cut);
    assert(whole.status == cut.status && whole.keys == cut.keys && whole.size == cut.size);
    assert(whole.bytes == cut.bytes && whole.mixed == cut.mixed);
    assert(whole.status < 0 || whole.offset == cut.offset);
    return 0;
}
