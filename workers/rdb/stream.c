/* Streams: listpacks of entries, the ids of its ends, consumer groups with what is pending.
 *
 * The formats 1 to 3 are those of Redis 5.0, 7.0 and 7.2; 4 (8.6) adds what idempotent producers
 * have sent, 5 (8.8) what consumers have refused (rdb.c, rdbSaveObject). */
#include "packed.h"
#include "value.h"

enum { ID_BYTES = FOOTPRINT_STREAM_ID, TIME_BYTES = 8 };

struct id {
    unsigned char bytes[ID_BYTES];
};

/* A node is known by the id of its first entry. */
static int read_node_id(struct value *value, struct id *ret_id)
{
    struct blob blob;
    if (blob_begin(&blob, value->input, value->lzf) < 0)
        return -1;
    if (blob.length != ID_BYTES)
        return blob_fail(&blob, "a node with an id of %llu bytes", (unsigned long long)blob.length);
    if (blob_have(&blob, ID_BYTES) < 0)
        return -1;
    memcpy(ret_id->bytes, blob.at, ID_BYTES);
    blob.at += ID_BYTES;
    return blob_end(&blob);
}

/* Its listpack begins with how many entries it has, and how many of which are deleted. */
static int read_node(struct value *value, uint64_t *entries)
{
    struct blob blob;
    struct packed packed;
    struct id id;
    if (read_node_id(value, &id) < 0 || blob_begin(&blob, value->input, value->lzf) < 0 ||
        listpack_walk(&blob, &packed) < 0)
        return -1;
    if (packed.leading_integers < PACKED_LEADING || packed.leading[0] < 0 || packed.leading[1] < 0)
        return input_fail(value->input, "a node that does not say how many entries it has");
    if ((uint64_t)packed.leading[0] > packed.elements)
        return input_fail(value->input, "a node that says it has %llu entries, in %llu elements",
                          (unsigned long long)packed.leading[0],
                          (unsigned long long)packed.elements);
    *entries += (uint64_t)packed.leading[0];
    footprint_stream_block(&value->footprint, id.bytes, blob.length);
    return 0;
}

static int read_nodes(struct value *value)
{
    uint64_t nodes = 0, entries = 0;
    if (length_read(value->input, &nodes) < 0)
        return -1;
    value_begin(value, FOOTPRINT_STREAM);
    for (; nodes > 0; nodes--) {
        if (read_node(value, &entries) < 0)
            return -1;
    }
    if (length_read(value->input, &value->size) < 0)
        return -1;
    if (value->size != entries)
        return input_fail(value->input, "a stream that says it has %llu entries, of %llu",
                          (unsigned long long)value->size, (unsigned long long)entries);
    return 0;
}

static int read_id(struct input *input, struct id *ret_id)
{
    if (input_have(input, ID_BYTES) < 0)
        return -1;
    memcpy(ret_id->bytes, input->at, ID_BYTES);
    input->at += ID_BYTES;
    return 0;
}

/* With when and how often each has been delivered. */
static int read_group_pending(struct value *value, uint64_t *ret_pending)
{
    struct id id;
    if (length_read(value->input, ret_pending) < 0)
        return -1;
    for (uint64_t i = 0; i < *ret_pending; i++) {
        if (read_id(value->input, &id) < 0 || input_skip(value->input, TIME_BYTES) < 0 ||
            lengths_pass(value->input, 1) < 0)
            return -1;
        footprint_stream_pending(&value->footprint, id.bytes);
    }
    return 0;
}

static int read_consumer(struct value *value, int format, uint64_t *unowned)
{
    uint64_t length = 0, pending = 0;
    struct id id;
    if (string_pass(value->input, &length) < 0 ||
        input_skip(value->input, format >= 3 ? 2 * TIME_BYTES : TIME_BYTES) < 0 ||
        length_read(value->input, &pending) < 0)
        return -1;
    footprint_stream_consumer(&value->footprint, length);
    if (pending > *unowned)
        return input_fail(value->input, "consumers with more pending entries than their group");
    *unowned -= pending;
    for (; pending > 0; pending--) {
        if (read_id(value->input, &id) < 0)
            return -1;
        footprint_stream_consumer_pending(&value->footprint, id.bytes);
    }
    return 0;
}

/* Ids of what no consumer holds. */
static int pass_refused(struct value *value, uint64_t unowned)
{
    uint64_t refused = 0;
    if (length_read(value->input, &refused) < 0)
        return -1;
    if (refused > unowned)
        return input_fail(value->input, "more refused entries than are pending");
    return input_skip(value->input, refused * ID_BYTES);
}

static int read_group(struct value *value, int format)
{
    uint64_t length = 0, unowned = 0, consumers = 0;
    if (string_pass(value->input, &length) < 0)
        return -1;
    footprint_stream_group(&value->footprint, length);
    if (lengths_pass(value->input, format >= 2 ? 3 : 2) < 0 ||
        read_group_pending(value, &unowned) < 0 || length_read(value->input, &consumers) < 0)
        return -1;
    for (; consumers > 0; consumers--) {
        if (read_consumer(value, format, &unowned) < 0)
            return -1;
    }
    return format >= 5 ? pass_refused(value, unowned) : 0;
}

/* Producers, and what each has sent. */
static int pass_producers(struct input *input)
{
    uint64_t producers = 0, sent = 0;
    if (lengths_pass(input, 2) < 0 || length_read(input, &producers) < 0)
        return -1;
    for (; producers > 0; producers--) {
        if (strings_pass(input, 1) < 0 || length_read(input, &sent) < 0)
            return -1;
        for (; sent > 0; sent--) {
            if (strings_pass(input, 1) < 0 || lengths_pass(input, 2) < 0)
                return -1;
        }
    }
    return lengths_pass(input, 2);
}

/* The last id; of format 2 the first, the largest deleted and how many were added. */
static int read_stream(struct value *value, int format)
{
    uint64_t groups = 0;
    value->encoding = encoding_of_stream(value->server);
    if (read_nodes(value) < 0 || lengths_pass(value->input, format >= 2 ? 7 : 2) < 0 ||
        length_read(value->input, &groups) < 0)
        return -1;
    for (; groups > 0; groups--) {
        if (read_group(value, format) < 0)
            return -1;
    }
    return format >= 4 ? pass_producers(value->input) : 0;
}

int stream_read_1(struct value *value)
{
    return read_stream(value, 1);
}

int stream_read_2(struct value *value)
{
    return read_stream(value, 2);
}

int stream_read_3(struct value *value)
{
    return read_stream(value, 3);
}

int stream_read_4(struct value *value)
{
    return read_stream(value, 4);
}

int stream_read_5(struct value *value)
{
    return read_stream(value, 5);
}
