/* Listening sockets: `address:port`, one socket per event loop on the same port. */
#ifndef SERVER_HTTP_LISTENER_H
#define SERVER_HTTP_LISTENER_H

#include "base/error.h"

/* Opens `count` sockets on one address with SO_REUSEPORT.  Port 0 takes a free one, the same for
 * all.  The caller owns the descriptors. */
int listener_open(const char *setting, const char *address, int count, int *ret_descriptors,
                  int *ret_port, struct error *err);

#endif
