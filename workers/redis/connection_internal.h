/* What only the handshake may ask of a connection. */
#ifndef REDIS_CONNECTION_INTERNAL_H
#define REDIS_CONNECTION_INTERNAL_H

#include "redis/connection.h"

/* Overwrites what was sent. */
void connection_cleanse(struct redis_connection *connection);

/* The server has taken CLIENT NO-TOUCH. */
void connection_set_no_touch(struct redis_connection *connection);

#endif
