/* What an address is by itself: loopback, link-local, a cloud's metadata; and which IPv4 addresses
 * an IPv6 address leads to.  The table is special_address.def.  Plain values; any thread. */
#ifndef BASE_SPECIAL_ADDRESS_H
#define BASE_SPECIAL_ADDRESS_H

#include "base/address.h"

enum address_standing {
    ADDRESS_USUAL,
    ADDRESS_LOOPBACK, /* these two are dialled only where a list names them, not a network around */
    ADDRESS_RESERVED,
    ADDRESS_NEVER
};

struct special_network {
    struct network network;
    enum address_standing standing;
    const char *what; /* "loopback (RFC 1122)"; after "it is" */
};

/* The entry that counts for the address; one of ADDRESS_USUAL where there is none.  IPv6 that leads
 * to IPv4 is judged as IPv6 here. */
struct special_network special_address_find(const struct address *address);

bool network_is_within(const struct network *network, const struct network *other);

/* What a network is that no policy allows any address of, or null. */
const char *special_network_refusal(const struct network *network);

enum { ADDRESS_EMBEDDED_MAX = 2 };

/* The IPv4 addresses that IPv6 of a kind made for that holds: NAT64 (RFC 6052), 6to4 (RFC 3056),
 * Teredo's server and client (RFC 4380), ISATAP (RFC 5214), translated (RFC 2765).  Returns how
 * many; an IPv4 address has none. */
int special_address_embedded(const struct address *address,
                             struct address ret_addresses[ADDRESS_EMBEDDED_MAX]);

/* A host as it may be written anywhere, in every form that the resolver takes for an address
 * without asking anybody: `127.1`, `0x7f000001`, `017700000001`, an IPv6 address with its zone.
 * False for names. */
bool special_address_of_host(const char *host, struct address *ret_address);

/* Why no policy allows a host that is such an address, or null: it may be allowed, or is a name. */
const char *special_address_refusal(const char *host);

#endif
