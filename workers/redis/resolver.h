/* Names to addresses, anew at every call, without waiting longer than the caller wants to. */
#ifndef REDIS_RESOLVER_H
#define REDIS_RESOLVER_H

#include "stream.h"

struct addrinfo;

/* Resolutions that nobody waits for any more and that have not ended; past it no name is looked up.
 */
enum { RESOLVER_PENDING_MAX = 64 };

/* All addresses of the endpoint, for freeaddrinfo, before the deadline (monotonic ms); the stream's
 * interrupt is asked meanwhile.  Fails with ERROR_REDIS_CONNECTION, _TIMEOUT or the interrupt's
 * error. */
int resolver_find(struct stream *stream, const struct endpoint *endpoint, int64_t deadline,
                  struct addrinfo **ret_addresses, struct error *err);

#endif
