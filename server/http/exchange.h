/* One request's life: framing, route, authentication, authorisation, bind, one statement, render.
 *
 * A statement is run again, three times in all, only where the server said that it was rolled back
 * (serialization failure, deadlock, a lost race).  Where the connection was lost, a write may have
 * been committed: it is answered with 503, and repeating it is the client's.  That is safe, and
 * finds what the first one did, for what carries a token (the request's signature where it is
 * signed, or its Idempotency-Key): creating a task, writing an autoscan configuration.  Deleting is
 * safe by nature; updates of the administration interface are by If-Match, and what it creates is
 * single by its name, which the second one is told (409).  Access keys are not: a lost answer
 * leaves one that nobody knows the secret of. */
#ifndef SERVER_HTTP_EXCHANGE_H
#define SERVER_HTTP_EXCHANGE_H

#include <h2o.h>

/* Registers the handler of all paths. */
void exchange_register(h2o_hostconf_t *host);

#endif
