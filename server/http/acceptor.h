/* From a listening socket to a connection that h2o reads from: whom to let in, and TLS.
 *
 * Loop's thread only. */
#ifndef SERVER_HTTP_ACCEPTOR_H
#define SERVER_HTTP_ACCEPTOR_H

#include "loop.h"

/* Lets in at most that many of those that wait; those that are turned away do not count.  Out of
 * descriptors, the loop stops accepting until acceptor_tick. */
void acceptor_run(struct loop_listener *listener, int most);

/* Begins to accept, each time the listener is readable. */
void acceptor_start(struct loop_listener *listener);
/* Begins again where descriptors or memory were short, and says once in a while what was turned
 * away. */
void acceptor_tick(struct loop *loop);

/* Counts a connection that is not served to its end. */
void acceptor_note_turned_away(struct loop *loop, enum turned_away_reason reason);

#endif
