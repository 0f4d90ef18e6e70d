/* The console's log-in: a request without credentials that brings a password and gets a token. */
#ifndef SERVER_HTTP_LOGIN_H
#define SERVER_HTTP_LOGIN_H

#include "exchange_state.h"

/* Takes the exchange over.  On failure the caller answers; ERROR_UNKNOWN_PATH where there are no
 * log-ins here. */
int login_serve(struct exchange *exchange, struct error *err);

#endif
