/* Requests by token: `X-Auth-Token`, whose word the identity service gives. */
#ifndef SERVER_HTTP_TOKEN_CREDENTIALS_H
#define SERVER_HTTP_TOKEN_CREDENTIALS_H

#include "exchange_state.h"

/* As credentials_check, for a request that has an X-Auth-Token and no Authorization. */
int token_credentials_check(struct exchange *exchange, struct error *err);

/* As credentials_judge; on failure now the caller tells. */
int token_credentials_judge(struct exchange *exchange, struct error *err);

#endif
