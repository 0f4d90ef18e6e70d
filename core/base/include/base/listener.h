/* Listening sockets: `address:port`, one or several on the same port. */
#ifndef BASE_LISTENER_H
#define BASE_LISTENER_H

#include "base/error.h"

/* Whether that is an address and a port, with the failure of listener_open; opens nothing.  An
 * empty one is off, and good. */
int listener_check(const char *setting, const char *address, struct error *err);

/* Opens `count` sockets on one address, several with SO_REUSEPORT.  Port 0 takes a free one, the
 * same for all.  They do not block.  The caller owns the descriptors.  Fails with ERROR_CONFIG,
 * whose text names the setting. */
int listener_open(const char *setting, const char *address, int count, int *ret_descriptors,
                  int *ret_port, struct error *err);

#endif
