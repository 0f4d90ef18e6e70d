/* What is said before the first command: who we are. */
#ifndef REDIS_HANDSHAKE_H
#define REDIS_HANDSHAKE_H

#include "redis/connection.h"

/* AUTH where there is a password, then the connection's name and the wish to leave the server's
 * memory of used keys alone, which a server may not know. */
int handshake_run(struct redis_connection *connection, const struct redis_target *target,
                  struct error *err);

#endif
