/* CLUSTER NODES line by line: `id host:port@bus,name flags master ping pong epoch link slot ...`.
 * A malformed line fails the whole: a node that is not understood would not be scanned. */
#include "redis/topology.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS = 8 };
enum { FIELD_ID, FIELD_ADDRESS, FIELD_FLAGS, FIELD_MASTER, FIELD_EPOCH = 6 };

void redis_topology_release(struct redis_topology *topology)
{
    free(topology->members);
    *topology = (struct redis_topology){0};
}

/* Takes what is before the separator, or all that is left. */
static struct text take(struct text *rest, char separator)
{
    const char *end = rest->length > 0 ? memchr(rest->bytes, separator, rest->length) : NULL;
    struct text part = {rest->bytes, end ? (size_t)(end - rest->bytes) : rest->length};
    size_t taken = part.length + (end != NULL);
    *rest = (struct text){rest->bytes + taken, rest->length - taken};
    return part;
}

static bool has_flag(struct text flags, const char *flag)
{
    while (flags.length > 0) {
        if (text_equals(take(&flags, ','), text_of(flag)))
            return true;
    }
    return false;
}

static int read_id(struct text text, char ret_id[REDIS_NODE_ID_MAX + 1])
{
    if (text.length == 0 || text.length > REDIS_NODE_ID_MAX ||
        memchr(text.bytes, '\0', text.length))
        return -1;
    memcpy(ret_id, text.bytes, text.length);
    ret_id[text.length] = '\0';
    return 0;
}

static int read_address(struct text text, const struct endpoint *reached,
                        struct endpoint *ret_endpoint)
{
    struct text address = take(&text, ',');
    int64_t port;
    address = take(&address, '@');
    const char *colon = address.length > 0 ? memrchr(address.bytes, ':', address.length) : NULL;
    if (!colon)
        return -1;
    struct text host = {address.bytes, (size_t)(colon - address.bytes)};
    struct text digits = {colon + 1, address.length - host.length - 1};
    if (text_parse_integer(digits, &port) < 0)
        return -1;
    return endpoint_init(host.length > 0 ? host : text_of(reached->host), port, ret_endpoint);
}

static int read_slot(struct text text, int64_t *ret_slot)
{
    return text_parse_integer(text, ret_slot) < 0 || *ret_slot < 0 || *ret_slot >= REDIS_SLOT_COUNT
               ? -1
               : 0;
}

/* `5`, `5-9`, `[5-<-id]` or `[5->-id]`, which says no more than that it may lose the slot. */
static int read_slots(struct text word, struct redis_topology *topology)
{
    struct redis_slots *slots = &topology->owned;
    int64_t first, last;
    if (word.length > 0 && word.bytes[0] == '[') {
        word = (struct text){word.bytes + 1, word.length - 1};
        struct text number = take(&word, '-');
        if (word.length == 0 || read_slot(number, &first) < 0)
            return -1;
        if (word.bytes[0] == '<')
            redis_slots_add(&topology->importing, (int)first, (int)first);
        return 0;
    }
    if (read_slot(take(&word, '-'), &first) < 0)
        return -1;
    last = first;
    if (word.length > 0 && read_slot(word, &last) < 0)
        return -1;
    redis_slots_add(slots, (int)first, (int)last);
    return 0;
}

static struct redis_member *add_member(struct redis_topology *topology)
{
    if (topology->count == REDIS_NODES_MAX)
        return NULL;
    if ((topology->count & (topology->count - 1)) == 0) {
        size_t capacity = topology->count > 0 ? 2 * (size_t)topology->count : 1;
        topology->members = realloc(topology->members, capacity * sizeof(*topology->members));
        if (!topology->members)
            abort();
    }
    struct redis_member *member = &topology->members[topology->count++];
    *member = (struct redis_member){0};
    return member;
}

static int read_self(const struct text fields[FIELDS], struct text slots,
                     struct redis_topology *topology)
{
    if (topology->self >= 0 || text_parse_integer(fields[FIELD_EPOCH], &topology->epoch) < 0)
        return -1;
    topology->self = topology->count - 1;
    while (slots.length > 0) {
        if (read_slots(take(&slots, ' '), topology) < 0)
            return -1;
    }
    return 0;
}

static bool is_unreachable(struct text flags)
{
    return has_flag(flags, "fail") || has_flag(flags, "noaddr") || has_flag(flags, "handshake");
}

static int read_line(struct text line, const struct endpoint *reached,
                     struct redis_topology *topology)
{
    struct text fields[FIELDS];
    for (int i = 0; i < FIELDS; i++)
        fields[i] = take(&line, ' ');
    bool self = has_flag(fields[FIELD_FLAGS], "myself");
    if (!self && is_unreachable(fields[FIELD_FLAGS]))
        return 0;
    bool master = has_flag(fields[FIELD_FLAGS], "master");
    struct redis_member *member = add_member(topology);
    if (!member || read_id(fields[FIELD_ID], member->id) < 0 ||
        read_address(fields[FIELD_ADDRESS], reached, &member->endpoint) < 0 ||
        (!master && read_id(fields[FIELD_MASTER], member->master) < 0))
        return -1;
    return self ? read_self(fields, line, topology) : 0;
}

int redis_topology_parse(struct text lines, const struct endpoint *reached,
                         struct redis_topology *ret_topology, struct error *err)
{
    *ret_topology = (struct redis_topology){.self = -1};
    while (lines.length > 0) {
        struct text line = take(&lines, '\n');
        if (line.length > 0 && line.bytes[line.length - 1] == '\r')
            line.length--;
        if (line.length > 0 && read_line(line, reached, ret_topology) < 0)
            return error_set(err, ERROR_REDIS_PROTOCOL,
                             "CLUSTER NODES: a malformed line, or more than %d nodes",
                             REDIS_NODES_MAX);
    }
    if (ret_topology->self < 0)
        return error_set(err, ERROR_REDIS_PROTOCOL, "CLUSTER NODES: no line of the node itself");
    return 0;
}

static void take_announced(struct redis_topology *topology, const struct redis_nodes *announced)
{
    for (int i = 0; i < topology->count; i++) {
        struct redis_member *member = &topology->members[i];
        for (int j = 0; j < announced->count; j++) {
            if (strcmp(member->id, announced->items[j].id) == 0)
                member->endpoint = announced->items[j].endpoint;
        }
    }
}

static int ask_lines(struct redis_connection *connection, const struct endpoint *reached,
                     struct redis_topology *ret_topology, struct error *err)
{
    const struct text words[] = {TEXT("CLUSTER"), TEXT("NODES")};
    const struct redis_reply *reply;
    if (redis_connection_call(connection, words, 2, &reply, err) < 0)
        return -1;
    if (reply->kind != REDIS_STRING)
        return redis_connection_unexpected(connection, reply, "CLUSTER NODES", err);
    if (redis_topology_parse(reply->text, reached, ret_topology, err) < 0)
        return error_prefix(err, "%s", redis_connection_name(connection));
    return 0;
}

int redis_topology_ask(struct redis_connection *connection, const struct endpoint *reached,
                       const struct address_map *map, struct redis_topology *ret_topology,
                       struct error *err)
{
    const struct redis_probe cluster = {.mode = REDIS_MODE_CLUSTER};
    struct redis_nodes announced;
    *ret_topology = (struct redis_topology){0};
    int status = redis_nodes_ask(connection, &cluster, reached, NULL, &announced, err);
    if (status == 0)
        status = ask_lines(connection, reached, ret_topology, err);
    if (status == 0)
        take_announced(ret_topology, &announced);
    for (int i = 0; i < ret_topology->count; i++)
        address_map_apply(map, &ret_topology->members[i].endpoint);
    redis_nodes_release(&announced);
    return status;
}
