/* A host name's addresses, found on a thread of their own: getaddrinfo blocks for as long as a
 * resolver is silent and cannot be interrupted.
 *
 * The one that asks watches lookup_descriptor() and may leave at any time; a thread that hangs then
 * frees what is left when it ends.  At most LOOKUPS_PENDING_MAX threads hang. */
#ifndef PG_LOOKUP_H
#define PG_LOOKUP_H

#include <stdbool.h>

#include <netinet/in.h>

#include "base/error.h"

enum { LOOKUPS_PENDING_MAX = 64, ADDRESSES_MAX = 8, ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN + 16 };

/* Numeric, in the order to try them. */
struct addresses {
    int count;
    char text[ADDRESSES_MAX][ADDRESS_TEXT_MAX];
};

struct lookup;

/* Whether the host is an address already, which then is the only one. */
bool addresses_read(const char *host, struct addresses *ret_addresses);

/* Null, and err, where no further thread can be had.  Ended by lookup_leave. */
struct lookup *lookup_start(const char *host, struct error *err);

/* Readable once there is a result. */
int lookup_descriptor(const struct lookup *lookup);

/* Only once the descriptor is readable. */
int lookup_take(const struct lookup *lookup, struct addresses *ret_addresses, struct error *err);

/* Any time; the lookup is gone. */
void lookup_leave(struct lookup *lookup);

#endif
