/* Where a connection string leads to, for those who must know without connecting. */
#ifndef PG_HOSTS_H
#define PG_HOSTS_H

#include "base/error.h"

enum { PG_DEFAULT_PORT = 5432 };

/* Calls take for every host that is reached over TCP, with its address where the string gives one
 * and its name otherwise, and its port; sockets of the file system are left out.  What the string
 * leaves open comes from libpq's environment, as it does for connections.  Fails with ERROR_CONFIG
 * where the string is none. */
int pg_hosts_list(const char *uri, void (*take)(void *argument, const char *host, int port),
                  void *argument, struct error *err);

#endif
