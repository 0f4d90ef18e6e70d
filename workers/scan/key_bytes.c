/* Rough bounds that hold everywhere are worth more here than close ones that need a version. */
#include "key_bytes.h"

#include "redis/slots.h"

enum { ENTRY_BYTES = 2, NUMBER_DIGITS_MAX = 20 };
enum { LIST_PLAIN_BYTES = 176, LIST_COUNTED_BYTES = 296, LIST_RATIO = 88 / ENTRY_BYTES };

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
