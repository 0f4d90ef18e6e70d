/* What only the handshake and a full synchronisation may ask of a connection. */
#ifndef REDIS_CONNECTION_INTERNAL_H
#define REDIS_CONNECTION_INTERNAL_H

#include <stddef.h>

#include "redis/connection.h"

/* Overwrites what was sent. */
void connection_cleanse(struct redis_connection *connection);

/* The server has taken CLIENT NO-TOUCH. */
void connection_set_no_touch(struct redis_connection *connection);

/* Nothing is to be sent, and no byte of a reply is held. */
bool connection_is_quiet(const struct redis_connection *connection);

int connection_reply_timeout_ms(const struct redis_connection *connection);

/* Reads past the parser of replies: 1 to `size` bytes, 0 where none came before the deadline
 * (monotonic ms), -1 where the connection is over or the interrupt says so.  What is queued is sent
 * before and meanwhile. */
ptrdiff_t connection_read(struct redis_connection *connection, char *ret_bytes, size_t size,
                          int64_t deadline, struct error *err);

/* Of the socket, in bytes; the system has limits of its own. */
void connection_set_receive_buffer(struct redis_connection *connection, int64_t bytes);

#endif
