/* Replies out of any bytes.  The first byte says in which pieces the others come: whatever they
 * are, the replies are the same as if all came at once. */
#include <assert.h>
#include <stdlib.h>

#include "fuzz.h"
#include "redis/slots.h"
#include "reply_reader.h"

static struct redis_memory memory; /* nothing is held where it begins */

enum { DEPTH_MAX = 16 };

struct seen {
    uint64_t hash;
    int replies;
    bool refused;
};

static void note(struct seen *seen, uint64_t value)
{
    seen->hash = (seen->hash ^ value) * 0x100000001b3U;
}

static void look(struct seen *seen, const struct redis_reply *reply, int depth)
{
    assert(depth < DEPTH_MAX);
    note(seen, reply->kind);
    switch (reply->kind) {
    case REDIS_STATUS:
    case REDIS_ERROR:
    case REDIS_STRING:
        note(seen, reply->text.length);
        for (size_t i = 0; i < reply->text.length; i++)
            note(seen, (unsigned char)reply->text.bytes[i]);
        break;
    case REDIS_INTEGER:
        note(seen, (uint64_t)reply->integer);
        break;
    case REDIS_NIL:
        break;
    case REDIS_ARRAY:
        note(seen, reply->count);
        for (size_t i = 0; i < reply->count; i++)
            look(seen, &reply->elements[i], depth + 1);
        break;
    default:
        abort();
    }
}

/* What is asked of any reply, and of any name. */
static void judge(const struct redis_reply *reply)
{
    struct redis_slots slots = {0};
    struct error err = {0};
    redis_slots_add_redirect(&slots, reply);
    assert(redis_slots_count(&slots) <= redis_reply_is_redirect(reply));
    assert(!redis_reply_passes(reply) || reply->kind == REDIS_ERROR);
    assert(redis_reply_unexpected(reply, "GET", &err) < 0 && err.text[0]);
    if (reply->kind == REDIS_STRING) {
        int slot = redis_key_slot(reply->text);
        assert(slot >= 0 && slot < REDIS_SLOT_COUNT);
    }
}

static void take_all(struct reply_reader *reader, struct seen *seen)
{
    const struct redis_reply *reply;
    struct error err = {0};
    int found;
    while ((found = reply_reader_next(reader, &reply, &err)) > 0) {
        look(seen, reply, 0);
        judge(reply);
        seen->replies++;
    }
    seen->refused = found < 0;
    assert(found == 0 || err.code == ERROR_REDIS_PROTOCOL);
}

static struct seen read_in_pieces(const char *bytes, size_t length, size_t piece)
{
    struct reply_reader reader;
    struct seen seen = {.hash = 0xcbf29ce484222325U};
    reply_reader_init(&reader, &memory);
    for (size_t i = 0; i < length && !seen.refused; i += piece) {
        struct error err = {0};
        size_t size = length - i < piece ? length - i : piece;
        /* Memory of its own, as the reader must not look behind it. */
        char *copy = malloc(size);
        if (!copy)
            abort();
        for (size_t j = 0; j < size; j++)
            copy[j] = bytes[i + j];
        if (reply_reader_feed(&reader, copy, size, &err) < 0)
            seen.refused = true;
        free(copy);
        if (!seen.refused)
            take_all(&reader, &seen);
    }
    reply_reader_release(&reader);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length < 2)
        return 0;
    const char *text = (const char *)bytes + 1;
    struct seen whole = read_in_pieces(text, length - 1, length - 1);
    struct seen pieces = read_in_pieces(text, length - 1, 1 + bytes[0] % 64);
    assert(whole.hash == pieces.hash && whole.replies == pieces.replies);
    assert(whole.refused == pieces.refused);
    return 0;
}
