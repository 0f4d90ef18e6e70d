/* Lingering close: a client that is still sending when it is refused gets to read why.
 *
 * A socket that is closed with input unread resets the connection, and the reset may overtake the
 * answer. So the write side is shut, and what still comes is thrown away for a short while.  Loop's
 * thread only. */
#ifndef SERVER_HTTP_LINGER_H
#define SERVER_HTTP_LINGER_H

#include "loop.h"

/* Of one loop. */
enum { LINGERING_MAX = 256 };

/* Takes over a descriptor.  Past a bound of such connections it is closed at once. */
void linger(struct loop *loop, int descriptor);
/* Ends those whose time is over. */
void linger_tick(struct loop *loop);
/* Ends all. */
void linger_end(struct loop *loop);

#endif
