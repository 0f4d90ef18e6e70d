/* X-Forwarded-For from its end, one trusted hop after the other. */
#include "client_address.h"

#include <string.h>

/* `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]` or `[::1]:80`: proxies write all of them. */
static int parse_hop(struct text hop, struct address *ret_address)
{
    if (hop.length > 0 && hop.bytes[0] == '[') {
        const char *end = memchr(hop.bytes, ']', hop.length);
        size_t length = end ? (size_t)(end - hop.bytes) : 0;
        if (!end || (length + 1 < hop.length && end[1] != ':'))
            return -1;
        return address_parse((struct text){hop.bytes + 1, length - 1}, ret_address);
    }
    if (address_parse(hop, ret_address) == 0)
        return 0;
    const char *colon = hop.length > 0 ? memchr(hop.bytes, ':', hop.length) : NULL;
    return colon ? address_parse((struct text){hop.bytes, (size_t)(colon - hop.bytes)}, ret_address)
                 : -1;
}

/* Takes the last entry off a list; false where there is none. */
static bool take_last(struct text *list, struct text *ret_hop)
{
    if (list->length == 0)
        return false;
    const char *comma = memrchr(list->bytes, ',', list->length);
    size_t start = comma ? (size_t)(comma - list->bytes) + 1 : 0;
    *ret_hop = text_trim((struct text){list->bytes + start, list->length - start});
    list->length = comma ? start - 1 : 0;
    return true;
}

/* Goes left through one header; true where the client has been found. */
static bool walk(struct text list, const struct network_list *trusted, struct address *client)
{
    struct text hop;
    while (take_last(&list, &hop)) {
        struct address address;
        if (parse_hop(hop, &address) < 0)
            return true;
        *client = address;
        if (!network_list_contains(trusted, &address))
            return true;
    }
    return false;
}

struct address client_address_find(const struct address *peer, const struct network_list *trusted,
                                   const struct auth_header *headers, size_t header_count)
{
    struct address client = *peer;
    if (!network_list_contains(trusted, peer))
        return client;
    for (size_t i = header_count; i-- > 0;) {
        if (text_equals_ignoring_case(headers[i].name, TEXT("x-forwarded-for")) &&
            walk(headers[i].value, trusted, &client))
            break;
    }
    return client;
}
