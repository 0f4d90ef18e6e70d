/* The identity service as a loop sees it: says what a token stands for, and remembers it.
 *
 * A token that many ask for at once is asked about once.  Our own token, by which we may ask, is
 * obtained and renewed on the way.  Where the service is away a circuit breaker says so at once.
 * What has been asked is answered within IDENTITY_TIMEOUT_MS and a tick.
 *
 * Source of the protocol: OpenStack Identity API v3.  200 describes the token, 404 says that there
 * is none (any more), 401 that ours is not valid.  Loop's thread only. */
#ifndef SERVER_HTTP_IDENTITY_SERVICE_H
#define SERVER_HTTP_IDENTITY_SERVICE_H

#include "auth/token.h"
#include "identity_settings.h"
#include "loop.h"

enum {
    IDENTITY_TIMEOUT_MS = 5000,
    IDENTITY_VALIDATIONS_MAX = 64, /* in flight; more are told that the service is away */
    IDENTITY_WAITERS_MAX = 1024,   /* of one validation; the same */
    IDENTITY_UNKNOWN_MS = 5000,    /* how long a token that is none is remembered, at most */
};

struct identity_service;

/* token is null where the service did not tell, and err then says why.  Valid for the call only. */
typedef void identity_done_fn(void *argument, const struct token *token, const struct error *err);

/* settings outlive it. */
struct identity_service *identity_service_new(struct loop *loop,
                                              const struct identity_settings *settings);
/* Fails what is waited for. */
void identity_service_free(struct identity_service *service);

/* What is remembered of the token with that digest, or null.  Valid until the next call. */
const struct token *identity_service_recall(struct identity_service *service,
                                            const unsigned char digest[DIGEST_LENGTH]);

/* Asks; done is called later, exactly once.  token is well-formed, and copied.  Fails at once with
 * ERROR_UNAVAILABLE. */
int identity_service_ask(struct identity_service *service, struct text token,
                         const unsigned char digest[DIGEST_LENGTH], identity_done_fn *done,
                         void *argument, struct error *err);

/* A few times a second: our own token, and time-outs. */
void identity_service_tick(struct identity_service *service);

#endif
