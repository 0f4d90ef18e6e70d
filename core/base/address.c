/* Addresses and networks.  inet_pton is strict for both families: no octal, no short forms. */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    V4_PREFIX_BITS = 96,
    V4_OFFSET = 12,
    SITE_BYTES = 8,
    PREFIX_MAX = 128,
    ENTRY_SHOWN_MAX = 64
};

static const uint8_t v4_prefix[V4_OFFSET] = {[10] = 0xff, [11] = 0xff};

int address_parse(struct text text, struct address *ret_address)
{
    char terminated[ADDRESS_TEXT_MAX + 1];
    struct address address = {0};
    if (text.length == 0 || text.length > ADDRESS_TEXT_MAX || memchr(text.bytes, '\0', text.length))
        return -1;
    memcpy(terminated, text.bytes, text.length);
    terminated[text.length] = '\0';
    if (strchr(terminated, ':')) {
        if (inet_pton(AF_INET6, terminated, address.bytes) != 1)
            return -1;
    } else {
        memcpy(address.bytes, v4_prefix, sizeof(v4_prefix));
        if (inet_pton(AF_INET, terminated, address.bytes + V4_OFFSET) != 1)
            return -1;
    }
    *ret_address = address;
    return 0;
}

void address_format(const struct address *address, char ret_text[ADDRESS_TEXT_MAX + 1])
{
    bool is_v4 = address_is_v4(address);
    const void *bytes = is_v4 ? address->bytes + V4_OFFSET : address->bytes;
    if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, ret_text, ADDRESS_TEXT_MAX + 1))
        abort();
}

int address_of_socket(const struct sockaddr *socket_address, struct address *ret_address)
{
    if (socket_address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)socket_address;
        memcpy(ret_address->bytes, v4_prefix, sizeof(v4_prefix));
        memcpy(ret_address->bytes + V4_OFFSET, &v4->sin_addr, sizeof(v4->sin_addr));
        return 0;
    }
    if (socket_address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)socket_address;
        memcpy(ret_address->bytes, &v6->sin6_addr, sizeof(v6->sin6_addr));
        return 0;
    }
    return -1;
}

bool address_is_v4(const struct address *address)
{
    return memcmp(address->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool address_equals(const struct address *a, const struct address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

struct address address_site(const struct address *address)
{
    struct address site = *address;
    if (!address_is_v4(address))
        memset(site.bytes + SITE_BYTES, 0, sizeof(site.bytes) - SITE_BYTES);
    return site;
}

/* Whether both have the same bits of the byte at index, of those within the prefix. */
static bool byte_matches(int prefix_length, int index, uint8_t a, uint8_t b)
{
    int bits = prefix_length - index * 8;
    if (bits <= 0)
        return true;
    uint8_t mask = bits >= 8 ? 0xff : (uint8_t)(0xff << (8 - bits));
    return ((a ^ b) & mask) == 0;
}

bool network_contains(const struct network *network, const struct address *address)
{
    for (int i = 0; i < (int)sizeof(address->bytes); i++) {
        if (!byte_matches(network->prefix_length, i, network->base.bytes[i], address->bytes[i]))
            return false;
    }
    return true;
}

static bool is_zero_behind_prefix(const struct network *network)
{
    for (int i = 0; i < (int)sizeof(network->base.bytes); i++) {
        int bits = network->prefix_length - i * 8;
        uint8_t behind = bits >= 8 ? 0 : bits <= 0 ? 0xff : (uint8_t)(0xff >> bits);
        if (network->base.bytes[i] & behind)
            return false;
    }
    return true;
}

/* Up to three digits, no leading zero, at most most. */
static int parse_prefix(struct text text, int most, int *ret_length)
{
    int64_t number;
    if (text.length == 0 || text.length > 3 || (text.length > 1 && text.bytes[0] == '0') ||
        text_parse_integer(text, &number) < 0 || number < 0 || number > most)
        return -1;
    *ret_length = (int)number;
    return 0;
}

int network_parse(struct text text, struct network *ret_network)
{
    struct network network = {.prefix_length = PREFIX_MAX};
    const char *slash = text.length > 0 ? memchr(text.bytes, '/', text.length) : NULL;
    struct text base = {text.bytes, slash ? (size_t)(slash - text.bytes) : text.length};
    if (address_parse(base, &network.base) < 0)
        return -1;
    if (slash) {
        /* ::ffff:1.2.3.0/120 counts its prefix as it is written. */
        bool written_as_v4 = !memchr(base.bytes, ':', base.length);
        int offset = written_as_v4 ? V4_PREFIX_BITS : 0;
        struct text digits = {slash + 1, text.length - base.length - 1};
        if (parse_prefix(digits, PREFIX_MAX - offset, &network.prefix_length) < 0)
            return -1;
        network.prefix_length += offset;
    }
    if (!is_zero_behind_prefix(&network))
        return -1;
    *ret_network = network;
    return 0;
}

static size_t count_entries(struct text text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.length; i++)
        count += text.bytes[i] == ',';
    return count;
}

static int fill(struct network_list *list, struct text rest, struct error *err)
{
    for (;;) {
        const char *comma = memchr(rest.bytes, ',', rest.length);
        size_t length = comma ? (size_t)(comma - rest.bytes) : rest.length;
        struct text entry = text_trim((struct text){rest.bytes, length});
        if (network_parse(entry, &list->networks[list->count]) < 0)
            return error_set(err, ERROR_CONFIG, "'%.*s' is no network, such as 10.0.0.0/8",
                             (int)(entry.length > ENTRY_SHOWN_MAX ? ENTRY_SHOWN_MAX : entry.length),
                             entry.bytes);
        list->count++;
        if (!comma)
            return 0;
        rest = (struct text){comma + 1, rest.length - length - 1};
    }
}

int network_list_parse(struct text text, struct network_list *ret_list, struct error *err)
{
    struct network_list list = {0};
    *ret_list = list;
    if (text_trim(text).length == 0)
        return 0;
    size_t count = count_entries(text);
    if (count > NETWORK_LIST_MAX)
        return error_set(err, ERROR_CONFIG, "more than %d networks", NETWORK_LIST_MAX);
    list.networks = calloc(count, sizeof(*list.networks));
    if (!list.networks)
        abort();
    if (fill(&list, text, err) < 0) {
        network_list_release(&list);
        return -1;
    }
    *ret_list = list;
    return 0;
}

void network_list_release(struct network_list *list)
{
    free(list->networks);
    *list = (struct network_list){0};
}

bool network_list_contains(const struct network_list *list, const struct address *address)
{
    for (int i = 0; i < list->count; i++) {
        if (network_contains(&list->networks[i], address))
            return true;
    }
    return false;
}
