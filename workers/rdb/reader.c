/* From one key to the next. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "facts.h"
#include "value.h"

/* What is no value (rdb.h, RDB_OPCODE_*). */
enum opcode {
    OPCODE_KEY_METADATA = 243, /* of Valkey: OPCODE_SLOT_IMPORT */
    OPCODE_SLOT = 244,
    OPCODE_FUNCTION = 245,
    OPCODE_FUNCTION_PRE = 246,
    OPCODE_MODULE = 247,
    OPCODE_IDLE = 248,
    OPCODE_FREQ = 249,
    OPCODE_FIELD = 250,
    OPCODE_SIZES = 251,
    OPCODE_EXPIRES_MS = 252,
    OPCODE_EXPIRES_S = 253,
    OPCODE_DATABASE = 254,
    OPCODE_END = 255,
    OPCODE_FIRST = OPCODE_KEY_METADATA
};

enum { NAME_ROOM_FIRST = 4096, CHECKSUM_SINCE = 5 };

enum state { STATE_HEADER, STATE_KEYS, STATE_ENDED, STATE_FAILED };

struct rdb_reader {
    enum state state;
    int db;
    int freq;
    int64_t idle_s, expires_at_ms; /* of the key that comes next */
    char *name;
    size_t name_room;
    struct rdb_facts facts;
    struct server server;
    char allocator[RDB_ALLOCATOR_MAX + 1]; /* empty: not told */
    struct value value;
    struct error failure;
    struct lzf lzf;
    struct input input;
};

struct rdb_reader *rdb_reader_new(const struct rdb_source *source)
{
    struct rdb_reader *reader = malloc(sizeof(*reader));
    char *name = malloc(NAME_ROOM_FIRST);
    if (!reader || !name)
        abort();
    reader->state = STATE_HEADER;
    reader->name = name;
    reader->name_room = NAME_ROOM_FIRST;
    reader->db = 0;
    reader->allocator[0] = '\0';
    error_clear(&reader->failure);
    facts_init(&reader->facts);
    input_init(&reader->input, source);
    reader->value.input = &reader->input;
    reader->value.lzf = &reader->lzf;
    reader->value.server = &reader->server;
    return reader;
}

void rdb_reader_free(struct rdb_reader *reader)
{
    if (!reader)
        return;
    free(reader->name);
    free(reader);
}

void rdb_reader_set_allocator(struct rdb_reader *reader, const char *mem_allocator)
{
    snprintf(reader->allocator, sizeof(reader->allocator), "%s", mem_allocator);
}

const struct rdb_facts *rdb_reader_facts(const struct rdb_reader *reader)
{
    return &reader->facts;
}

int64_t rdb_reader_offset(const struct rdb_reader *reader)
{
    return input_offset(&reader->input);
}

static void forget_key(struct rdb_reader *reader)
{
    reader->freq = -1;
    reader->idle_s = -1;
    reader->expires_at_ms = -1;
}

/* For `length` bytes of a name of which `kept` are there. */
static void make_room(struct rdb_reader *reader, size_t kept, size_t length)
{
    if (length <= reader->name_room)
        return;
    size_t room = reader->name_room;
    while (room < length)
        room *= 2;
    char *name = malloc(room);
    if (!name)
        abort();
    memcpy(name, reader->name, kept);
    free(reader->name);
    reader->name = name;
    reader->name_room = room;
}

/* Room is made for what has come, never for what is announced. */
static int read_long_name(struct rdb_reader *reader, const struct string *string, size_t kept)
{
    struct blob blob;
    size_t have = 0;
    blob_open(&blob, &reader->input, &reader->lzf, string);
    while (have < kept) {
        if (blob_have(&blob, 1) < 0)
            return -1;
        size_t there = (size_t)(blob.end - blob.at);
        there = there < kept - have ? there : kept - have;
        make_room(reader, have, have + there);
        memcpy(reader->name + have, blob.at, there);
        blob.at += there;
        have += there;
    }
    return blob_skip(&blob, blob_rest(&blob)) < 0 ? -1 : blob_end(&blob);
}

static int read_name(struct rdb_reader *reader, struct rdb_key *ret_key)
{
    struct input *input = &reader->input;
    struct string string;
    input->reading = "a key's name";
    if (string_begin(input, &string) < 0)
        return -1;
    size_t kept = string.length < RDB_NAME_MAX ? (size_t)string.length : RDB_NAME_MAX;
    if (string.form == STRING_INTEGER) {
        integer_print(string.integer, reader->name);
    } else if (string.form == STRING_PLAIN && kept <= (size_t)(input->end - input->at) &&
               kept == string.length && kept <= reader->name_room) {
        memcpy(reader->name, input->at, kept);
        input->at += kept;
    } else if (read_long_name(reader, &string, kept) < 0) {
        return -1;
    }
    ret_key->name = (struct text){reader->name, kept};
    ret_key->name_length = (size_t)string.length;
    return 0;
}

static const char *type_name(const struct value *value)
{
    static const char *const names[] = {"string", "list", "set", "zset", "hash", "stream"};
    return value->kind->type == RDB_MODULE ? value->module_name : names[value->kind->type];
}

static int read_key(struct rdb_reader *reader, unsigned type, struct rdb_key *ret_key)
{
    struct value *value = &reader->value;
    value->kind = value_kind_find(&reader->server, type);
    if (!value->kind) {
        reader->input.at--;
        return input_fail(&reader->input, "a value of the unknown type %u", type);
    }
    if (read_name(reader, ret_key) < 0)
        return -1;
    value->name_length = ret_key->name_length;
    value->has_expiry = reader->expires_at_ms >= 0;
    if (value_read(value) < 0)
        return -1;
    ret_key->db = reader->db;
    ret_key->type = value->kind->type;
    ret_key->type_name = type_name(value);
    ret_key->encoding = value->encoding;
    ret_key->size = value->is_sized ? (int64_t)value->size : -1;
    ret_key->bytes = ret_key->type == RDB_MODULE ? -1 : footprint_end(&value->footprint);
    ret_key->ttl_fields = (int64_t)value->ttl_fields;
    ret_key->expires_at_ms = reader->expires_at_ms;
    ret_key->freq = reader->freq;
    ret_key->idle_s = reader->idle_s;
    forget_key(reader);
    return 1;
}

/* 0 stands for a checksum that the server was told not to take. */
static int read_end(struct rdb_reader *reader)
{
    struct input *input = &reader->input;
    uint64_t sum = input_sum(input), told = 0;
    reader->state = STATE_ENDED;
    if (reader->facts.rdb_version < CHECKSUM_SINCE)
        return 0;
    input->reading = "the checksum";
    if (input_u64(input, &told) < 0)
        return -1;
    if (told != 0 && told != sum)
        return input_fail(input, "%016llx is told where %016llx was found",
                          (unsigned long long)told, (unsigned long long)sum);
    return 0;
}

static int read_database(struct rdb_reader *reader)
{
    uint64_t db = 0;
    if (length_read(&reader->input, &db) < 0)
        return -1;
    if (db > INT_MAX)
        return input_fail(&reader->input, "a database of the number %llu", (unsigned long long)db);
    reader->db = (int)db;
    return 0;
}

static int read_expiry(struct rdb_reader *reader, bool milliseconds)
{
    uint64_t time = 0;
    if (milliseconds) {
        if (input_u64(&reader->input, &time) < 0)
            return -1;
        reader->expires_at_ms = (int64_t)time;
    } else {
        if (input_have(&reader->input, 4) < 0)
            return -1;
        int32_t seconds = (int32_t)little_endian(reader->input.at, 4);
        reader->input.at += 4;
        reader->expires_at_ms = (int64_t)seconds * 1000;
    }
    if (reader->expires_at_ms < 0)
        return input_fail(&reader->input, "an expiry before 1970");
    return 0;
}

static int read_usage(struct rdb_reader *reader, bool frequency)
{
    unsigned char freq = 0;
    uint64_t idle = 0;
    if (frequency) {
        if (input_byte(&reader->input, &freq) < 0)
            return -1;
        reader->freq = freq;
        return 0;
    }
    if (length_read(&reader->input, &idle) < 0)
        return -1;
    if (idle > INT64_MAX)
        return input_fail(&reader->input, "a key idle for %llu s", (unsigned long long)idle);
    reader->idle_s = (int64_t)idle;
    return 0;
}

static void know_server(struct rdb_reader *reader)
{
    struct footprint_server *server = &reader->server.footprint;
    server_init(&reader->server, &reader->facts);
    server->allocator = allocator_named(reader->allocator, server->version, server->valkey);
}

static int read_field(struct rdb_reader *reader)
{
    if (facts_read_field(&reader->input, &reader->lzf, &reader->facts) < 0)
        return -1;
    know_server(reader);
    return 0;
}

/* What concerns more than the key that comes next. */
static int read_fact(struct rdb_reader *reader, enum opcode opcode)
{
    struct input *input = &reader->input;
    switch (opcode) {
    case OPCODE_KEY_METADATA:
        return reader->facts.valkey_magic ? facts_pass_slot_import(input)
                                          : facts_pass_key_metadata(input);
    case OPCODE_SLOT:
        return facts_pass_slot(input);
    case OPCODE_FUNCTION:
        return facts_pass_function(input, &reader->facts);
    case OPCODE_FUNCTION_PRE:
        return facts_pass_function_pre(input, &reader->facts);
    case OPCODE_MODULE:
        return facts_pass_module(input);
    case OPCODE_FIELD:
        return read_field(reader);
    case OPCODE_SIZES:
        return facts_read_sizes(input, &reader->facts);
    default:
        return read_database(reader);
    }
}

static int read_opcode(struct rdb_reader *reader, enum opcode opcode)
{
    reader->input.reading = "what precedes a key";
    switch (opcode) {
    case OPCODE_EXPIRES_MS:
        return read_expiry(reader, true);
    case OPCODE_EXPIRES_S:
        return read_expiry(reader, false);
    case OPCODE_FREQ:
        return read_usage(reader, true);
    case OPCODE_IDLE:
        return read_usage(reader, false);
    default:
        return read_fact(reader, opcode);
    }
}

/* 1: a key, 0: the end. */
static int read_next(struct rdb_reader *reader, struct rdb_key *ret_key)
{
    struct input *input = &reader->input;
    for (;;) {
        unsigned char first = 0;
        input->reading = "a type";
        if (input_byte(input, &first) < 0)
            return -1;
        if (first < OPCODE_FIRST)
            return read_key(reader, first, ret_key);
        if (first == OPCODE_END)
            return read_end(reader);
        if (read_opcode(reader, (enum opcode)first) < 0)
            return -1;
    }
}

static int read_header(struct rdb_reader *reader)
{
    if (facts_read_header(&reader->input, &reader->facts) < 0)
        return -1;
    know_server(reader);
    forget_key(reader);
    reader->state = STATE_KEYS;
    return 0;
}

/* The first failure stays, for later calls too. */
static int fail_again(const struct rdb_reader *reader, struct error *err)
{
    if (err->code == ERROR_NONE)
        *err = reader->failure;
    return -1;
}

int rdb_reader_next(struct rdb_reader *reader, struct rdb_key *ret_key, struct error *err)
{
    int status = 0;
    if (reader->state == STATE_FAILED)
        return fail_again(reader, err);
    reader->input.err = &reader->failure;
    if (reader->state == STATE_HEADER)
        status = read_header(reader);
    if (status == 0 && reader->state == STATE_KEYS)
        status = read_next(reader, ret_key);
    if (status < 0) {
        reader->state = STATE_FAILED;
        return fail_again(reader, err);
    }
    return status;
}
