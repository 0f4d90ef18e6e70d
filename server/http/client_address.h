/* Who a request comes from, where proxies that are trusted stand in between.
 *
 * Pure; any thread. */
#ifndef SERVER_HTTP_CLIENT_ADDRESS_H
#define SERVER_HTTP_CLIENT_ADDRESS_H

#include "auth/signature.h"
#include "base/address.h"

/* peer is the other end of the connection.  Where it is trusted, the client is the last address of
 * X-Forwarded-For that is not: what stands left of that, a client can have written itself.  Several
 * such headers are one list in their order.  Where an entry on the way is no address, and where all
 * are trusted, the client is the one that was reached last.  An entry may carry a port. */
struct address client_address_find(const struct address *peer, const struct network_list *trusted,
                                   const struct auth_header *headers, size_t header_count);

#endif
