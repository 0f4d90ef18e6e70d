/* How many connections each client has open, over all loops.
 *
 * A client is what address_site makes of an address.  Any thread; entering and leaving take a lock
 * for as long as it takes to find one entry. */
#ifndef SERVER_HTTP_CLIENT_COUNT_H
#define SERVER_HTTP_CLIENT_COUNT_H

#include "base/address.h"

struct client;
struct client_count;

/* For about that many clients at a time; more only cost time. */
struct client_count *client_count_new(int64_t clients);
void client_count_free(struct client_count *count);

/* Counts one more, unless there are `most` already: then null.  It lives until it was left as
 * often.
 */
struct client *client_count_enter(struct client_count *count, const struct address *address,
                                  int64_t most);
/* The other half of each client_count_enter that was not null. */
void client_count_leave(struct client_count *count, struct client *client);

/* How many it has open now. */
int64_t client_connections(const struct client *client);

#endif
