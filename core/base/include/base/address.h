/* IP addresses of both families as one value, and networks of them.  Plain values; any thread. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct sockaddr;

/* The longest is an IPv6 address whose last four bytes are written as IPv4 (RFC 4291, 2.2). */
enum { ADDRESS_TEXT_MAX = 45, NETWORK_LIST_MAX = 256 };

/* In network order; IPv4 is ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that a client is one value
 * however its socket was made. */
struct address {
    uint8_t bytes[16];
};

/* `1.2.3.4` or an IPv6 address without brackets and zone; nothing else.  Returns -1 otherwise. */
int address_parse(struct text text, struct address *ret_address);
/* IPv4 as `1.2.3.4`, IPv6 as RFC 5952 writes it. */
void address_format(const struct address *address, char ret_text[ADDRESS_TEXT_MAX + 1]);

/* Of a socket of either family; the port and the zone are left out.  Returns -1 for others. */
int address_of_socket(const struct sockaddr *socket_address, struct address *ret_address);

bool address_is_v4(const struct address *address);
bool address_equals(const struct address *a, const struct address *b);

/* Who is counted as one client: an IPv4 address, or the /64 that an IPv6 host may choose its
 * addresses from (RFC 4291, 2.5.1). */
struct address address_site(const struct address *address);

/* The addresses that begin with the first prefix_length bits (0 to 128; IPv4 has 96 and more). */
struct network {
    struct address base;
    int prefix_length;
};

/* `10.0.0.0/8`, `fd00::/8`, or an address alone.  The bits behind the prefix must be 0, so that a
 * network has one written form.  ::/0 holds IPv4 as well, 0.0.0.0/0 only that.  Returns -1 on other
 * text. */
int network_parse(struct text text, struct network *ret_network);
bool network_contains(const struct network *network, const struct address *address);

/* Networks with commas between; blanks around them do not matter. */
struct network_list {
    int count;
    struct network *networks;
};

/* Empty text is the list that contains nothing.  Fails with ERROR_CONFIG, whose text names the
 * entry, on what is no network and past NETWORK_LIST_MAX; then there is nothing to release. */
int network_list_parse(struct text text, struct network_list *ret_list, struct error *err);
void network_list_release(struct network_list *list);
bool network_list_contains(const struct network_list *list, const struct address *address);

#endif
