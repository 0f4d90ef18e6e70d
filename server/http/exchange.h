/* One request's life: framing, route, authentication, authorisation, bind, one statement, render.
 */
#ifndef SERVER_HTTP_EXCHANGE_H
#define SERVER_HTTP_EXCHANGE_H

#include <h2o.h>

/* Registers the handler of all paths. */
void exchange_register(h2o_hostconf_t *host);

#endif
