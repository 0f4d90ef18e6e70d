/* Who asks: finds out the identity behind a request's credentials, and goes on with it.
 *
 * An Authorization header goes before a token: X-Auth-Token is a header like any other then. */
#ifndef SERVER_HTTP_CREDENTIALS_H
#define SERVER_HTTP_CREDENTIALS_H

#include "exchange_state.h"

/* Proves the identity, at once or when an answer has come, and then calls exchange_continue; what
 * fails later is answered from here.  On failure now the caller answers. */
int credentials_check(struct exchange *exchange, struct error *err);

/* Looks once more at the credential of an exchange that was answered by a stream: whether there
 * still is one, and what it may do now.  Calls judged, maybe at once, unless the request is gone
 * by then. */
void credentials_judge(struct exchange *exchange, exchange_judged_fn *judged);

#endif
