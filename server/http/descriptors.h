/* How many connections the process may have descriptors for. */
#ifndef SERVER_HTTP_DESCRIPTORS_H
#define SERVER_HTTP_DESCRIPTORS_H

#include "base/config.h"

/* Raises the soft limit (RLIMIT_NOFILE) to the hard one, and takes off what `loops` event loops
 * need for themselves.  ret_connections is connections_max, or less where there is no room for as
 * many, which is logged.  Fails with ERROR_CONFIG where hardly any are left.  Before threads run.
 */
int descriptors_plan(const struct config *config, int loops, int64_t *ret_connections,
                     struct error *err);

#endif
