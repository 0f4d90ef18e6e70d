#include "facts.h"

#include "module.h"

enum {
    MAGIC_LENGTH = 9, /* with three or four digits of the version */
    FIELD_NAME_MAX = 31
};

void facts_init(struct rdb_facts *facts)
{
    *facts = (struct rdb_facts){.created_s = -1, .used_memory = -1, .replication_offset = -1};
}

/* -1: no digits. */
static int parse_digits(const unsigned char *bytes, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return -1;
        number = number * 10 + (bytes[i] - '0');
    }
    return number;
}

int facts_read_header(struct input *input, struct rdb_facts *facts)
{
    if (input_have(input, MAGIC_LENGTH) < 0)
        return -1;
    const unsigned char *at = input->at;
    facts->valkey_magic = memcmp(at, "VALKEY", 6) == 0;
    if (!facts->valkey_magic && memcmp(at, "REDIS", 5) != 0)
        return input_fail(input, "this is no RDB: it begins neither with REDIS nor with VALKEY");
    int version = facts->valkey_magic ? parse_digits(at + 6, 3) : parse_digits(at + 5, 4);
    int oldest = facts->valkey_magic ? 80 : 1;
    int newest = facts->valkey_magic ? RDB_VERSION_VALKEY : RDB_VERSION_REDIS;
    if (version < 0)
        return input_fail(input, "a version that is no number");
    if (version < oldest || version > newest)
        return input_fail(input, "version %d of the format; %d to %d can be read", version, oldest,
                          newest);
    facts->rdb_version = version;
    facts->valkey = facts->valkey_magic;
    input->at += MAGIC_LENGTH;
    return 0;
}

/* The first bytes of a string, terminated; the rest is passed over. */
static int read_text(struct input *input, struct lzf *lzf, char *ret_text, size_t most)
{
    struct string string;
    struct blob blob;
    if (string_begin(input, &string) < 0)
        return -1;
    if (string.form == STRING_INTEGER) {
        ret_text[integer_print(string.integer, ret_text)] = '\0';
        return 0;
    }
    blob_open(&blob, input, lzf, &string);
    size_t length = string.length < most ? (size_t)string.length : most;
    if (blob_have(&blob, length) < 0)
        return -1;
    memcpy(ret_text, blob.at, length);
    ret_text[length] = '\0';
    return blob_skip(&blob, string.length) < 0 ? -1 : blob_end(&blob);
}

static void set_version(struct rdb_facts *facts, const char *version, bool valkey)
{
    /* Valkey 8 tells the Redis that it is compatible with, too. */
    if (facts->valkey && !valkey)
        return;
    facts->valkey |= valkey;
    memcpy(facts->server_version, version, strlen(version) + 1);
}

static void set_number(int64_t *number, const char *text)
{
    int64_t parsed = 0;
    if (text_parse_integer(text_of(text), &parsed) == 0 && parsed >= 0)
        *number = parsed;
}

int facts_read_field(struct input *input, struct lzf *lzf, struct rdb_facts *facts)
{
    char name[FIELD_NAME_MAX + 1], text[RDB_SERVER_VERSION_MAX + 1];
    int64_t bits = facts->bits;
    if (read_text(input, lzf, name, FIELD_NAME_MAX) < 0 ||
        read_text(input, lzf, text, RDB_SERVER_VERSION_MAX) < 0)
        return -1;
    if (strcmp(name, "redis-ver") == 0)
        set_version(facts, text, false);
    else if (strcmp(name, "valkey-ver") == 0)
        set_version(facts, text, true);
    else if (strcmp(name, "redis-bits") == 0)
        set_number(&bits, text);
    else if (strcmp(name, "ctime") == 0)
        set_number(&facts->created_s, text);
    else if (strcmp(name, "used-mem") == 0)
        set_number(&facts->used_memory, text);
    else if (strcmp(name, "repl-offset") == 0)
        set_number(&facts->replication_offset, text);
    facts->bits = bits == 32 || bits == 64 ? (int)bits : 0;
    return 0;
}

int facts_read_sizes(struct input *input, struct rdb_facts *facts)
{
    uint64_t keys = 0;
    if (length_read(input, &keys) < 0 || lengths_pass(input, 1) < 0)
        return -1;
    uint64_t most = (uint64_t)(INT64_MAX - facts->keys_announced);
    facts->keys_announced += (int64_t)(keys < most ? keys : most);
    return 0;
}

/* Its type, when it is to be loaded, and its values. */
int facts_pass_module(struct input *input)
{
    return lengths_pass(input, 3) < 0 ? -1 : module_skip(input);
}

int facts_pass_function(struct input *input, struct rdb_facts *facts)
{
    facts->functions++;
    return strings_pass(input, 1);
}

/* Of the candidates for 7.0: name, engine, a description if there is one, code. */
int facts_pass_function_pre(struct input *input, struct rdb_facts *facts)
{
    uint64_t described = 0;
    facts->functions++;
    if (strings_pass(input, 2) < 0 || length_read(input, &described) < 0)
        return -1;
    return strings_pass(input, described ? 2 : 1);
}

/* Its number, its keys, and how many of which expire. */
int facts_pass_slot(struct input *input)
{
    return lengths_pass(input, 3);
}

int facts_pass_key_metadata(struct input *input)
{
    uint64_t classes = 0;
    if (length_read(input, &classes) < 0)
        return -1;
    for (; classes > 0; classes--) {
        if (input_skip(input, 4) < 0 || module_skip(input) < 0)
            return -1;
    }
    return 0;
}

/* The job's name, and ranges of slots. */
int facts_pass_slot_import(struct input *input)
{
    uint64_t ranges = 0;
    if (strings_pass(input, 1) < 0 || length_read(input, &ranges) < 0)
        return -1;
    for (; ranges > 0; ranges--) {
        if (lengths_pass(input, 2) < 0)
            return -1;
    }
    return 0;
}
