/* Rough bounds that hold everywhere are worth more here than close ones that need a version. */
#include "key_bytes.h"

#include "redis/abilities.h"
#include "redis/slots.h"

enum { ENTRY_BYTES = 2, NUMBER_DIGITS_MAX = 20 };
enum { LIST_PLAIN_BYTES = 176, LIST_COUNTED_BYTES = 296, LIST_RATIO = 88 / ENTRY_BYTES };

enum { OBJECT_BYTES = 16, TABLE_ENTRY_BYTES = 24, TEXT_BYTES = 2, EMBEDDED_MAX = 44 };
enum { INTSET_BYTES = 8, COMPACT_BYTES = 7, SHORT_FIELDS = 129, SKIPLIST_NODE_BYTES = 40 };
enum { QUICKLIST_BYTES = 40, NODE_ENTRIES_BYTES = 8, NODES_PLAIN = 2, NODES_COUNTED = 5 };

static const struct {
    struct text name;
    enum key_encoding encoding;
} encodings[] = {
    {SCAN_WORD("int"), KEY_NUMBER},        {SCAN_WORD("embstr"), KEY_EMBEDDED},
    {SCAN_WORD("raw"), KEY_RAW},           {SCAN_WORD("quicklist"), KEY_QUICKLIST},
    {SCAN_WORD("intset"), KEY_INTSET},     {SCAN_WORD("ziplist"), KEY_COMPACT},
    {SCAN_WORD("listpack"), KEY_COMPACT},  {SCAN_WORD("hashtable"), KEY_TABLE},
    {SCAN_WORD("skiplist"), KEY_SKIPLIST},
};

const struct scan_command key_encoding_command = {
    "OBJECT ENCODING", {SCAN_WORD("OBJECT"), SCAN_WORD("ENCODING")}, 2};

const struct scan_command key_bytes_command = {
    "MEMORY USAGE", {SCAN_WORD("MEMORY"), SCAN_WORD("USAGE")}, 2};

int key_take_bytes(struct scan_key *key, const struct redis_reply *reply, struct error *err)
{
    key->bytes = 0;
    if (reply->kind == REDIS_NIL || redis_reply_is_redirect(reply))
        return 0;
    if (reply->kind != REDIS_INTEGER)
        return redis_reply_unexpected(reply, key_bytes_command.name, err);
    if (reply->integer <= 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "%s: not a number of bytes",
                         key_bytes_command.name);
    key->bytes = reply->integer;
    return 0;
}

int64_t key_length_most(enum scan_key_type type, int64_t bytes)
{
    switch (type) {
    case SCAN_KEY_STRING:
        return bytes > NUMBER_DIGITS_MAX ? bytes : NUMBER_DIGITS_MAX;
    case SCAN_KEY_LIST:
        if (bytes >= LIST_COUNTED_BYTES)
            return INT64_MAX;
        return bytes < LIST_PLAIN_BYTES ? bytes / ENTRY_BYTES : bytes * LIST_RATIO;
    default:
        return bytes / ENTRY_BYTES;
    }
}

int64_t key_bytes_below(enum scan_key_type type, int64_t length)
{
    int64_t bytes;
    if (length <= 0)
        return 0;
    switch (type) {
    case SCAN_KEY_STRING:
        return length > NUMBER_DIGITS_MAX ? length : 0;
    case SCAN_KEY_LIST:
        bytes = (length - 1) / LIST_RATIO + 1;
        if (bytes > LIST_PLAIN_BYTES)
            return bytes < LIST_COUNTED_BYTES ? bytes : LIST_COUNTED_BYTES;
        return length < LIST_PLAIN_BYTES / ENTRY_BYTES ? length * ENTRY_BYTES : LIST_PLAIN_BYTES;
    default:
        return length <= INT64_MAX / ENTRY_BYTES ? length * ENTRY_BYTES : INT64_MAX;
    }
}

int key_take_encoding(const struct redis_reply *reply, enum key_encoding *ret_encoding,
                      struct error *err)
{
    *ret_encoding = KEY_GONE;
    if (reply->kind == REDIS_NIL || redis_reply_is_redirect(reply))
        return 0;
    if (reply->kind != REDIS_STRING)
        return redis_reply_unexpected(reply, key_encoding_command.name, err);
    *ret_encoding = KEY_ENCODING_OTHER;
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        if (text_equals(reply->text, encodings[i].name))
            *ret_encoding = encodings[i].encoding;
    }
    return 0;
}

struct key_layout key_layout_of(const struct redis_probe *probe)
{
    bool allocated = probe->redis_version >= 60200 && probe->jemalloc;
    return (struct key_layout){.known = redis_probe_has(probe, REDIS_HAS_MEMORY_USAGE) &&
                                        !redis_probe_has(probe, REDIS_HAS_CLIENT_NO_TOUCH) &&
                                        probe->pointers_64,
                               .names = probe->redis_version >= 60000,
                               .text = allocated ? 8 : TEXT_BYTES,
                               .node = probe->redis_version >= 70000 ? 40 : 32};
}

/* Pairs of two entries, of which one is different in all of them. */
static int64_t pairs_most(int64_t bytes)
{
    enum { SHORT_PAIR = 4, PAIR = 5 };
    return bytes <= SHORT_FIELDS * SHORT_PAIR
               ? bytes / SHORT_PAIR
               : SHORT_FIELDS + (bytes - SHORT_FIELDS * SHORT_PAIR) / PAIR;
}

/* Up to NODES_PLAIN nodes nothing is compressed, up to NODES_COUNTED all are counted. */
static int64_t list_most(const struct key_layout *layout, int64_t bytes)
{
    int64_t least = layout->node + NODE_ENTRIES_BYTES;
    bytes -= QUICKLIST_BYTES;
    if (bytes < (NODES_PLAIN + 1) * least)
        return (bytes - layout->node - COMPACT_BYTES) / ENTRY_BYTES;
    if (bytes < (NODES_COUNTED + 1) * least)
        return (bytes - (NODES_PLAIN + 1) * layout->node) * LIST_RATIO;
    return INT64_MAX;
}

static int64_t most_as(const struct key_layout *layout, enum scan_key_type type,
                       enum key_encoding encoding, int64_t bytes)
{
    bool hash = type == SCAN_KEY_HASH, pairs = hash || type == SCAN_KEY_ZSET;
    switch (encoding) {
    case KEY_NUMBER:
        return NUMBER_DIGITS_MAX;
    case KEY_EMBEDDED:
        return bytes - TEXT_BYTES < EMBEDDED_MAX ? bytes - TEXT_BYTES : EMBEDDED_MAX;
    case KEY_RAW:
        return bytes - TEXT_BYTES;
    case KEY_INTSET:
        return (bytes - INTSET_BYTES) / ENTRY_BYTES;
    case KEY_COMPACT:
        return pairs ? pairs_most(bytes - COMPACT_BYTES) : INT64_MAX;
    case KEY_TABLE:
        return bytes / (TABLE_ENTRY_BYTES + (hash ? 2 : 1) * layout->text);
    case KEY_SKIPLIST:
        return bytes / (TABLE_ENTRY_BYTES + SKIPLIST_NODE_BYTES + layout->text);
    case KEY_QUICKLIST:
        return list_most(layout, bytes);
    default:
        return INT64_MAX;
    }
}

int64_t key_length_most_as(const struct key_layout *layout, enum scan_key_type type,
                           enum key_encoding encoding, int64_t bytes, size_t name_length)
{
    int64_t rough = key_length_most(type, bytes);
    if (!layout->known)
        return rough;
    bytes -= OBJECT_BYTES + TABLE_ENTRY_BYTES + TEXT_BYTES;
    bytes -= layout->names ? (int64_t)name_length : 0;
    int64_t most = most_as(layout, type, encoding, bytes > 0 ? bytes : 0);
    most = most > 0 ? most : 0;
    return most < rough ? most : rough;
}

int64_t key_length_most_of(const struct key_layout *layout, enum scan_key_type type, int64_t bytes,
                           size_t name_length)
{
    static const enum key_encoding densest[SCAN_KEY_TYPE_COUNT] = {
        [SCAN_KEY_STRING] = KEY_RAW,   [SCAN_KEY_LIST] = KEY_QUICKLIST, [SCAN_KEY_SET] = KEY_INTSET,
        [SCAN_KEY_ZSET] = KEY_COMPACT, [SCAN_KEY_HASH] = KEY_COMPACT,
    };
    int64_t most = key_length_most_as(layout, type, densest[type], bytes, name_length);
    return type == SCAN_KEY_STRING && most < NUMBER_DIGITS_MAX ? NUMBER_DIGITS_MAX : most;
}
