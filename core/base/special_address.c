/* A short table, read at every question: a connection costs far more. */
#include "base/special_address.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
    const char *network;
    enum address_standing standing;
    const char *what;
} rows[] = {
#define X(network, standing, what) {network, ADDRESS_##standing, what},
#include "base/special_address.def"
#undef X
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static struct network network_of(const char *text)
{
    struct network network;
    if (network_parse(text_of(text), &network) < 0)
        abort();
    return network;
}

struct special_network special_address_find(const struct address *address)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        struct network network = network_of(rows[i].network);
        if (network_contains(&network, address))
            return (struct special_network){network, rows[i].standing, rows[i].what};
    }
    return (struct special_network){.standing = ADDRESS_USUAL, .what = "an address like others"};
}

bool network_is_within(const struct network *network, const struct network *other)
{
    return network->prefix_length >= other->prefix_length &&
           network_contains(other, &network->base);
}

const char *special_network_refusal(const struct network *network)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        struct network row = network_of(rows[i].network);
        if (network_is_within(network, &row))
            return rows[i].standing == ADDRESS_NEVER ? rows[i].what : NULL;
    }
    return NULL;
}

/* IPv4 at an offset of IPv6 that begins with a prefix; inverted where the bits are written so. */
static const struct {
    const char *network;
    int offset;
    bool inverted;
} embeddings[] = {
    {"64:ff9b::/96", 12, false}, {"::ffff:0:0:0/96", 12, false}, {"2002::/16", 2, false},
    {"2001::/32", 4, false},     {"2001::/32", 12, true},
};

/* The longest literal has leading zeros, of which inet_aton takes any number: a host that is longer
 * than this is looked at by whoever resolves it. */
enum { V4_OFFSET = 12, V4_BYTES = 4, INTERFACE_OFFSET = 8, LITERAL_MAX = 255 };

static struct address take_v4(const struct address *address, int offset, bool inverted)
{
    struct address v4 = {.bytes = {[10] = 0xff, [11] = 0xff}};
    for (int i = 0; i < V4_BYTES; i++) {
        uint8_t byte = address->bytes[offset + i];
        v4.bytes[V4_OFFSET + i] = inverted ? (uint8_t)~byte : byte;
    }
    return v4;
}

/* An interface's identifier says so, whatever the prefix is. */
static bool is_isatap(const struct address *address)
{
    static const uint8_t local[] = {0, 0, 0x5e, 0xfe}, global[] = {2, 0, 0x5e, 0xfe};
    const uint8_t *identifier = address->bytes + INTERFACE_OFFSET;
    return !address_is_v4(address) && (memcmp(identifier, local, sizeof(local)) == 0 ||
                                       memcmp(identifier, global, sizeof(global)) == 0);
}

int special_address_embedded(const struct address *address,
                             struct address ret_addresses[ADDRESS_EMBEDDED_MAX])
{
    int count = 0;
    for (size_t i = 0; i < sizeof(embeddings) / sizeof(embeddings[0]); i++) {
        struct network network = network_of(embeddings[i].network);
        if (network_contains(&network, address))
            ret_addresses[count++] = take_v4(address, embeddings[i].offset, embeddings[i].inverted);
    }
    if (count == 0 && is_isatap(address))
        ret_addresses[count++] = take_v4(address, V4_OFFSET, false);
    return count;
}

/* Without the zone, whose interface may be another machine's, and without a last dot. */
static void take_literal(const char *host, char ret_literal[LITERAL_MAX + 1])
{
    size_t length = strcspn(host, "%");
    if (length > 1 && host[length - 1] == '.')
        length--;
    if (length > LITERAL_MAX)
        length = 0;
    memcpy(ret_literal, host, length);
    ret_literal[length] = '\0';
}

bool special_address_of_host(const char *host, struct address *ret_address)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    char literal[LITERAL_MAX + 1];
    take_literal(host, literal);
    if (!literal[0] || getaddrinfo(literal, NULL, &hints, &found) != 0)
        return false;
    bool is_one = address_of_socket(found->ai_addr, ret_address) == 0;
    freeaddrinfo(found);
    return is_one;
}

const char *special_address_refusal(const char *host)
{
    struct address addresses[1 + ADDRESS_EMBEDDED_MAX];
    if (!special_address_of_host(host, &addresses[0]))
        return NULL;
    int count = 1 + special_address_embedded(&addresses[0], &addresses[1]);
    for (int i = 0; i < count; i++) {
        struct special_network special = special_address_find(&addresses[i]);
        if (special.standing == ADDRESS_NEVER)
            return special.what;
    }
    return NULL;
}
